"""What can be asked of turns that exist: to see one, to list them, to stop one.

Starting and following turns stands elsewhere.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.domain.model import ToolCallPart
from servers.chat.turns.queueing import Queue
from servers.chat.turns.retelling import told_calls
from servers.chat.turns.running import RunningTurns, Stop
from servers.chat.turns.store import TurnRow, TurnStore, turn_row
from servers.chat.turns.stream import Numbered, unpack
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.queries import Queries
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")
# How long a stop waits for the end before it answers that the turn is stopping.
STOP_SECONDS: Final = 0.5


class TurnRequests:
    """Looks at turns and stops them."""

    def __init__(self, store: TurnStore, running: RunningTurns, queue: Queue) -> None:
        self._queue = queue
        self._store = store
        self._running = running

    async def find(self, caller: Caller, turn_id: UUID) -> TurnRow:
        """The turn. Raises RESOURCE_NOT_FOUND."""
        row = await self._store.find_turn(caller.tenant_id, turn_id, caller.owner_filter)
        if row is None:
            raise not_found("turn", turn_id)
        return row

    async def page(
        self, caller: Caller, conversation_id: UUID | None, status: str | None, before: UUID | None, limit: int
    ) -> list[TurnRow]:
        """The caller's turns of a conversation and status, newest first, those before one of them."""
        values = (caller.owner_filter, conversation_id, status, before, limit)
        rows = await self._store.database.run(caller.tenant_id, lambda it: it.fetch(_SQL.list_turns, *values))
        return [turn_row(row) for row in rows]

    async def answer(self, row: TurnRow) -> tuple[str, tuple[ToolCallPart, ...]]:
        """What the turn answered, as far as it is durable."""
        if not row.open:
            return await self._store.read_answer(row)
        text: list[str] = []
        calls: list[ToolCallPart] = []
        async with aclosing(self._journaled(row)) as events:
            async for event in events:
                text.append(event.text)
                calls.extend(told.call for told in told_calls([event]) if told.by_client)
        return "".join(text), tuple(calls)

    async def cancel(self, caller: Caller, turn_id: UUID) -> TurnRow:
        """Stops the turn wherever it runs; a turn that has ended stays as it is. Raises RESOURCE_NOT_FOUND."""
        row = await self.find(caller, turn_id)
        if row.status == "queued" and await self._queue.cancel(row):
            return await self.find(caller, turn_id)
        if not row.open:
            return row
        turn = self._running.find(turn_id)
        if turn is None:
            await self._store.ask_to_cancel(caller.tenant_id, turn_id)
            await self._queue.end_waiting(caller.tenant_id, turn_id)
            return await self.find(caller, turn_id)
        turn.ask_to_stop(Stop.CANCELLED)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                async for _ in turn.follow(len(turn.durable)):
                    pass
        return await self.find(caller, turn_id)

    async def record(self, row: TurnRow, once: Once, response: Message) -> None:
        """Keeps the answer for repeats of the request."""
        await self._store.database.run(row.tenant_id, lambda connection: once.record(connection, response))

    async def _journaled(self, row: TurnRow) -> AsyncGenerator[Numbered, None]:
        position = 0
        while batch := await self._store.read_journal(row.tenant_id, row.turn_id, position):
            for entry in batch:
                for event in unpack(entry.events):
                    yield event
            position = batch[-1].last_sequence
