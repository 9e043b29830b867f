"""The index of vectors in PostgreSQL itself: exact scans of small namespaces, graphs (HNSW) over large ones.

How a search chooses stands in the statements; here its measure, and what the driver's failures mean.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import numpy as np

from servers.memory.vectors.port import Near, Placed, Space, Vector, VectorsDownError
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId
from soma_common.postgres.failures import DRIVER_EXCEPTIONS
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/vectors.sql")
# Up to this many memories a scan's exactness is worth what it takes longer than the graph: see docs/decisions/0049.
MOST_SCANNED: Final = 5_000


class PgvectorIndex:
    """The vectors of one space in the table `memory_vectors`."""

    def __init__(self, database: Database, space: Space, most_scanned: int = MOST_SCANNED) -> None:
        self._database = database
        self._space = space
        self._most_scanned = most_scanned

    @property
    def space(self) -> Space:
        """Whose vectors these are."""
        return self._space

    @property
    def identity(self) -> str:
        """There is one in a database, and what empties it empties the memories too."""
        return f"pgvector/{self._space.version}"

    async def put(self, tenant_id: TenantId, rows: Sequence[Placed]) -> None:
        """Hold these, where their memories still are."""
        ids, namespaces = [row.memory_id for row in rows], [row.namespace for row in rows]
        await self._ask(_SQL.put, tenant_id, ids, namespaces, [text_of(row.vector) for row in rows])

    async def remove(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> None:
        """Hold these no longer."""
        await self._ask(_SQL.remove, tenant_id, list(memory_ids))

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        """The nearest, exactly or by the graph."""
        values = (list(namespaces), text_of(vector), limit, self._most_scanned)
        rows = await self._ask(_SQL.search, tenant_id, *values)
        return [Near(row["memory_id"], row["cosine"]) for row in rows]

    async def page(self, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Placed]:
        """What is held, in the order of the ids."""
        rows = await self._ask(_SQL.page, tenant_id, after, limit)
        return [Placed(row["memory_id"], row["namespace"], _vector_of(row["embedding"])) for row in rows]

    async def held(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        """Which of these are held."""
        return {row["memory_id"] for row in await self._ask(_SQL.held, tenant_id, list(memory_ids))}

    async def drop(self, tenant_id: TenantId) -> None:
        """Hold nothing of the tenant any more."""
        await self._ask(_SQL.drop, tenant_id)

    async def ping(self) -> None:
        """Search for nobody."""
        unit = np.zeros(self._space.dimensions, dtype=np.float32)
        unit[0] = 1.0
        await self.search(SYSTEM_TENANT, ("shared",), unit, 1)

    async def _ask(self, statement: str, tenant_id: TenantId, *values: object) -> list[Any]:
        async with _translated():
            return await self._database.tenant_read(tenant_id, statement, self._space.version, *values)


class PgvectorIndexes:
    """The indexes of this database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, space: Space) -> PgvectorIndex:
        """The index of a space; its graph is made where there is none."""
        async with _translated(), self._database.transaction(SYSTEM_TENANT) as connection:
            await connection.execute(_SQL.open_space, space.version, space.dimensions)
        return PgvectorIndex(self._database, space)

    async def close(self) -> None:
        """The database is closed by whoever opened it."""


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (*DRIVER_EXCEPTIONS, SomaError) as problem:
        raise VectorsDownError("the index of vectors in PostgreSQL does not answer") from problem


def text_of(vector: Vector) -> str:
    """A vector as pgvector reads it, without loss."""
    return "[" + ",".join(f"{number:.9g}" for number in vector.tolist()) + "]"


def _vector_of(text: str) -> Vector:
    return np.fromstring(text[1:-1], dtype=np.float32, sep=",")
