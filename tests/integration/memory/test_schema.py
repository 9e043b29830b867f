"""The tables of the memory service: what a deletion looks up is found by an index."""

import pytest

from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

UNINDEXED = """
select c.conrelid::regclass::text from pg_constraint c
where c.contype = 'f' and c.conparentid = 0 and c.connamespace = 'memory'::regnamespace
  and not exists (
    select from pg_index i
    where i.indrelid = c.conrelid
      and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
  )
"""


async def test_every_reference_to_a_memory_is_found_by_an_index(
    house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    database = await open_database(house_database("memory", "servers.memory"))

    async def look(connection: Connection) -> list[str]:
        return [row[0] for row in await connection.fetch(UNINDEXED)]

    assert await database.run(TENANT, look) == []
