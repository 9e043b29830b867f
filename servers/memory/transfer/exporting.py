"""The use case of export: memories, then links, page by page, as they were at the beginning.

Who does not take a page for 15 seconds ends the transaction and with it the export, which is then not whole.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from servers.memory.domain.graph import Link
from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_use, own_namespace
from servers.memory.storing.rows import memory_of_row
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/transfer.sql")
PAGE: Final = 200
# Each holds a connection for as long as it lasts.
_AT_ONCE: Final = 2


class Exporter:
    """Exports what a caller may read."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def export(
        self, caller: Caller, namespaces: tuple[str, ...], with_retired: bool
    ) -> AsyncGenerator[Memory | Link, None]:
        """Each memory in the order of ids, then each link between two of them; no namespaces mean all."""
        async with self._room, self._database.transaction(caller.tenant_id) as connection:
            places = await readable_places(connection, caller, namespaces)
            # A cursor sees what was there when it was opened, however long it is read.
            memories = await connection.cursor(_SQL.exported, caller.tenant_id, places, self._clock.now(), with_retired)
            links = await connection.cursor(_SQL.exported_links, caller.tenant_id, places)
            told = set[UUID]()
            while rows := await memories.fetch(PAGE):
                for row in rows:
                    told.add(row["memory_id"])
                    yield memory_of_row(row)
            while rows := await links.fetch(PAGE):
                for row in rows:
                    if row["source_id"] in told and row["target_id"] in told:
                        yield Link(*row)


async def readable_places(connection: Connection, caller: Caller, wanted: tuple[str, ...]) -> list[str]:
    """The namespaces that are wanted and allowed; all that the caller may read where none is named."""
    if wanted:
        return sorted({name for name in wanted if may_use(caller, name)})
    own = None if caller.sees_all else own_namespace(caller)
    return sorted(row["namespace"] for row in await connection.fetch(_SQL.readable, caller.tenant_id, own))
