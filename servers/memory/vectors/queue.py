"""What waits for the index of vectors, and the texts and vectors that PostgreSQL holds, as statements.

When and in which order they run is decided in `following.py` and `rebuilding.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np

from servers.memory.vectors.port import Vector
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/following.sql")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A memory that waits, as it was leased."""

    tenant_id: TenantId
    memory_id: UUID
    number: int
    attempts: int


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """What is embedded of a memory, and the vector that a model gave for it before."""

    memory_id: UUID
    namespace: str
    text: str
    vector: Vector | None


class IndexQueue:
    """The queue of the whole house and the texts of its tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lease(self, version: str, limit: int, seconds: float) -> list[Waiting]:
        """Memories that wait for this space, which nobody else gets before the lease is over."""
        rows = await self._database.worker_statement(_SQL.lease, version, limit, seconds)
        return [Waiting(TenantId(row[0]), row[1], row[2], row[3]) for row in rows]

    async def texts(self, tenant_id: TenantId, memory_ids: Sequence[UUID], version: str) -> list[Text]:
        """Those of the memories that are there."""
        rows = await self._database.tenant_read(tenant_id, _SQL.texts, list(memory_ids), version)
        return [_text(row) for row in rows]

    async def page_of_texts(self, tenant_id: TenantId, after: UUID | None, version: str, limit: int) -> list[Text]:
        """The memories of a tenant in the order of their ids, from behind `after` on."""
        rows = await self._database.tenant_read(tenant_id, _SQL.page_of_texts, after, version, limit)
        return [_text(row) for row in rows]

    async def keep_embeddings(self, tenant_id: TenantId, version: str, embedded: Sequence[tuple[Text, Vector]]) -> None:
        """Keep what a model gave for these texts."""
        await self._database.tenant_read(
            tenant_id,
            _SQL.keep_embeddings,
            version,
            [text.memory_id for text, _ in embedded],
            [text.text for text, _ in embedded],
            [vector.astype("<f4").tobytes() for _, vector in embedded],
        )

    async def finish(self, done: Sequence[Waiting], next_version: str) -> None:
        """The index has them: they wait for the next space, or, where that is empty, for nothing any more.

        One that was changed meanwhile begins anew.
        """
        ids = [it.tenant_id for it in done], [it.memory_id for it in done]
        await self._database.worker_statement(_SQL.finish, *ids, [it.number for it in done], next_version)

    async def give_back(self, waiting: Sequence[Waiting], seconds: Sequence[float]) -> None:
        """They could not be done: they wait so long for the next try."""
        ids = [it.tenant_id for it in waiting], [it.memory_id for it in waiting]
        await self._database.worker_statement(_SQL.give_back, *ids, list(seconds))

    async def behind(self) -> tuple[int, float]:
        """How many wait, counted up to 100,000, and for how many seconds the first of them."""
        (row,) = await self._database.worker_statement(_SQL.behind)
        return int(row["waiting"]), float(row["seconds"])

    async def fill(self, identity: str, version: str, limit: int) -> None:
        """Queue so many of the memories that an index of this identity may lack; nothing for one that was filled."""
        await self._database.worker_statement(_SQL.know_index, identity, version)
        (row,) = await self._database.worker_statement(_SQL.look_at_index, identity)
        if not row["queued"]:
            await self._database.worker_statement(_SQL.queue_for_new_index, identity, limit)

    async def is_whole(self, identity: str) -> bool:
        """Whether the index has all that was there when it was made."""
        rows = await self._database.worker_statement(_SQL.look_at_index, identity)
        return bool(rows and rows[0]["whole"])

    async def queue(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> None:
        """Let the index look at these memories again, whether they are there or not."""
        if memory_ids:
            await self._database.tenant_read(tenant_id, _SQL.queue, list(memory_ids))

    async def waiting(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        """Which of these the index does not have yet as they are."""
        rows = await self._database.tenant_read(tenant_id, _SQL.waiting, list(memory_ids))
        return {row["memory_id"] for row in rows}

    async def waiting_gone(self, tenant_id: TenantId) -> set[UUID]:
        """The memories of a tenant that are gone, and which the index may still hold."""
        rows = await self._database.tenant_read(tenant_id, _SQL.waiting_gone)
        return {row["memory_id"] for row in rows}

    async def known(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        """Which of these are memories of the tenant."""
        rows = await self._database.tenant_read(tenant_id, _SQL.known, list(memory_ids))
        return {row["memory_id"] for row in rows}

    async def count_memories(self, tenant_id: TenantId) -> int:
        """How many memories the tenant has."""
        return int((await self._database.tenant_read(tenant_id, _SQL.count_memories))[0][0])


def _text(row: Any) -> Text:
    vector = np.frombuffer(row["vector"], dtype="<f4") if row["vector"] is not None else None
    return Text(row["memory_id"], row["namespace"], row["text"], vector)
