"""Use cases that keep memories, one or many; deleting one; and reading a single one.

What is worth keeping stands in `domain/noise.py`, who may do it in `domain/namespaces.py`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_delete, may_use, sees_hidden
from servers.memory.domain.noise import why_noise
from servers.memory.domain.standing import is_expired
from servers.memory.indexing.indexer import Indexer
from servers.memory.storing.intake import Intake, Kept, Outcome
from servers.memory.storing.rows import Indexed, MemoryStore
from servers.memory.storing.telling import lost_memories, told
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)
# Texts longer than this together are embedded in a thread, so that nobody else waits for them.
_LONG_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Storing:
    """A memory to keep, and what was recalled in the turn it was learned in."""

    memory: Memory
    recalled_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one of many: under which id it is there, or why it was refused."""

    memory_id: UUID | None = None
    duplicate: bool = False
    refused: str = ""


class Memories:
    """Keeps, reads and deletes memories."""

    def __init__(
        self, database: Database, store: MemoryStore, intake: Intake, indexer: Indexer, events: EventStore, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._intake = intake
        self._indexer = indexer
        self._events = events
        self._clock = clock

    async def keep(
        self, caller: Caller, storing: Storing, reply: Callable[[Memory, bool, Sequence[UUID]], Reply]
    ) -> Reply:
        """Keep a memory durably; the reply gets it, whether it was there already, and what it replaced.

        Raises MEMORY_REFUSED for noise and for what was forgotten, RESOURCE_NOT_FOUND for a foreign namespace or
        source, RATE_LIMITED for what the tenant may store a day.
        """
        await self._admit(caller, [storing])
        indexed = await self.indexed([storing.memory])

        async def work(connection: Connection) -> Reply:
            [kept] = await self._intake.store(connection, caller.tenant_id, indexed, self._clock.now())
            if kept.memory is None:
                raise SomaError(Reason.MEMORY_REFUSED, {"why": self._intake.why_refused(kept.outcome)})
            await self._events.append(connection, caller.tenant_id, events_of(storing.memory, kept))
            replaced = [memory_id for memory_id, _ in kept.superseded]
            answer = reply(kept.memory, kept.outcome is Outcome.REPEATED, replaced)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def keep_many(
        self, caller: Caller, wanted: Sequence[Storing | str], reply: Callable[[Sequence[Stored]], Reply]
    ) -> Reply:
        """Keep many in one transaction, each by itself; a text instead of a memory says why it was refused before.

        Raises RATE_LIMITED where they are more than the tenant may store today; then none is kept.
        """
        admitted = await self._sorted_out(caller, wanted)
        indexed = await self.indexed([each.memory for each in admitted if isinstance(each, Storing)])

        async def work(connection: Connection) -> Reply:
            kept = iter(await self._intake.store(connection, caller.tenant_id, indexed, self._clock.now()))
            results, drafts = list[Stored](), list[EventDraft]()
            for each in admitted:
                if isinstance(each, str):
                    results.append(Stored(refused=each))
                    continue
                one = next(kept)
                drafts += events_of(each.memory, one)
                results.append(self._stored(one))
            await self._events.append(connection, caller.tenant_id, drafts)
            answer = reply(results)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def indexed(self, memories: Sequence[Memory]) -> list[Indexed]:
        """The memories with what the indexes need; long ones are prepared aside."""
        if sum(len(memory.text) for memory in memories) > _LONG_CHARACTERS:
            return await asyncio.to_thread(lambda: [self._indexer.indexed(memory) for memory in memories])
        return [self._indexer.indexed(memory) for memory in memories]

    async def read(self, caller: Caller, memory_id: UUID) -> Memory:
        """One memory. Raises RESOURCE_NOT_FOUND, also for one that the caller may not see."""
        async with self._database.transaction(caller.tenant_id) as connection:
            return await self._visible(connection, caller, memory_id)

    async def forget(self, caller: Caller, memory_id: UUID, reply: Callable[[datetime], Reply]) -> Reply:
        """Delete one memory for good, with its versions. Raises RESOURCE_NOT_FOUND, SCOPE_MISSING for another's."""

        async def work(connection: Connection) -> Reply:
            memory = await self._visible(connection, caller, memory_id)
            if not may_delete(caller, memory.owner_sub):
                raise SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": "operator"})
            if await self._store.remove(connection, caller.tenant_id, memory_id) is None:
                raise not_found("memory", memory_id)
            gone = told("memory.forgotten", memory_id, memory.version, memory.namespace)
            drafts = [gone, *await lost_memories(connection, caller.tenant_id)]
            await self._events.append(connection, caller.tenant_id, drafts)
            answer = reply(self._clock.now())
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def _visible(self, connection: Connection, caller: Caller, memory_id: UUID) -> Memory:
        memory = await self._store.find(connection, memory_id)
        if memory is None or not may_see(caller, memory, self._clock.now()):
            raise not_found("memory", memory_id)
        return memory

    async def _admit(self, caller: Caller, wanted: Sequence[Storing]) -> None:
        known = await self._known(caller, wanted)
        for storing in wanted:
            problem = _problem(caller, storing, known, self._clock.now())
            if problem is not None:
                raise problem

    async def _sorted_out(self, caller: Caller, wanted: Sequence[Storing | str]) -> list[Storing | str]:
        known = await self._known(caller, [each for each in wanted if isinstance(each, Storing)])
        admitted = list[Storing | str]()
        for each in wanted:
            problem = None if isinstance(each, str) else _problem(caller, each, known, self._clock.now())
            admitted.append(each if problem is None else problem.sentence)
        return admitted

    async def _known(self, caller: Caller, wanted: Sequence[Storing]) -> Mapping[UUID, Memory]:
        named = {each for storing in wanted for each in (*storing.recalled_ids, *storing.memory.derived_from)}
        found = await self._store.find_many(caller.tenant_id, sorted(named)) if named else []
        # What the caller may not read must not answer whether it says the same.
        return {memory.memory_id: memory for memory in found if may_use(caller, memory.namespace)}

    def _stored(self, kept: Kept) -> Stored:
        if kept.memory_id is None:
            error = SomaError(Reason.MEMORY_REFUSED, {"why": self._intake.why_refused(kept.outcome)})
            return Stored(refused=error.sentence)
        return Stored(kept.memory_id, kept.outcome is Outcome.REPEATED)


def may_see(caller: Caller, memory: Memory, now: datetime) -> bool:
    """Whether a memory exists for a caller: in a namespace of theirs, not expired, and hidden for operators only."""
    if not may_use(caller, memory.namespace) or is_expired(memory, now):
        return False
    return memory.hidden_by == 0 or sees_hidden(caller)


def events_of(memory: Memory, kept: Kept) -> list[EventDraft]:
    """What keeping this memory led to."""
    if kept.memory_id is None:
        return []
    duplicate = kept.outcome is Outcome.REPEATED
    stored = told("memory.stored", kept.memory_id, kept.version, memory.namespace, duplicate)
    return [stored, *(told("memory.superseded", old, version, memory.namespace) for old, version in kept.superseded)]


def _problem(caller: Caller, storing: Storing, known: Mapping[UUID, Memory], now: datetime) -> SomaError | None:
    memory = storing.memory
    if not may_use(caller, memory.namespace):
        return not_found("namespace", memory.namespace)
    for source in memory.derived_from:
        if source not in known or is_expired(known[source], now):
            return not_found("memory", source)
    why = why_noise(memory.text, [known[each].text for each in storing.recalled_ids if each in known])
    return None if why is None else SomaError(Reason.MEMORY_REFUSED, {"why": why})
