"""Turns that leave this process before their end: let go of for another one, waiting, or given up by everybody.

Nothing here answers a turn.
"""

from typing import Final

from servers.chat.turns.claiming import StoredTurns
from servers.chat.turns.journal import Journal
from servers.chat.turns.queueing import Queue
from servers.chat.turns.recovery import Recovery
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.store import TurnRow
from servers.chat.turns.waiting import Waiting
from servers.chat.turns.wakes import Wakes


class Handover:
    """Lets go of turns."""

    def __init__(
        self,
        stored: StoredTurns,
        recovery: Recovery,
        journal: Journal,
        wakes: Wakes,
        queue: Queue,
        waiting: Waiting,
    ) -> None:
        self.queue: Final = queue
        self.waiting: Final = waiting
        self._stored = stored
        self._recovery = recovery
        self._journal = journal
        self._wakes = wakes

    async def release(self, turn: RunningTurn) -> None:
        """Lets go of a turn once what it said is durable: whoever looks next goes on with it."""
        await self._journal.flush(turn)
        if not turn.lost:
            await self._stored.release(turn.order.caller.tenant_id, turn.turn_id, turn.lease_epoch)
            self._wakes.tell_released()
        turn.end()

    async def give_up(self, row: TurnRow) -> None:
        """Ends a claimed turn that cannot be gone on with, with what was written kept."""
        await self._recovery.end(row.tenant_id, row.turn_id, row.lease_epoch)

    def tell_follower(self, turn: RunningTurn) -> None:
        """Wakes those who follow a turn that nobody ran."""
        self._wakes.tell(turn.order.caller.tenant_id, turn.turn_id)
