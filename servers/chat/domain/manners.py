"""What happens to a message for a conversation that is at work: the manners of a busy conversation, as a table.

Nothing here knows a message, a store or a clock. What they do to the tree stands in the migration `branches`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

# So many messages wait in a conversation at most; who stops what runs waits for its end only, and is not counted.
MOST_QUEUED: Final = 8


class WhileBusy(StrEnum):
    """What the person wants while another turn is not over."""

    REJECT = "reject"
    ENQUEUE = "enqueue"
    INTERRUPT = "interrupt"
    ROLLBACK = "rollback"


class Standing(StrEnum):
    """Where a conversation stands when a message comes."""

    FREE = "free"  # nothing runs, waits or is queued
    BUSY = "busy"
    FULL = "full"  # busy, and as many wait as may
    CLOSED = "closed"  # archived or deleted


class Manner(StrEnum):
    """What becomes of the message. All but the first and the refusals store it as queued."""

    START = "start"
    QUEUE = "queue"  # behind all others
    STOP = "stop"  # before those who queue, once what runs is stopped
    TAKE_BACK = "take_back"  # the same, and what runs is taken back when it ends, however it ends
    REFUSE_BUSY = "refuse_busy"
    REFUSE_CLOSED = "refuse_closed"


MANNERS: Final[Mapping[tuple[Standing, WhileBusy], Manner]] = {
    (Standing.FREE, WhileBusy.REJECT): Manner.START,
    (Standing.FREE, WhileBusy.ENQUEUE): Manner.START,
    (Standing.FREE, WhileBusy.INTERRUPT): Manner.START,
    # There is nothing to take back: an answer that was complete before the message came stays.
    (Standing.FREE, WhileBusy.ROLLBACK): Manner.START,
    (Standing.BUSY, WhileBusy.REJECT): Manner.REFUSE_BUSY,
    (Standing.BUSY, WhileBusy.ENQUEUE): Manner.QUEUE,
    (Standing.BUSY, WhileBusy.INTERRUPT): Manner.STOP,
    (Standing.BUSY, WhileBusy.ROLLBACK): Manner.TAKE_BACK,
    (Standing.FULL, WhileBusy.REJECT): Manner.REFUSE_BUSY,
    (Standing.FULL, WhileBusy.ENQUEUE): Manner.REFUSE_BUSY,
    (Standing.FULL, WhileBusy.INTERRUPT): Manner.STOP,
    (Standing.FULL, WhileBusy.ROLLBACK): Manner.TAKE_BACK,
    (Standing.CLOSED, WhileBusy.REJECT): Manner.REFUSE_CLOSED,
    (Standing.CLOSED, WhileBusy.ENQUEUE): Manner.REFUSE_CLOSED,
    (Standing.CLOSED, WhileBusy.INTERRUPT): Manner.REFUSE_CLOSED,
    (Standing.CLOSED, WhileBusy.ROLLBACK): Manner.REFUSE_CLOSED,
}


def standing_of(status: str, *, holds_a_turn: bool, queued: int) -> Standing:
    """Where a conversation stands: its status, whether a turn runs or waits in it, and how many are queued."""
    if status != "active":
        return Standing.CLOSED
    if queued >= MOST_QUEUED:
        return Standing.FULL
    return Standing.BUSY if holds_a_turn or queued else Standing.FREE


def manner_of(standing: Standing, wish: WhileBusy) -> Manner:
    """What becomes of a message."""
    return MANNERS[standing, wish]
