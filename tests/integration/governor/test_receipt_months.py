"""Receipts by month: moved, found by either id, one for a turn, listed by an index, gone when their time is over.

`SOMA_TEST_RECEIPTS=100000` for a list out of a hundred thousand.
"""

import json
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest

import servers.governor
from servers.governor.decoding.configuration import retention_days
from servers.governor.receipts.keeping import ReceiptKeeping
from servers.governor.receipts.store import ReceiptStore, Wanted
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.migrate import migrate
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import OTHER_TENANT, TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from soma_common.testing.sizes import size

NOW: Final = datetime(2027, 3, 15, 12, tzinfo=UTC)
_INSERT: Final = """
insert into receipts (
    receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, plan,
    response, plan_time
) values ($1, $2, $3, $4, 'm', '{1,1,1,1,1,1}', 1, 1, $5, '', $6)
"""
_MANY: Final = """
insert into receipts (
    receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, plan,
    response, plan_time, level
)
select uuid7_at(p.moment, n), $1, uuid7_at(p.moment, n), 'user ' || n % 50, 'm', '{1,1,1,1,1,1}', 1, 1, p.filler,
    p.filler, p.moment, 1
from generate_series(1, $2) as n
cross join lateral (
    select $3::timestamptz - n * interval '2 minutes' as moment, convert_to(repeat(md5(n::text), 40), 'UTF8') as filler
) as p
"""
_AT: Final = """
create function uuid7_at(p_time timestamptz, p_number integer) returns uuid language sql immutable as $$
    select (left(uuid7_floor(p_time)::text, 14) || '7000-8000-' || lpad(to_hex(p_number), 12, '0'))::uuid
$$
"""


_PARTS: Final = "select inhrelid::regclass::text from pg_inherits where inhparent = 'receipts'::regclass"
_PAGES: Final = f"select sum(pg_relation_size(name::regclass)) / 8192 from ({_PARTS}) as p (name)"
_LISTED: Final = """
explain (analyze, buffers, format json)
select * from list_receipts($1, $2, null, null, '', 0, null, null, null, null, 51)
"""
_SPREAD: Final = "select tableoid::regclass::text as name, count(*) from receipts group by 1 order by 1"


_BUDGET: Final = "insert into budgets (tenant_id, period, window_start) values ($1, 'day', now())"
_CONFIGURATION: Final = """
insert into configurations (tenant_id, version, config, changed_by, comment, create_time, changed_fields)
values ($1, 1, $2, 'ada', '', $3, '{}')
"""


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("governor", "servers.governor")


@pytest.fixture
async def owner(urls: HouseDatabase, postgres_server: TestServer) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who sees everything."""
    name = urls.app_dsn.partition("?")[0].rpartition("/")[2]
    connection = await asyncpg.connect(postgres_server.address(name), server_settings={"search_path": "governor"})
    yield connection
    await connection.close()


@pytest.fixture
async def database(urls: HouseDatabase, open_database: OpenDatabase) -> Database:
    return await open_database(urls)


def id_at(moment: datetime) -> UUID:
    """A UUIDv7 of this moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | Ids().uuid7().int & (1 << 62) - 1)


def first_half(turn_id: UUID, **fields: Any) -> bytes:
    fields.setdefault("level", level_pb.DEGRADATION_LEVEL_L1)
    receipt = receipt_pb.Receipt(receipt_id=str(uuid4()), turn_id=str(turn_id), **fields)
    receipt.lanes_planned.history = 70_000
    receipt.plan_version = 300
    receipt.aiq_predicted.value = 71.5
    return receipt.SerializeToString(deterministic=True)


async def put(connection: Any, turn_id: UUID, moment: datetime, tenant: TenantId = TENANT, **fields: Any) -> UUID:
    """A receipt as the release before writes it."""
    receipt_id = id_at(moment)
    await connection.execute(_INSERT, receipt_id, tenant, turn_id, "ada", first_half(turn_id, **fields), moment)
    return receipt_id


async def months(connection: asyncpg.Connection) -> dict[str, int]:
    """The partitions that hold something, with how much."""
    rows = await connection.fetch(
        "select tableoid::regclass::text as name, count(*) from receipts group by 1 order by 1"
    )
    return {row["name"]: row["count"] for row in rows}


async def test_receipts_move_into_their_months_with_what_lists_are_filtered_by(
    postgres_server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "governor_before"
    shutil.copytree(Path(servers.governor.__file__).parent / "sql" / "migrations", package / "sql" / "migrations")
    for file in (package / "sql" / "migrations").glob("*.sql"):
        if file.name[:4] > "0005":
            file.unlink()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    urls = await postgres_server.make("governor", "governor_before")
    name = urls.app_dsn.partition("?")[0].rpartition("/")[2]
    owner = await asyncpg.connect(postgres_server.address(name), server_settings={"search_path": "governor"})
    try:
        now = datetime.now(UTC)
        conversation, agent, odd = uuid4(), uuid4(), uuid4()
        old = id_at(now - timedelta(days=70))
        await put(owner, old, now - timedelta(days=70), conversation_id=str(conversation), agent_id=str(agent))
        fresh = id_at(now)
        await put(owner, fresh, now, OTHER_TENANT, level=level_pb.DEGRADATION_LEVEL_L0)
        await put(owner, odd, now)
        assert urls.owner_dsn is not None
        await migrate(urls.owner_dsn, "governor", "servers.governor")
        rows = {row["turn_id"]: row for row in await owner.fetch("select * from receipts")}
        assert rows.keys() == {old, fresh, odd}
        assert (rows[old]["conversation_id"], rows[old]["agent_id"], rows[old]["level"]) == (conversation, agent, 2)
        assert (rows[fresh]["conversation_id"], rows[fresh]["tenant_id"], rows[fresh]["level"]) == (
            None,
            OTHER_TENANT,
            1,
        )
        places = [f"receipts_{moment:%Y%m}" for moment in (now - timedelta(days=70), now)]
        found = await months(owner)
        assert {name: found[name] for name in places} == dict.fromkeys(places, 1)
        assert set(found) - set(places) <= {"receipts_rest"}
    finally:
        await owner.close()
        sys.modules.pop("governor_before", None)
        await postgres_server.drop(urls)


async def test_a_turn_has_one_receipt_and_is_found_by_either_id(database: Database, owner: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    store = ReceiptStore(database)
    for turn_id, planned in (
        (id_at(now), now),
        # it waited for weeks; it begins far ahead; its id says nothing of time
        (id_at(now - timedelta(days=33)), now),
        (id_at(now + timedelta(days=400)), now),
        (uuid4(), now),
    ):
        receipt_id = await put(owner, turn_id, planned)
        by_turn, by_id = await store.find(TENANT, turn_id), await store.find(TENANT, receipt_id)
        assert by_turn == by_id
        assert by_turn is not None
        assert (receipt_pb.Receipt.FromString(by_turn[0]).turn_id, by_turn[1]) == (str(turn_id), "ada")
        assert await store.find(OTHER_TENANT, receipt_id) is None
        with pytest.raises(asyncpg.UniqueViolationError):
            await put(owner, turn_id, planned)
    assert await store.find(TENANT, uuid4()) is None
    assert await store.find(TENANT, id_at(now)) is None


async def test_looking_for_a_turn_reads_its_month_alone(owner: asyncpg.Connection) -> None:
    await owner.execute("set plan_cache_mode = force_generic_plan")
    await owner.execute("prepare look (uuid, uuid) as select plan from receipts where tenant_id = $1 and turn_id = $2")
    turn_id = id_at(datetime.now(UTC))
    rows = await owner.fetch(f"explain (costs off) execute look ('{TENANT}', '{turn_id}')")
    text = "\n".join(row[0] for row in rows)
    scans = [line for line in text.splitlines() if "Scan" in line]
    assert len(scans) == 1, text
    assert f"receipts_{datetime.now(UTC):%Y%m}" in text


async def test_a_page_is_read_by_an_index(database: Database, owner: asyncpg.Connection) -> None:
    await owner.execute(_AT)
    now = datetime.now(UTC)
    await owner.execute(_MANY, TENANT, size("SOMA_TEST_RECEIPTS", 4_000), now)
    await owner.execute("analyze receipts")
    store = ReceiptStore(database)
    everybody, one = await store.list(TENANT, Wanted(), None, 51), await store.list(TENANT, Wanted("user 7"), None, 51)
    assert [row.place.plan_time for row in everybody] == [
        now - number * timedelta(minutes=2) for number in range(1, 52)
    ]
    assert len(one) == 51
    pages = await owner.fetchval(_PAGES)
    for owner_sub in (None, "user 7"):
        # The first time reads the catalogue too.
        await owner.fetchval(_LISTED, TENANT, owner_sub)
        root = json.loads(await owner.fetchval(_LISTED, TENANT, owner_sub))[0]["Plan"]
        read = int(root["Shared Hit Blocks"] + root["Shared Read Blocks"])
        assert read < pages / 4, f"{read} of {pages} pages were read"


async def test_months_are_made_ahead_and_dropped_when_nobody_keeps_them(
    database: Database, owner: asyncpg.Connection
) -> None:
    clock = SetClock(NOW)
    keeping = ReceiptKeeping(database, clock, retention_days)
    await keeping.keep()
    await keeping.keep()
    made = {
        row[0]
        for row in await owner.fetch(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'receipts'::regclass"
        )
    }
    assert {"receipts_202703", "receipts_202704", "receipts_202705"} <= made
    turn_id, odd = id_at(NOW), uuid4()
    await put(owner, turn_id, NOW)
    await put(owner, odd, NOW)
    assert (await months(owner)).get("receipts_202703") == 1
    clock.advance(timedelta(days=399).total_seconds())
    await keeping.keep()
    assert await owner.fetchval("select count(*) from receipts") == 2
    clock.advance(timedelta(days=62).total_seconds())
    await keeping.keep()
    assert await owner.fetchval("select count(*) from receipts") == 0
    assert await owner.fetchval("select to_regclass('receipts_202703')") is None
    assert await owner.fetchval("select relforcerowsecurity from pg_class where relname = 'receipts_202806'")


async def test_a_tenant_that_keeps_less_loses_its_own_receipts_alone(
    database: Database, owner: asyncpg.Connection
) -> None:
    clock = SetClock(NOW)
    keeping = ReceiptKeeping(database, clock, retention_days)
    for tenant, days in ((TENANT, 30), (OTHER_TENANT, 500)):
        await owner.execute(_BUDGET, tenant)
        config = config_pb.GovernorConfig(receipt_retention_days=days).SerializeToString()
        await owner.execute(_CONFIGURATION, tenant, config, NOW)
    usual = TenantId(uuid4())
    await owner.execute(_BUDGET, usual)
    for tenant in (TENANT, OTHER_TENANT, usual):
        await put(owner, id_at(NOW), NOW, tenant)
    left = []
    for days in (29, 31, 399, 401, 499, 560):
        clock.set(NOW + timedelta(days=days))
        await keeping.keep()
        left.append({row[0] for row in await owner.fetch("select tenant_id from receipts")})
    every = {TENANT, OTHER_TENANT, usual}
    assert left == [every, every - {TENANT}, every - {TENANT}, {OTHER_TENANT}, {OTHER_TENANT}, set()]
