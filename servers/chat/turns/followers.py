"""Following a turn from any point: in this process as it happens, else out of the journal.

Nothing here changes a turn.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from servers.chat.turns.running import RunningTurns
from servers.chat.turns.store import JOURNAL_BATCH, TurnRow, TurnStore
from servers.chat.turns.stream import Numbered, unpack
from servers.chat.turns.wakes import WRITTEN, Wakes
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.signals import Subscription

# How often the journal is looked at: without signals, and with them, where only a lost one has to be made up for.
POLL_SECONDS: Final = 0.1
SIGNALLED_POLL_SECONDS: Final = 0.5
# A turn that waits for a person, or for its place, may do so for days; whoever goes on with it wakes its followers.
IDLE_POLL_SECONDS: Final = 3.0
# What is written meanwhile is read at once, so that following costs no more looks than an eye can tell apart.
PACE_SECONDS: Final = 0.02
# The journal counts in 31 bits; no turn comes near it.
_LAST_NUMBER: Final = 2**31 - 1


class Followers:
    """Gives the events of a turn to whoever asks, however it runs."""

    def __init__(self, store: TurnStore, running: RunningTurns, wakes: Wakes) -> None:
        self._store = store
        self._running = running
        self._wakes = wakes
        self._leaving = False

    def leave(self) -> None:
        """Sends everybody away who follows a turn of another process: this one ends, and they are served elsewhere."""
        self._leaving = True

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
        with self._wakes.follow(caller.tenant_id, turn_id) as writes:
            async with aclosing(self._look(caller, turn_id, position, writes)) as rest:
                async for event in rest:
                    yield event.data

    async def _look(
        self, caller: Caller, turn_id: UUID, after_sequence: int, writes: Subscription
    ) -> AsyncGenerator[Numbered, None]:
        """Events out of the journal: looked at when something was written, or when nothing was heard for a while."""
        position, row, found_nothing = after_sequence, await self._visible(caller, turn_id), False
        while True:
            if found_nothing:
                row = await self._visible(caller, turn_id)
            _raise_refusal(row)
            # The row was read before: what it says of the end holds for every event that is read now.
            batch = await self._store.read_journal(caller.tenant_id, turn_id, position)
            for event in (each for entry in batch for each in unpack(entry.events)):
                if event.sequence <= position:
                    continue
                yield event
                position = event.sequence
                if event.ends:
                    return
            if not batch and not row.open:
                _check_cursor(row, position)
                return
            found_nothing = not batch
            if len(batch) < JOURNAL_BATCH:
                await self._wait(row, writes)

    async def _wait(self, row: TurnRow, writes: Subscription) -> None:
        """Until something was written, or until it is time to look by oneself. Raises SHUTTING_DOWN."""
        if self._leaving:
            raise SomaError(Reason.SHUTTING_DOWN)
        await asyncio.sleep(PACE_SECONDS)
        if row.status != "running":
            await writes.wait(IDLE_POLL_SECONDS)
            return
        heard = await writes.wait(SIGNALLED_POLL_SECONDS if self._wakes.work else POLL_SECONDS)
        if heard != WRITTEN:
            self._wakes.ask(row.turn_id)

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
