"""Turns that wait for their place in a conversation: joined, started one after the other, cancelled.

Whoever ends a turn has the next one looked for; a steady look finds those whose predecessor's process is gone.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from servers.chat.domain.turn import Step
from servers.chat.means import Means
from servers.chat.turns.acceptance import Queued
from servers.chat.turns.claiming import Stored, StoredTurns
from servers.chat.turns.running import RunningTurns, Stop
from servers.chat.turns.store import TurnRow, TurnStore
from servers.chat.turns.stream import numbered, pack
from soma.chat.v1 import turn_event_pb2
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/queue.sql")
_LOG: Final = get_logger("soma.chat.queue")
# How often turns are looked for that nobody started, and how often a follower looks whether its turn has.
LOOK_SECONDS: Final = 1.0
WAIT_SECONDS: Final = 0.5


class Queue:
    """The queues of all conversations, as far as this process moves them."""

    def __init__(self, means: Means, stored: StoredTurns, store: TurnStore, running: RunningTurns) -> None:
        self._store = store
        self._database = means.database
        self._events = means.events
        self._clock = means.clock
        self._stored = stored
        self._running = running
        self._go_on: Callable[[Stored], None] | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[UUID, asyncio.Event] = {}

    def open(self, go_on: Callable[[Stored], None]) -> None:
        """Starts turns from now on, each by this."""
        self._go_on = go_on

    async def close(self) -> None:
        """Starts none any more: those that are left are another process'."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def joined(self, queued: Queued) -> None:
        """A turn was stored in the queue: what it stops is stopped, where that is this process' affair."""
        if queued.stops is not None:
            await self._stop(queued.tenant, queued.stops)
        self.look(queued.tenant, queued.conversation_id)

    async def wait(self, queued: Queued) -> None:
        """Returns once the turn is queued no more."""
        tenant, turn_id = queued.tenant, queued.turn_id
        started = self._waiting.setdefault(turn_id, asyncio.Event())
        try:
            while not started.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAIT_SECONDS):
                        await started.wait()
                if not started.is_set() and await self._status(tenant, turn_id) != "queued":
                    return
        finally:
            self._waiting.pop(turn_id, None)

    async def give_up(self, queued: Queued) -> None:
        """Its person went away and wants no answer: it leaves the queue, or is stopped if it was started meanwhile."""
        found = await self._store.find_turn(queued.tenant, queued.turn_id, None)
        if found is not None and not await self.cancel(found):
            await self._store.ask_to_cancel(queued.tenant, queued.turn_id)
            await self._stop(queued.tenant, queued.turn_id)

    async def cancel(self, row: TurnRow) -> bool:
        """Ends a turn that is still queued; False when it is not."""
        now, conversation_id = self._clock.now(), str(row.conversation_id or "")
        terminal = numbered(str(row.turn_id), 1, now, Step.CANCELLED, turn_event_pb2.TurnCancelled())
        ended = payloads_pb2.TurnEnded(
            turn_id=str(row.turn_id),
            conversation_id=conversation_id,
            agent_id=str(row.agent_id),
            finish_reason="cancelled",
        )
        fact = EventDraft("turn.cancelled", f"conversation/{conversation_id}", ended, row.correlation_id)
        values = (row.turn_id, now, pack([terminal]), *self._events.values([fact]))
        (told,) = await self._database.tenant_statement(row.tenant_id, _SQL.cancel_queued, *values)
        if told["cancelled"]:
            self._left(row.turn_id)
        return bool(told["cancelled"])

    def look(self, tenant: TenantId, conversation_id: UUID) -> None:
        """Has the next turn of a conversation started, if it has a queue and no turn."""
        if self._closed:
            return
        task = asyncio.create_task(self._start(tenant, conversation_id), name=f"queue {conversation_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Finds what nobody started, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look_around()
            except SomaError as error:
                _LOG.info("the queues wait for the database", reason=error.reason.value)

    async def look_around(self) -> None:
        """Looks once over all tenants."""
        if self._closed:
            return
        for row in await self._database.worker_statement(_SQL.list_due):
            tenant = TenantId(row["tenant_id"])
            if row["stopped_turn_id"] is None:
                await self._start(tenant, row["conversation_id"])
            else:
                await self.end_waiting(tenant, row["stopped_turn_id"])

    async def _start(self, tenant: TenantId, conversation_id: UUID) -> None:
        """One turn, or those that may not start any more until one may."""
        try:
            while (turn_id := await self._next(tenant, conversation_id)) is not None:
                stored = await self._stored.claim(tenant, turn_id, "queued")
                if stored is not None:
                    self._begin(stored)
                    return
                if await self._status(tenant, turn_id) == "queued":
                    # Another turn has the conversation, and its end has us look again.
                    return
                self._left(turn_id)
        except SomaError as error:
            _LOG.info("a queued turn waits for the database", reason=error.reason.value)
        except Exception as error:  # noqa: BLE001 - the net: the queues of others must not wait for this one
            _LOG.error("a queued turn cannot be started", conversation_id=str(conversation_id), exc_info=error)

    async def _next(self, tenant: TenantId, conversation_id: UUID) -> UUID | None:
        rows = await self._database.tenant_read(tenant, _SQL.next_queued, conversation_id)
        found: UUID | None = rows[0]["turn_id"]
        return found

    async def _status(self, tenant: TenantId, turn_id: UUID) -> str | None:
        found: str | None = await self._database.run(tenant, lambda it: it.fetchval(_SQL.find_status, turn_id))
        return found

    async def _stop(self, tenant: TenantId, turn_id: UUID) -> None:
        """Its row says already that it is to stop: who runs it elsewhere reads that."""
        turn = self._running.find(turn_id)
        if turn is not None:
            turn.ask_to_stop(Stop.CANCELLED)
        else:
            await self.end_waiting(tenant, turn_id)

    async def stop_waiting(self, tenant: TenantId, turn_id: UUID) -> None:
        """Its person wants no answer any more: it is brought to its end, wherever it is by now."""
        await self._store.ask_to_cancel(tenant, turn_id)
        await self._stop(tenant, turn_id)

    async def end_waiting(self, tenant: TenantId, turn_id: UUID) -> None:
        """A turn that waits for a person is run by nobody: whoever stops it brings it to its end."""
        stored = await self._stored.claim(tenant, turn_id, "waiting")
        if stored is not None:
            self._begin(stored)

    def _begin(self, stored: Stored) -> None:
        if self._go_on is not None:
            self._go_on(stored)
        self._left(stored.row.turn_id)

    def _left(self, turn_id: UUID) -> None:
        started = self._waiting.get(turn_id)
        if started is not None:
            started.set()
