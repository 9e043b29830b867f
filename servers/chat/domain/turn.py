"""How a turn may move: its phases, the events it is told by, and the numbers they get. The table is the rule.

Nothing here knows a message, a store or a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """Where a turn stands."""

    ACCEPTED = "accepted"  # stored, not yet planned; nothing was told
    ANSWERING = "answering"  # `started` was told
    ENDED = "ended"  # told to the end, or refused


class Step(StrEnum):
    """What can happen to a turn; all but REFUSED are events of its stream."""

    STARTED = "started"
    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    APPROVAL = "approval"
    APPROVAL_RESOLVED = "approval_resolved"
    NOTICE = "notice"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


TERMINAL: Final = frozenset((Step.COMPLETED, Step.FAILED, Step.CANCELLED))

MOVES: Final[Mapping[tuple[Phase, Step], Phase]] = {
    # Before the plan a turn can be refused, stopped, or lose its process; it is answered only after `started`.
    (Phase.ACCEPTED, Step.STARTED): Phase.ANSWERING,
    (Phase.ACCEPTED, Step.REFUSED): Phase.ENDED,
    (Phase.ACCEPTED, Step.CANCELLED): Phase.ENDED,
    (Phase.ACCEPTED, Step.FAILED): Phase.ENDED,
    (Phase.ANSWERING, Step.TEXT): Phase.ANSWERING,
    (Phase.ANSWERING, Step.REASONING): Phase.ANSWERING,
    (Phase.ANSWERING, Step.TOOL_CALL): Phase.ANSWERING,
    (Phase.ANSWERING, Step.TOOL_RESULT): Phase.ANSWERING,
    (Phase.ANSWERING, Step.APPROVAL): Phase.ANSWERING,
    (Phase.ANSWERING, Step.APPROVAL_RESOLVED): Phase.ANSWERING,
    (Phase.ANSWERING, Step.NOTICE): Phase.ANSWERING,
    (Phase.ANSWERING, Step.COMPLETED): Phase.ENDED,
    (Phase.ANSWERING, Step.FAILED): Phase.ENDED,
    (Phase.ANSWERING, Step.CANCELLED): Phase.ENDED,
}


class IllegalMoveError(Exception):
    """A step that the table does not allow: a defect of the caller."""


@dataclass(frozen=True, slots=True)
class TurnState:
    """A turn's phase and the number of its last event, 0 before the first."""

    phase: Phase = Phase.ACCEPTED
    sequence: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return self.phase is Phase.ENDED

    def after(self, step: Step) -> "TurnState":
        """The state that follows; every event takes the next number. Raises IllegalMoveError."""
        following = MOVES.get((self.phase, step))
        if following is None:
            raise IllegalMoveError(f"{step} cannot follow in the phase {self.phase}")
        if step is Step.REFUSED:
            return replace(self, phase=following)
        return TurnState(following, self.sequence + 1)
