"""Use cases on threads: make one, read, list, and change one by a rule of `domain/threads.py`.

Everybody of a tenant who may call sees and changes all threads of its agents; protos are made by `rpc/threads.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.cognitive.domain.options import Draft
from servers.cognitive.domain.threads import Heading, Option, Thread
from servers.cognitive.thoughts.store import Kept, Listed, ThreadStore, Which
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Order:
    """A thread to make, with its options in their order and where they come from."""

    agent_id: UUID
    goal: str
    drafts: Sequence[Draft]
    method: str


@dataclass(frozen=True, slots=True)
class Change:
    """A thread before and after a move; the same one twice where nothing was to be moved."""

    before: Thread
    after: Thread
    current: bool

    @property
    def taken(self) -> Option | None:
        """The option that was next before, as it is after."""
        was_next = self.before.next_option
        return None if was_next is None or not self.after.options else self.after.options[self.before.cursor]


class Threads:
    """The threads of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(self, database: Database, store: ThreadStore, events: EventStore, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock
        self._ids = ids

    async def make(self, caller: Caller, order: Order, reply: Callable[[Kept], Reply]) -> Reply:
        """Make a thread, which is its agent's current one from now on."""
        now = self._clock.now()
        heading = Heading(self._ids.uuid7(), order.agent_id, caller.sub, order.goal, order.method, now)
        options = tuple(Option(self._ids.uuid7(), it.text, it.score, it.reason) for it in order.drafts)
        thread = Thread(heading, options, 1, now)

        async def work(connection: Connection) -> Reply:
            await self._store.make(connection, caller.tenant_id, thread)
            await self._events.append(connection, caller.tenant_id, [_changed(thread)])
            answer = reply(Kept(thread, current=True))
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def read(self, tenant_id: TenantId, which: Which) -> Kept:
        """A thread. Raises RESOURCE_NOT_FOUND."""
        return await self._database.run(tenant_id, lambda it: self._store.find(it, tenant_id, which))

    async def list(
        self, tenant_id: TenantId, agent_id: UUID, before: UUID | None, limit: int
    ) -> tuple[list[Listed], bool]:
        """The threads of an agent before one of them, newest first, and whether there are more."""
        found = await self._database.run(
            tenant_id, lambda it: self._store.list(it, tenant_id, agent_id, before, limit + 1)
        )
        return found[:limit], len(found) > limit

    async def change(
        self,
        tenant_id: TenantId,
        which: Which,
        expected_version: int | None,
        move: Callable[[Thread, datetime], Thread],
        reply: Callable[[Change], Reply],
    ) -> Reply:
        """Move a thread, one caller after the other; `reply` makes the answer.

        Raises RESOURCE_NOT_FOUND, CONFLICT where it is not at the version that is expected, and what `move` raises.
        """

        async def work(connection: Connection) -> Reply:
            kept = await self._store.lock(connection, tenant_id, which)
            before = kept.thread
            if expected_version is not None and expected_version != before.version:
                raise SomaError(Reason.CONFLICT)
            after = move(before, self._clock.now())
            if after is not before:
                await self._store.write(connection, tenant_id, before, after)
                await self._events.append(connection, tenant_id, [_changed(after)])
            answer = reply(Change(before, after, kept.current))
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)


def _changed(thread: Thread) -> EventDraft:
    heading = thread.heading
    payload = payloads_pb2.CognitiveThreadChanged(
        thread_id=str(heading.thread_id), version=thread.version, agent_id=str(heading.agent_id)
    )
    stream = f"thread/{heading.thread_id}"
    return EventDraft("cognitive.thread.changed", stream, payload, current_call().correlation_id)
