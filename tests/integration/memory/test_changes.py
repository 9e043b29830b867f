"""The log of changes: whatever changes a memory is told once, in order, to its own tenant, and cheaply."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

NAMESPACE: Final = "user:reader"
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
STORE: Final = """
insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject, speaker, source_class,
    source_id, trust, importance, tags, token_count, term_count, learn_time, valid_from, embedding_version)
select $1, gen_random_uuid(), $2, 'reader', 1, 'text ' || number, sha256(($2 || number)::bytea), '', '', 1, '', 1, 0.5,
    '{}', 1, 2, $5, $5, ''
from generate_series($3::integer, $4::integer) as number
returning memory_id
"""
# A column with a value that it did not have.
OTHER_VALUES: Final = {
    "uuid": "gen_random_uuid()",
    "text": "'other'",
    "int2": "2",
    "int4": "7",
    "bytea": "sha256('other')",
    "jsonb": "'{\"other\": 1}'",
    "float8": "0.25",
    "_text": "'{other}'",
    "_uuid": "array[gen_random_uuid()]",
    "timestamptz": "'2026-04-01 00:00:00+00'",
    "bool": "true",
}
SPECIAL: Final = {
    "namespace": "namespace = 'user:elsewhere'",
    "retire_time": "retire_time = '2026-04-01', retire_reason = 2",
    "retire_reason": "retire_time = '2026-04-01', retire_reason = 3",
}


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("memory", "servers.memory"))


async def store(database: Database, first: int, last: int, namespace: str = NAMESPACE) -> list[UUID]:
    async def work(connection: Connection) -> list[UUID]:
        return [row[0] for row in await connection.fetch(STORE, TENANT, namespace, first, last, NOW)]

    return await database.run(TENANT, work)


async def run(database: Database, statement: str, *values: object, tenant: TenantId = TENANT) -> list[Any]:
    async def work(connection: Connection) -> list[Any]:
        return list(await connection.fetch(statement, *values))

    return await database.run(tenant, work)


async def changes(
    database: Database, known: int, namespace: str = NAMESPACE, tenant: TenantId = TENANT
) -> tuple[Any, list[Any]]:
    """The head of what changed in a namespace, and its memories."""
    statement = "select * from read_changes($1, $2, $3, 1, 400)"
    head, *rows = await database.tenant_read(tenant, statement, [namespace], [known])
    return head, rows


async def test_a_statement_takes_one_number_of_each_namespace_however_many_it_stores(database: Database) -> None:
    ids = await store(database, 1, 500)
    head, rows = await changes(database, -1)
    assert (head["fresh"], head["more"], len(rows)) == (True, True, 400)
    logged = await run(database, "select change_seq, count(*) from memory_changes group by change_seq")
    assert [tuple(row) for row in logged] == [(head["seq"], 500)]
    assert {row["memory_id"] for row in rows} <= set(ids)


async def test_what_changed_since_is_told_and_no_more(database: Database) -> None:
    ids = await store(database, 1, 300)
    known = (await changes(database, -1))[0]["seq"]
    await run(database, "update memories set importance = 0.9 where memory_id = any($1::uuid[])", ids[:2])
    await run(database, "delete from memories where memory_id = $1", ids[2])
    (added,) = await store(database, 301, 301)
    head, rows = await changes(database, known)
    assert not head["fresh"]
    assert not head["more"]
    told = {row["memory_id"]: row["importance"] for row in rows}
    assert told == {ids[0]: 0.9, ids[1]: 0.9, ids[2]: None, added: 0.5}
    again, none = await changes(database, head["seq"])
    assert (again["seq"], again["fresh"], none) == (head["seq"], False, [])


async def test_every_column_but_the_counts_of_recalls_is_told(database: Database) -> None:
    (memory_id,) = await store(database, 1, 1)
    columns = await run(
        database,
        "select column_name, udt_name from information_schema.columns where table_name = 'memories' and "
        "table_schema = 'memory' and column_name not in ('tenant_id', 'memory_id')",
    )
    assert len(columns) > 30
    untold = set()
    for column, kind in map(tuple, columns):
        known = (await changes(database, -1, await namespace_of(database, memory_id)))[0]["seq"]
        change = SPECIAL.get(column, f"{column} = {OTHER_VALUES[kind]}")
        await run(database, f"update memories set {change} where memory_id = $1", memory_id)
        _, rows = await changes(database, known, await namespace_of(database, memory_id))
        untold |= set() if rows else {column}
    assert untold == {"access_count", "access_time"}


async def namespace_of(database: Database, memory_id: UUID) -> str:
    (row,) = await run(database, "select namespace from memories where memory_id = $1", memory_id)
    return str(row[0])


async def test_what_commits_later_has_a_later_number(database: Database) -> None:
    await store(database, 1, 1)
    known = (await changes(database, -1))[0]["seq"]
    async with database.transaction(TENANT) as connection:
        await connection.fetch(STORE, TENANT, NAMESPACE, 2, 2, NOW)
        waiting = asyncio.create_task(store(database, 3, 3))

        async def waits() -> bool:
            blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            return bool((await run(database, blocked))[0][0])

        await eventually(waits)
        assert (await changes(database, known))[0]["seq"] == known
    await waiting
    head, rows = await changes(database, known)
    assert len(rows) == 2
    assert head["seq"] > known


async def test_another_tenant_reads_nothing(database: Database) -> None:
    await store(database, 1, 3)
    head, rows = await changes(database, -1, tenant=OTHER_TENANT)
    assert (head["seq"], head["memories"], rows) == (0, 0, [])
    assert await run(database, "select * from memory_changes", tenant=OTHER_TENANT) == []


async def test_a_log_that_is_long_loses_its_older_half(database: Database) -> None:
    (memory_id,) = await store(database, 1, 1)
    known = (await changes(database, -1))[0]["seq"]
    note = """
    select note_changes(array_fill($1::uuid, array[10000]), array_fill($2::text, array[10000]),
        array_agg(gen_random_uuid())) from generate_series(1, 10000)
    """
    await run(database, note, TENANT, NAMESPACE)
    assert not (await changes(database, known))[0]["fresh"]
    await run(database, note, TENANT, NAMESPACE)
    assert [tuple(row) for row in await run(database, "select count(*) from memory_changes")] == [(10_000,)]
    head, rows = await changes(database, known)
    assert head["fresh"]
    assert [row["memory_id"] for row in rows] == [memory_id]


async def test_an_entry_goes_with_the_text_it_tells_of(database: Database) -> None:
    (memory_id,) = await store(database, 1, 1)
    put = "insert into memory_entries (tenant_id, memory_id, namespace, entry) values ($1, $2, $3, '\\x01')"
    await run(database, put, TENANT, memory_id, NAMESPACE)
    await run(database, "update memories set importance = 0.9")
    assert len(await run(database, "select * from memory_entries")) == 1
    await run(database, "update memories set text = 'another'")
    assert await run(database, "select * from memory_entries") == []


async def test_following_reads_what_changed_also_where_a_young_table_tells_the_planner_nothing(
    database: Database,
) -> None:
    for _ in range(8):
        await changes(database, -1)
    ids = await store(database, 1, 2_000)
    known = (await changes(database, -1))[0]["seq"]
    await run(database, "update memories set importance = 0.9 where memory_id = $1", ids[0])
    read = """
    select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows from pg_stat_xact_user_tables
    where relname in ('memories', 'memory_changes', 'memory_entries')
    """

    async def work(connection: Connection) -> dict[str, int]:
        before = {row["relname"]: row["rows"] for row in await connection.fetch(read)}
        rows = await connection.fetch("select * from read_changes($1, $2, $3, 1, 400)", TENANT, [NAMESPACE], [known])
        assert len(rows) == 2
        return {row["relname"]: row["rows"] - before[row["relname"]] for row in await connection.fetch(read)}

    counted = await database.run(TENANT, work)
    assert all(rows <= 10 for rows in counted.values()), counted
