"""The use case of counting: how much is remembered, by namespace, and how much of today's limit is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from servers.memory.storing.intake import Limits
from servers.memory.transfer.exporting import readable_places
from servers.memory.vectors.opening import Vectors
from servers.memory.vectors.port import VectorsDownError
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/transfer.sql")


@dataclass(frozen=True, slots=True)
class IndexStanding:
    """The index of vectors by name, the version of the embedder that answers now, and whether the index does."""

    name: str
    embedding_version: str
    is_up: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures by namespace, in alphabetical order, and of the tenant."""

    namespaces: Sequence[Mapping[str, Any]]
    stored_today: int
    daily_limit: int
    index: IndexStanding


class Counter:
    """Counts memories."""

    def __init__(self, database: Database, limits: Limits, vectors: Vectors, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._vectors = vectors
        self._clock = clock

    async def count(self, caller: Caller, namespaces: tuple[str, ...]) -> Stats:
        """The figures of what the caller may read."""
        now = self._clock.now()
        async with self._database.transaction(caller.tenant_id) as connection:
            places = await readable_places(connection, caller, namespaces)
            rows = await connection.fetch(_SQL.stats, caller.tenant_id, places, now)
            today = await connection.fetchval(_SQL.stored_on, caller.tenant_id, now.date())
        figures = [dict(row) for row in rows]
        return Stats(figures, int(today), self._limits.daily_writes, await self._standing())

    async def _standing(self) -> IndexStanding:
        version, is_up = self._vectors.spaces.serving().space.version, True
        try:
            await self._vectors.follower.check()
        except VectorsDownError:
            is_up = False
        return IndexStanding(self._vectors.name, version, is_up)
