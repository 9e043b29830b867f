"""Use cases that change memories: keep one, delete one; and reading a single one.

What is worth keeping stands in `domain/noise.py`, who may do it in `domain/namespaces.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_delete, may_use
from servers.memory.domain.noise import why_noise
from servers.memory.indexing.indexer import Indexer
from servers.memory.storing.rows import MemoryStore
from servers.memory.storing.sources import Sources
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Storing:
    """A memory to keep, the turn it was learned in, and what was recalled in that turn."""

    memory: Memory
    turn_id: UUID | None
    recalled_ids: tuple[UUID, ...]


class Memories:
    """Keeps, reads and deletes memories."""

    def __init__(
        self, database: Database, store: MemoryStore, indexer: Indexer, events: EventStore, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._indexer = indexer
        self._sources = Sources()
        self._events = events
        self._clock = clock

    async def keep(self, caller: Caller, storing: Storing, reply: Callable[[Memory, bool], Reply]) -> Reply:
        """Keep a memory durably.

        Raises MEMORY_REFUSED for noise and for what was forgotten, RESOURCE_NOT_FOUND for a foreign namespace.
        """
        memory = storing.memory
        if not may_use(caller, memory.namespace):
            raise not_found("namespace", memory.namespace)
        _refuse_noise(memory.text, ())
        indexed = replace(self._indexer.indexed(memory), turn_id=storing.turn_id)

        if storing.recalled_ids:
            recalled = await self._store.find_many(caller.tenant_id, storing.recalled_ids)
            # What the caller may not read must not answer whether it says the same.
            _refuse_noise(memory.text, tuple(other.text for other in recalled if may_use(caller, other.namespace)))

        async def work(connection: Connection) -> Reply:
            tenant_id, turn_id = caller.tenant_id, storing.turn_id
            if not await self._sources.admits(connection, tenant_id, memory, turn_id):
                raise SomaError(Reason.MEMORY_REFUSED, {"why": "what was learned from there was forgotten"})
            kept, duplicate = await self._store.add(connection, tenant_id, indexed)
            if duplicate:
                await self._sources.add_further(connection, tenant_id, kept.memory_id, memory, turn_id)
            await self._tell(connection, caller, "memory.stored", kept, duplicate)
            answer = reply(kept, duplicate)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def read(self, caller: Caller, memory_id: UUID) -> Memory:
        """One memory. Raises RESOURCE_NOT_FOUND, also for one that the caller may not see."""
        async with self._database.transaction(caller.tenant_id) as connection:
            return await self._visible(connection, caller, memory_id)

    async def forget(self, caller: Caller, memory_id: UUID, reply: Callable[[datetime], Reply]) -> Reply:
        """Delete one memory for good. Raises RESOURCE_NOT_FOUND, SCOPE_MISSING for what another person stored."""

        async def work(connection: Connection) -> Reply:
            memory = await self._visible(connection, caller, memory_id)
            if not may_delete(caller, memory.owner_sub):
                raise SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": "operator"})
            if await self._store.remove(connection, caller.tenant_id, memory_id) is None:
                raise not_found("memory", memory_id)
            await self._tell(connection, caller, "memory.forgotten", memory, False)
            answer = reply(self._clock.now())
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def _visible(self, connection: Connection, caller: Caller, memory_id: UUID) -> Memory:
        memory = await self._store.find(connection, memory_id)
        if memory is None or not may_use(caller, memory.namespace):
            raise not_found("memory", memory_id)
        return memory

    async def _tell(
        self, connection: Connection, caller: Caller, event_type: str, memory: Memory, duplicate: bool
    ) -> None:
        payload = payloads_pb2.MemoryChanged(
            memory_id=str(memory.memory_id), version=memory.version, namespace=memory.namespace, duplicate=duplicate
        )
        draft = EventDraft(event_type, f"memory/{memory.memory_id}", payload, current_call().correlation_id)
        await self._events.append(connection, caller.tenant_id, [draft])


def _refuse_noise(text: str, recalled_texts: tuple[str, ...]) -> None:
    why = why_noise(text, recalled_texts)
    if why is not None:
        raise SomaError(Reason.MEMORY_REFUSED, {"why": why})
