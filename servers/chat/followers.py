"""Following a turn from any point: in this process as it happens, else out of the journal.

Nothing here changes a turn.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from servers.chat.running import RunningTurns
from servers.chat.store import TurnRow, TurnStore
from servers.chat.stream import Numbered, unpack
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller

POLL_SECONDS: Final = 0.1
# The journal counts in 31 bits; no turn comes near it.
_LAST_NUMBER: Final = 2**31 - 1


class Followers:
    """Gives the events of a turn to whoever asks, however it runs."""

    def __init__(self, store: TurnStore, running: RunningTurns) -> None:
        self._store = store
        self._running = running

    async def follow(self, caller: Caller, turn_id: UUID, after_sequence: int) -> AsyncGenerator[bytes, None]:
        """Serialised events after a number, to the end of the turn.

        Raises RESOURCE_NOT_FOUND, CURSOR_TOO_OLD, INVALID_FIELD for a number that an ended turn never reached, and the
        refusal of a turn that was refused.
        """
        row = await self._visible(caller, turn_id)
        _raise_refusal(row)
        position = min(after_sequence, _LAST_NUMBER)
        running = self._running.find(turn_id)
        if running is not None:
            async with aclosing(running.follow(position)) as events:
                async for event in events:
                    yield event.data
                    position = event.sequence
                    if event.ends:
                        return
        async with aclosing(self._poll(caller, turn_id, position)) as rest:
            async for event in rest:
                yield event.data

    async def _poll(self, caller: Caller, turn_id: UUID, after_sequence: int) -> AsyncGenerator[Numbered, None]:
        position = after_sequence
        while True:
            # The row is read first: what it says of the end holds for every event that is read after it.
            row = await self._visible(caller, turn_id)
            _raise_refusal(row)
            batch = await self._store.read_journal(caller.tenant_id, turn_id, position)
            for event in (each for entry in batch for each in unpack(entry.events)):
                if event.sequence <= position:
                    continue
                yield event
                position = event.sequence
                if event.ends:
                    return
            if not batch and row.status != "running":
                _check_cursor(row, position)
                return
            if not batch:
                await asyncio.sleep(POLL_SECONDS)

    async def _visible(self, caller: Caller, turn_id: UUID) -> TurnRow:
        row = await self._store.find_turn(caller.tenant_id, turn_id, caller.owner_filter)
        if row is None:
            raise not_found("turn", turn_id)
        return row


def _check_cursor(row: TurnRow, position: int) -> None:
    """Nothing follows: the reader has the end, or the journal is swept, or the reader is beyond the end."""
    if row.last_sequence == 0:
        message = str(row.assistant_message_id)
        raise SomaError(Reason.CURSOR_TOO_OLD, {"turn_id": str(row.turn_id), "message_id": message})
    if position > row.last_sequence:
        raise invalid_field("after_sequence", f"the turn ended with the event {row.last_sequence}")


def _raise_refusal(row: TurnRow) -> None:
    if row.status == "refused" and row.error is not None:
        raise row.error
