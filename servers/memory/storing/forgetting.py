"""The use case of forgetting a source: everything that was learned from it, in batches, and nothing of it comes back.

How a memory loses a source stands in the statements; deleting a single memory is in `memories.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.sources import SourceRef
from servers.memory.storing.sources import Forgetting, Loss, Sources
from servers.memory.storing.telling import lost_memories, told
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.idempotency import Once

BATCH: Final = 200
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a request has forgotten, also in calls before this one, and what it only took this source from."""

    forgotten: int
    kept: int
    time: datetime


class Forgetter:
    """Forgets sources."""

    def __init__(self, database: Database, sources: Sources, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._sources = sources
        self._events = events
        self._clock = clock

    async def forget(
        self, caller: Caller, source: SourceRef, ended: bool, request_id: UUID, reply: Callable[[Forgotten], Reply]
    ) -> Reply:
        """Forget what the caller may delete of a source; a source that told nothing is none of an error."""
        tenant_id = caller.tenant_id
        what = Forgetting(tenant_id, source, caller.owner_filter or "", ended, request_id)
        await self._database.run(tenant_id, lambda it: self._sources.begin_forgetting(it, what, self._clock.now()))
        while True:
            answer = await self._database.run(tenant_id, lambda it: self._batch(it, what, reply))
            if answer is not None:
                return answer

    async def _batch(
        self, connection: Connection, what: Forgetting, reply: Callable[[Forgotten], Reply]
    ) -> Reply | None:
        """One batch; the answer, when nothing was left."""
        losses = await self._sources.forget_some(connection, what, BATCH)
        forgotten, kept = await self._sources.count(connection, what, losses)
        if losses:
            drafts = [*map(_told, losses), *await lost_memories(connection, what.tenant_id)]
            await self._events.append(connection, what.tenant_id, drafts)
            return None
        answer = reply(Forgotten(forgotten, kept, self._clock.now()))
        await Once.current().record(connection, answer)
        return answer


def _told(loss: Loss) -> EventDraft:
    return told("memory.forgotten" if loss.gone else "memory.updated", loss.memory_id, loss.version, loss.namespace)
