"""What may become of the effect of a call: claimed and sent at most once, and never sent again where nobody knows.

The table is the rule; how it is stored is not known here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Effect(StrEnum):
    """Where the effect of a call stands."""

    WAITING = "waiting"  # a person is asked
    CLAIMED = "claimed"  # it may be sent, and was not
    SENT = "sent"  # it may have happened
    DONE = "done"  # it came to its end, or never was to happen
    UNKNOWN = "unknown"  # it was sent, and nobody knows what became of it


class Move(StrEnum):
    """What can happen to it."""

    APPROVED = "approved"
    DENIED = "denied"
    SEND = "send"
    ANSWERED = "answered"
    LOST = "lost"  # the one who sent it is gone, or the answer did not come


MOVES: Final[Mapping[tuple[Effect, Move], Effect]] = {
    (Effect.WAITING, Move.APPROVED): Effect.CLAIMED,
    (Effect.WAITING, Move.DENIED): Effect.DONE,
    (Effect.CLAIMED, Move.SEND): Effect.SENT,
    (Effect.SENT, Move.ANSWERED): Effect.DONE,
    (Effect.SENT, Move.LOST): Effect.UNKNOWN,
}


class Step(StrEnum):
    """What to do with a call that is to be made."""

    RUN = "run"
    RESOLVE = "resolve"  # ask again under the same key: it tells what became of it, or happens now
    GIVE_UP = "give_up"  # say that nobody knows
    TELL = "tell"  # it has its result


def step_for(was: str, *, repeatable: bool) -> Step:
    """What to do with a call, from what its effect was when it was claimed; empty where it is new."""
    if was in ("", Effect.CLAIMED):
        return Step.RUN
    if was == Effect.SENT:
        return Step.RESOLVE if repeatable else Step.GIVE_UP
    return Step.TELL
