"""What can be asked of a turn that exists: to see it, to stop it.

Starting and following turns stands elsewhere.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.domain.model import ToolCallPart
from servers.chat.running import RunningTurns, Stop
from servers.chat.store import TurnRow, TurnStore
from servers.chat.stream import Numbered, unpack
from soma.chat.v1 import turn_event_pb2
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.idempotency import Once

# How long a stop waits for the end before it answers that the turn is stopping.
STOP_SECONDS: Final = 0.5


class TurnRequests:
    """Looks at turns and stops them."""

    def __init__(self, store: TurnStore, running: RunningTurns) -> None:
        self._store = store
        self._running = running

    async def find(self, caller: Caller, turn_id: UUID) -> TurnRow:
        """The turn. Raises RESOURCE_NOT_FOUND."""
        row = await self._store.find_turn(caller.tenant_id, turn_id, caller.owner_filter)
        if row is None:
            raise not_found("turn", turn_id)
        return row

    async def answer(self, row: TurnRow) -> tuple[str, tuple[ToolCallPart, ...]]:
        """What the turn answered, as far as it is durable."""
        if not row.open:
            return await self._store.read_answer(row)
        text: list[str] = []
        calls: list[ToolCallPart] = []
        async with aclosing(self._journaled(row)) as events:
            async for event in events:
                text.append(event.text)
                calls.extend(tool_calls(event))
        return "".join(text), tuple(calls)

    async def cancel(self, caller: Caller, turn_id: UUID) -> TurnRow:
        """Stops the turn wherever it runs; a turn that has ended stays as it is. Raises RESOURCE_NOT_FOUND."""
        row = await self.find(caller, turn_id)
        if row.status != "running":
            return row
        turn = self._running.find(turn_id)
        if turn is None:
            await self._store.ask_to_cancel(caller.tenant_id, turn_id)
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


def tool_calls(event: Numbered) -> tuple[ToolCallPart, ...]:
    """The call in an event that carries one."""
    call = turn_event_pb2.TurnEvent.FromString(event.data).tool_call.call
    return (ToolCallPart(call.call_id, call.name, call.arguments_json),) if call.call_id else ()
