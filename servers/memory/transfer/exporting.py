"""The use case of export: memories, then links, page by page out of one snapshot.

Who does not take a page for 15 seconds ends the snapshot and with it the export, which is then not whole.
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
            await connection.execute(_SQL.hold_snapshot)
            places = await readable_places(connection, caller, namespaces)
            told = set[UUID]()
            last: UUID | None = None
            while True:
                values = (caller.tenant_id, places, last, self._clock.now(), with_retired, PAGE)
                rows = await connection.fetch(_SQL.page, *values)
                for row in rows:
                    last = row["memory_id"]
                    told.add(last)
                    yield memory_of_row(row)
                if len(rows) < PAGE:
                    break
            async for link in _links(connection, caller, places):
                if link.source_id in told and link.target_id in told:
                    yield link


async def readable_places(connection: Connection, caller: Caller, wanted: tuple[str, ...]) -> list[str]:
    """The namespaces that are wanted and allowed; all that the caller may read where none is named."""
    if wanted:
        return sorted({name for name in wanted if may_use(caller, name)})
    own = None if caller.sees_all else own_namespace(caller)
    return sorted(row["namespace"] for row in await connection.fetch(_SQL.readable, caller.tenant_id, own))


async def _links(connection: Connection, caller: Caller, places: list[str]) -> AsyncGenerator[Link, None]:
    behind: tuple[UUID | None, UUID | None, str] = (None, None, "")
    while True:
        rows = await connection.fetch(_SQL.links_page, caller.tenant_id, places, *behind, PAGE)
        for row in rows:
            yield Link(*row)
        if len(rows) < PAGE:
            return
        behind = (rows[-1]["source_id"], rows[-1]["target_id"], rows[-1]["type"])
