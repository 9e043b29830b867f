"""Whatever can hold a name or a word is known to an eraser.

A new table, or a new column, is red until somebody says what it holds.
"""

from pathlib import Path
from uuid import uuid4

import pytest

from soma.common.v1 import erasure_pb2 as line_pb
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.operations.erasing import Erasing
from soma_common.operations.subjects import Subject, pseudonym
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from tests.integration.erasure.stores import ERASERS, OWN, tables_of

# Types that hold no words: numbers, times, ids, vectors.
TELLING = """
select c.relname as "table", a.attname as "column" from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and format_type(a.atttypid, null) in (
        'text', 'text[]', 'character varying', 'jsonb', 'json', 'bytea', 'bytea[]', 'xml', '"char"', 'name'
    )
"""
TABLES = """
select c.relname as "table" from pg_class c
where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
"""
# What cannot go at once, of nobody either.
RESTING = {"backups", "shelves of recall"}
# How far the migrations are.
NOBODYS = frozenset(("relay_shards", "schema_migrations", "saga_fences"))


@pytest.mark.parametrize("house", OWN)
async def test_every_column_that_can_tell_of_a_person_is_known_to_an_eraser(
    house: str, house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    database = await open_database(house_database(house, f"servers.{house}"))
    async with database.worker() as connection:
        found = {(row["table"], row["column"]) for row in await connection.fetch(TELLING)}
        tables = {row["table"] for row in await connection.fetch(TABLES)}
    known = tables_of(house)
    told = {(name, column) for name, table in known.items() for column in table.columns}
    unknown = sorted({it for it in found if it[0] not in NOBODYS} - told)
    assert unknown == [], f"say what these hold: {unknown}"
    missing = sorted(told - found)
    assert missing == [], f"these are not there: {missing}"
    assert sorted(tables - known.keys() - NOBODYS) == [], "no store has these tables"


@pytest.mark.parametrize("house", OWN)
async def test_a_house_may_do_all_that_erasing_takes(
    house: str, postgres_server: TestServer, house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    """With the rights of its own role, twice, and says of an unknown person that nothing was there."""
    database = await open_database(house_database(house, f"servers.{house}"))
    bus = house_database("bus", "soma_common.events")
    relay = await open_database(postgres_server.as_relay(bus))
    transport = PostgresTransport(relay, await open_database(bus), Clock(), Ids())
    erasing = Erasing(house, ERASERS[house](database, transport))
    subject = Subject(TENANT, uuid4(), "nobody", pseudonym())
    for _ in range(2):
        lines = await erasing.erase(subject)
        assert {line.store for line in lines if line.state != line_pb.ERASURE_STATE_DONE} <= RESTING
        assert sum(line.erased_count for line in lines) == 0
        assert len(erasing.stores) == len(set(erasing.stores)) == len(lines)


def test_the_decision_lists_every_store() -> None:
    [page] = Path("docs/decisions").glob("0051-*.md")
    text = page.read_text("utf-8")
    for house in OWN:
        for name in tables_of(house):
            assert f"`{name}`" in text, f"{page.name} does not name {house}'s {name}"
