"""Compares the index of vectors with PostgreSQL, both ways and page by page, and lets the follower repair what differs.

Nothing is written past the follower, so that no two ever write a memory in the wrong order.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np

from servers.memory.embedders.port import MOST_TEXTS
from servers.memory.vectors.following import IndexFollower
from servers.memory.vectors.port import Placed, Vector
from servers.memory.vectors.queue import IndexQueue, Text
from servers.memory.vectors.spaces import Held, Spaces, vectors_of
from soma_common.kernel.tenancy import TenantId

# For how long what was found is waited for before it is compared again.
_REPAIR_SECONDS: Final = 600.0
_TOLERANCE: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is; counts are sums over the spaces."""

    total: int
    compared: int = 0
    missing: int = 0
    surplus: int = 0
    done: bool = False
    equal: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs in a stretch of ids: memories that the index lacks or has otherwise, and ids that no memory has."""

    compared: int
    missing: frozenset[UUID]
    surplus: frozenset[UUID]


class IndexRebuilder:
    """Rebuilds the index of a tenant."""

    def __init__(self, queue: IndexQueue, spaces: Spaces, follower: IndexFollower) -> None:
        self._queue = queue
        self._spaces = spaces
        self._follower = follower

    async def rebuild(self, tenant_id: TenantId, *, dry_run: bool) -> AsyncIterator[Progress]:
        """Compare, repair, and compare again; a dry run compares once. The last progress has `done`.

        Raises VectorsDownError, EmbedderDownError, DATABASE_UNAVAILABLE.
        """
        await self._spaces.refresh(self._queue, 0)
        total = await self._queue.count_memories(tenant_id) * len(self._spaces.held)
        progress = Progress(total)
        yield progress
        queued = set[UUID]()
        async for found in self._differences(tenant_id):
            progress = replace(
                progress,
                compared=progress.compared + found.compared,
                missing=progress.missing + len(found.missing),
                surplus=progress.surplus + len(found.surplus),
            )
            if not dry_run:
                await self._queue.queue(tenant_id, found.missing | found.surplus)
                queued |= found.missing | found.surplus
            yield progress
        equal = not progress.missing and not progress.surplus
        if queued:
            await self._repaired(tenant_id, queued)
            equal = True
            async for found in self._differences(tenant_id):
                equal = equal and not found.missing and not found.surplus
                yield progress
        yield replace(progress, done=True, equal=equal)

    async def _repaired(self, tenant_id: TenantId, queued: set[UUID]) -> None:
        """Follow until what was queued is done, or time is up."""
        deadline = time.monotonic() + _REPAIR_SECONDS
        while time.monotonic() < deadline and await self._queue.waiting(tenant_id, queued):
            if not await self._follower.step():
                await self._follower.rest()

    async def _differences(self, tenant_id: TenantId) -> AsyncIterator[Difference]:
        for held in self._spaces.held:
            after: UUID | None = None
            while True:
                texts = await self._queue.page_of_texts(tenant_id, after, held.space.version, MOST_TEXTS)
                last = texts[-1].memory_id if len(texts) == MOST_TEXTS else None
                rows = await self._rows(held, tenant_id, after, last)
                found = await self._differing(held, texts, rows)
                waiting = await self._queue.waiting(tenant_id, found.missing | found.surplus)
                # What was changed a moment ago is on its way, and no difference.
                yield Difference(found.compared, found.missing - waiting, found.surplus - waiting)
                if last is None:
                    break
                after = last

    async def _rows(self, held: Held, tenant_id: TenantId, after: UUID | None, last: UUID | None) -> list[Placed]:
        """What the index holds behind one id up to another, or to its end."""
        rows = list[Placed]()
        while True:
            page = await held.reached().page(tenant_id, rows[-1].memory_id if rows else after, MOST_TEXTS)
            rows += [row for row in page if last is None or row.memory_id <= last]
            if len(page) < MOST_TEXTS or (last is not None and page[-1].memory_id >= last):
                return rows

    async def _differing(self, held: Held, texts: Sequence[Text], rows: Sequence[Placed]) -> Difference:
        # A text that no model was asked for yet is missing whatever it would answer: comparing costs no calls.
        known = texts if not held.remote else [text for text in texts if text.vector is not None]
        vectors, _ = await vectors_of(held, known)
        wanted = {text.memory_id: (text.namespace, vector) for text, vector in zip(known, vectors, strict=True)}
        had = {row.memory_id: row for row in rows}
        missing = {
            memory_id
            for memory_id, (namespace, vector) in wanted.items()
            if vector is not None and not _is(had.get(memory_id), namespace, vector)
        }
        surplus = {memory_id for memory_id in had if wanted.get(memory_id, ("", None))[1] is None}
        return Difference(len(texts), frozenset(missing), frozenset(surplus))


def _is(row: Placed | None, namespace: str, vector: Vector) -> bool:
    return (
        row is not None
        and row.namespace == namespace
        and row.vector.shape == vector.shape
        and bool(np.allclose(row.vector, vector, atol=_TOLERANCE))
    )
