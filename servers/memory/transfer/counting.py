"""The use case of counting: how much is remembered, by namespace, and how much of today's limit is used."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from servers.memory.storing.intake import Limits
from servers.memory.transfer.exporting import readable_places
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/transfer.sql")


@dataclass(frozen=True, slots=True)
class IndexStanding:
    """The index of vectors by name, the embedder's version, and how to ask whether it answers."""

    name: str
    embedding_version: str
    answers: Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures by namespace, in alphabetical order, and of the tenant."""

    namespaces: Sequence[Mapping[str, Any]]
    stored_today: int
    daily_limit: int
    index: IndexStanding
    index_up: bool


class Counter:
    """Counts memories."""

    def __init__(self, database: Database, limits: Limits, index: IndexStanding, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._index = index
        self._clock = clock

    async def count(self, caller: Caller, namespaces: tuple[str, ...]) -> Stats:
        """The figures of what the caller may read."""
        now = self._clock.now()
        async with self._database.transaction(caller.tenant_id) as connection:
            places = await readable_places(connection, caller, namespaces)
            rows = await connection.fetch(_SQL.stats, caller.tenant_id, places, now)
            today = await connection.fetchval(_SQL.stored_on, caller.tenant_id, now.date())
        figures = [dict(row) for row in rows]
        return Stats(figures, int(today), self._limits.daily_writes, self._index, await self._index.answers())
