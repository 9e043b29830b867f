"""Waking those who follow a turn in another process, and being woken: a look at the journal comes at once.

Nothing here reads the journal. A turn that nobody follows elsewhere signals nothing.
"""

from functools import partial
from typing import Final
from uuid import UUID

from servers.chat.turns.running import RunningTurns
from soma_common.kernel.tenancy import TenantId
from soma_common.signals import Signals, Subscription, Topic

# Where every process of chat hears which turns are followed elsewhere.
_FOLLOWED: Final = Topic(None, "chat/followed")
# Where every process of chat hears that another one let go of turns.
_RELEASED: Final = Topic(None, "chat/released")
# What a write of a turn says; anything else that is heard says only that one hears from now on.
WRITTEN: Final = "written"


class Wakes:
    """The signals of chat, for the turns that this process runs and for those that it follows."""

    def __init__(self, signals: Signals, running: RunningTurns) -> None:
        self._signals = signals
        self._running = running

    @property
    def work(self) -> bool:
        """Whether signals arrive: then who waits may look more seldom."""
        return self._signals.connected

    async def run(self) -> None:
        """Hears which of our turns are followed elsewhere, until cancelled; those tell of every write from then on."""
        with self._signals.subscribe(_FOLLOWED) as asked:
            while True:
                self._tell_of(await asked.wait() or "")

    def _tell_of(self, payload: str) -> None:
        turn = self._running.find_text(payload)
        if turn is not None:
            topic = _of(turn.order.caller.tenant_id, turn.turn_id)
            turn.elsewhere = partial(self._signals.publish, topic, WRITTEN)
            # Whoever asked may have looked before the last write.
            turn.elsewhere()

    def released(self) -> Subscription:
        """Hears that a process let go of turns."""
        return self._signals.subscribe(_RELEASED)

    def tell_released(self) -> None:
        """Says that this process let go of turns. A hint."""
        self._signals.publish(_RELEASED, "")

    def tell(self, tenant: TenantId, turn_id: UUID) -> None:
        """Wakes whoever follows a turn, whether anybody asked for it or not."""
        self._signals.publish(_of(tenant, turn_id), WRITTEN)

    def follow(self, tenant: TenantId, turn_id: UUID) -> Subscription:
        """Hears of writes for a turn; `ask` has them told."""
        return self._signals.subscribe(_of(tenant, turn_id))

    def ask(self, turn_id: UUID) -> None:
        """Asks whoever runs the turn to tell. A hint: it is repeated while nothing is heard."""
        self._signals.publish(_FOLLOWED, str(turn_id))


def _of(tenant: TenantId, turn_id: UUID) -> Topic:
    return Topic(tenant, f"turn/{turn_id}")
