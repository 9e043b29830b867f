"""What an index of vectors outside PostgreSQL still holds of memories that are gone, when a person is erased.

Nothing is taken out past the follower, which does what waits; here it is waited for and looked at.
"""

import asyncio
import time
from typing import Final
from uuid import UUID

from servers.memory.vectors.port import MOST_ROWS, VectorIndex, VectorsDownError
from servers.memory.vectors.queue import IndexQueue
from servers.memory.vectors.spaces import Spaces
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.operations.subjects import Found, Subject

STILL_HELD: Final = "The index still holds {count} vectors of memories that are gone; it is tried again."
# How long a call waits for the follower; a saga comes again.
PATIENCE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.25


class IndexEraser:
    """Says that an index holds nothing of memories that are gone only once it was asked for all that it holds."""

    store = "index of vectors"

    def __init__(self, queue: IndexQueue, spaces: Spaces, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._queue = queue
        self._spaces = spaces
        self._patience_seconds = patience_seconds

    async def erase(self, subject: Subject) -> int:
        """Queue what the index holds and no memory has. What is gone counts with its memory, so here nothing does."""
        await self._queue.queue(subject.tenant_id, await self._surplus(subject.tenant_id))
        return 0

    async def find(self, subject: Subject) -> Found:
        """How much of the tenant the index holds that no memory has, after a while for the follower."""
        deadline = time.monotonic() + self._patience_seconds
        while await self._queue.waiting_gone(subject.tenant_id) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
        left = await self._surplus(subject.tenant_id) | await self._queue.waiting_gone(subject.tenant_id)
        return Found(len(left), rest=STILL_HELD.format(count=len(left))) if left else Found()

    async def _surplus(self, tenant_id: TenantId) -> set[UUID]:
        try:
            found = [await self._of(held.reached(), tenant_id) for held in self._spaces.held]
        except VectorsDownError:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "index of vectors"}) from None
        return set[UUID]().union(*found)

    async def _of(self, index: VectorIndex, tenant_id: TenantId) -> set[UUID]:
        surplus, after = set[UUID](), None
        while page := await index.page(tenant_id, after, MOST_ROWS):
            ids = {row.memory_id for row in page}
            surplus |= ids - await self._queue.known(tenant_id, ids)
            after = page[-1].memory_id
        return surplus
