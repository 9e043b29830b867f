"""Brings the index of vectors up to what PostgreSQL holds: memories that were stored, changed or deleted, in batches.

Any number of processes may follow: each leases what it does. Nothing is lost, as what waits stands in a table that is
written in the transaction of the change.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from servers.memory.embedders.port import MOST_TEXTS, EmbedderDownError
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.port import Placed, VectorsDownError
from servers.memory.vectors.queue import IndexQueue, Waiting
from servers.memory.vectors.spaces import Held, Spaces, vectors_of
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.memory")
# Longer than all that a batch of one tenant can take by the time limits of embedders and indexes.
_LEASE_SECONDS: Final = 90.0
# After this no further tenant of a batch is begun.
_BATCH_SECONDS: Final = 20.0
_IDLE_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
# While more than this wait, no more of the memories that a new index lacks are queued.
_MOST_WAITING: Final = 2_000


class IndexFollower:
    """Follows while `run` runs. `pause_seconds` after each batch of a remote embedder bounds how fast it is asked."""

    def __init__(self, queue: IndexQueue, spaces: Spaces, metrics: IndexMetrics, pause_seconds: float = 0.0) -> None:
        self._queue = queue
        self._spaces = spaces
        self._metrics = metrics
        self._pause_seconds = pause_seconds
        self._looked_at = float("-inf")
        self._waiting = 0

    async def run(self) -> None:
        """Follow until cancelled; what fails is tried again, ever more slowly."""
        failures = 0
        while True:
            try:
                done = await self.step()
                failures = 0
                pause = 0.0 if done else _IDLE_SECONDS
            except (SomaError, VectorsDownError) as problem:
                failures += 1
                pause = _pause(failures)
                if failures == 1:
                    _LOG.warning("the index of vectors cannot be followed", problem=str(problem))
            await asyncio.sleep(pause)

    async def check(self) -> None:
        """Prove that recalls can be answered by the index that serves. Raises VectorsDownError."""
        await self._spaces.serving().reached().ping()

    async def step(self) -> int:
        """One batch of each space; answers how many memories were done. Raises VectorsDownError, DATABASE_UNAVAILABLE.

        A space whose embedder or index is away holds up no other.
        """
        if time.monotonic() - self._looked_at > _LOOK_SECONDS or not self._whole():
            await self._look()
        done = 0
        for held in self._spaces.held:
            waiting = await self._queue.lease(held.waits_for, MOST_TEXTS, _LEASE_SECONDS)
            if waiting:
                done += await self._batch(held, waiting)
                if held.remote and self._pause_seconds:
                    await asyncio.sleep(self._pause_seconds)
        return done

    async def rest(self) -> None:
        """Wait a moment for what others do, or for what was given back."""
        await asyncio.sleep(_IDLE_SECONDS)

    def _whole(self) -> bool:
        return all(held.whole for held in self._spaces.held)

    async def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._waiting, seconds = await self._queue.behind()
        self._metrics.waiting.set(self._waiting)
        self._metrics.behind_seconds.set(seconds)
        await self._spaces.refresh(self._queue, max(0, _MOST_WAITING - self._waiting))

    async def _batch(self, held: Held, waiting: Sequence[Waiting]) -> int:
        by_tenant: dict[TenantId, list[Waiting]] = defaultdict(list)
        for it in waiting:
            by_tenant[it.tenant_id].append(it)
        begun, done, left = time.monotonic(), list[Waiting](), list[Waiting]()
        try:
            for tenant_id, mine in by_tenant.items():
                if time.monotonic() - begun > _BATCH_SECONDS:
                    left += mine
                elif await self._tenant(held, tenant_id, mine):
                    done += mine
                else:
                    left += mine
        finally:
            settled = {(it.tenant_id, it.memory_id) for it in (*done, *left)}
            left += [it for it in waiting if (it.tenant_id, it.memory_id) not in settled]
            with suppress(SomaError):
                await self._settle(held, done, left)
        return len(done)

    async def _settle(self, held: Held, done: Sequence[Waiting], left: Sequence[Waiting]) -> None:
        if done:
            await self._queue.finish(done, self._spaces.next_of(held))
        if left:
            self._metrics.followed(held.space.version, "given_back", len(left))
            await self._queue.give_back(left, [_pause(it.attempts + 1) for it in left])

    async def _tenant(self, held: Held, tenant_id: TenantId, waiting: Sequence[Waiting]) -> bool:
        """Whether the index has what waited of this tenant."""
        ids = [it.memory_id for it in waiting]
        texts = await self._queue.texts(tenant_id, ids, held.space.version)
        try:
            vectors, fresh = await vectors_of(held, texts)
            if fresh:
                await self._queue.keep_embeddings(tenant_id, held.space.version, fresh)
            rows = [
                Placed(text.memory_id, text.namespace, vector)
                for text, vector in zip(texts, vectors, strict=True)
                if vector is not None
            ]
            index = held.reached()
            # What is gone, and what has no vector any more.
            gone = set(ids) - {row.memory_id for row in rows}
            if gone:
                await index.remove(tenant_id, gone)
            if rows:
                await index.put(tenant_id, rows)
        except (EmbedderDownError, VectorsDownError) as problem:
            _LOG.warning("vectors wait for another try", space=held.space.version, problem=str(problem))
            return False
        self._metrics.followed(held.space.version, "put", len(rows))
        self._metrics.followed(held.space.version, "removed", len(gone))
        return True


def _pause(failures: int) -> float:
    return min(_LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** min(failures, 10))
