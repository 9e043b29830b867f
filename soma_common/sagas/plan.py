"""What follows what in a saga: one table, and the waits between tries.

Pure: chance is handed in, and nothing here waits, stores or calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind
from soma_common.sagas.models import Direction, SagaDefinition, Status


class Stage(Enum):
    """Where a saga is, as far as its way back is concerned."""

    UNDOABLE = auto()  # forward, at a step that can be undone, as all before it
    PIVOT = auto()  # forward, at the first step that cannot be undone
    BEHIND = auto()  # forward, behind a step that cannot be undone
    UNDOING = auto()  # backward


class Outcome(Enum):
    """What came of one try."""

    DONE = auto()
    REFUSED = auto()  # it was not done and will not be
    FAILED = auto()  # it may be tried again
    WORN = auto()  # it failed, and all tries are used up
    LATE = auto()  # it failed, and the time of the whole saga is over


class Then(Enum):
    """What follows."""

    ON = auto()  # to the next step, or to the end
    AGAIN = auto()
    SLOWLY = auto()  # again, with long waits
    UNDO_THIS = auto()  # turn back; this very step may have been done
    UNDO_BEFORE = auto()  # turn back; this step was not done
    BACK = auto()  # to the next compensation, or to the end
    STUCK = auto()


# In doubt: some try of this step ended without an answer, so it may have been done or may still come to be.
TABLE: Final[Mapping[tuple[Stage, Outcome, bool], Then]] = {
    (Stage.UNDOABLE, Outcome.DONE, False): Then.ON,
    (Stage.UNDOABLE, Outcome.DONE, True): Then.ON,
    (Stage.UNDOABLE, Outcome.REFUSED, False): Then.UNDO_BEFORE,
    (Stage.UNDOABLE, Outcome.REFUSED, True): Then.UNDO_THIS,
    (Stage.UNDOABLE, Outcome.FAILED, False): Then.AGAIN,
    (Stage.UNDOABLE, Outcome.FAILED, True): Then.AGAIN,
    (Stage.UNDOABLE, Outcome.WORN, False): Then.UNDO_BEFORE,
    (Stage.UNDOABLE, Outcome.WORN, True): Then.UNDO_THIS,
    (Stage.UNDOABLE, Outcome.LATE, False): Then.UNDO_BEFORE,
    (Stage.UNDOABLE, Outcome.LATE, True): Then.UNDO_THIS,
    (Stage.PIVOT, Outcome.DONE, False): Then.ON,
    (Stage.PIVOT, Outcome.DONE, True): Then.ON,
    (Stage.PIVOT, Outcome.REFUSED, False): Then.UNDO_BEFORE,
    # Nobody can undo it, so it must be known before anything before it is undone.
    (Stage.PIVOT, Outcome.REFUSED, True): Then.SLOWLY,
    (Stage.PIVOT, Outcome.FAILED, False): Then.AGAIN,
    (Stage.PIVOT, Outcome.FAILED, True): Then.AGAIN,
    (Stage.PIVOT, Outcome.WORN, False): Then.UNDO_BEFORE,
    (Stage.PIVOT, Outcome.WORN, True): Then.SLOWLY,
    (Stage.PIVOT, Outcome.LATE, False): Then.UNDO_BEFORE,
    (Stage.PIVOT, Outcome.LATE, True): Then.STUCK,
    (Stage.BEHIND, Outcome.DONE, False): Then.ON,
    (Stage.BEHIND, Outcome.DONE, True): Then.ON,
    (Stage.BEHIND, Outcome.REFUSED, False): Then.STUCK,
    (Stage.BEHIND, Outcome.REFUSED, True): Then.STUCK,
    (Stage.BEHIND, Outcome.FAILED, False): Then.AGAIN,
    (Stage.BEHIND, Outcome.FAILED, True): Then.AGAIN,
    (Stage.BEHIND, Outcome.WORN, False): Then.SLOWLY,
    (Stage.BEHIND, Outcome.WORN, True): Then.SLOWLY,
    (Stage.BEHIND, Outcome.LATE, False): Then.STUCK,
    (Stage.BEHIND, Outcome.LATE, True): Then.STUCK,
    # A compensation is repeated until it is done, whatever it says; the whole time does not bind it.
    (Stage.UNDOING, Outcome.DONE, False): Then.BACK,
    (Stage.UNDOING, Outcome.DONE, True): Then.BACK,
    (Stage.UNDOING, Outcome.REFUSED, False): Then.AGAIN,
    (Stage.UNDOING, Outcome.REFUSED, True): Then.AGAIN,
    (Stage.UNDOING, Outcome.FAILED, False): Then.AGAIN,
    (Stage.UNDOING, Outcome.FAILED, True): Then.AGAIN,
    (Stage.UNDOING, Outcome.WORN, False): Then.STUCK,
    (Stage.UNDOING, Outcome.WORN, True): Then.STUCK,
    (Stage.UNDOING, Outcome.LATE, False): Then.AGAIN,
    (Stage.UNDOING, Outcome.LATE, True): Then.AGAIN,
}

# What may pass; everything else says for good that a step was not done.
_PASSING: Final = frozenset(
    (
        Kind.UNAVAILABLE,
        Kind.DEADLINE_EXCEEDED,
        Kind.CANCELLED,
        Kind.INTERNAL,
        Kind.ABORTED,
        Kind.RESOURCE_EXHAUSTED,
    )
)
# Of these the ones that were answered by somebody who had done nothing.
_ANSWERED: Final = frozenset((Kind.ABORTED, Kind.RESOURCE_EXHAUSTED))


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait between tries: of a step, of one that has to be done, of a compensation.

    `undo` says with its `max_attempts` when a compensation is given to a person.
    """

    step: Backoff = field(default_factory=lambda: Backoff(first_seconds=0.2, longest_seconds=10.0))
    slow: Backoff = field(default_factory=lambda: Backoff(first_seconds=1.0, longest_seconds=120.0))
    undo: Backoff = field(default_factory=lambda: Backoff(first_seconds=0.5, longest_seconds=60.0, max_attempts=8))


@dataclass(frozen=True, slots=True)
class Position:
    """Where a saga is: at which step, which way, how often that was tried in vain, and whether that is in doubt."""

    index: int = 0
    direction: Direction = Direction.FORWARD
    attempts: int = 0
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """What a saga does next; `wait_seconds` is set where it is tried again later."""

    then: Then
    status: Status
    position: Position
    wait_seconds: float | None = None


def stage_of(definition: SagaDefinition, position: Position) -> Stage:
    """The stage of a position."""
    if position.direction is Direction.BACK:
        return Stage.UNDOING
    if any(step.is_final for step in definition.steps[: position.index]):
        return Stage.BEHIND
    return Stage.PIVOT if definition.steps[position.index].is_final else Stage.UNDOABLE


def may_pass(problem: BaseException) -> bool:
    """Whether trying again may help."""
    return not isinstance(problem, SomaError) or problem.kind in _PASSING


def leaves_doubt(problem: BaseException) -> bool:
    """Whether the step may have been done, or may still come to be, although it failed."""
    return may_pass(problem) and not (isinstance(problem, SomaError) and problem.kind in _ANSWERED)


def outcome_of(
    definition: SagaDefinition, position: Position, problem: BaseException | None, pace: Pace, *, late: bool
) -> Outcome:
    """What a try from this position came to; `late` says that the time of the whole saga is over."""
    if problem is None:
        return Outcome.DONE
    if not may_pass(problem) and position.direction is Direction.FORWARD:
        return Outcome.REFUSED
    if position.direction is Direction.BACK:
        most = pace.undo.max_attempts
        return Outcome.WORN if most is not None and position.attempts + 1 >= most else Outcome.FAILED
    if late:
        return Outcome.LATE
    return Outcome.WORN if position.attempts >= definition.steps[position.index].retries else Outcome.FAILED


def move_after(definition: SagaDefinition, position: Position, outcome: Outcome, pace: Pace, chance: float) -> Move:
    """What follows an outcome at this position, whose doubt includes this try; `chance` in [0, 1)."""
    then = TABLE[stage_of(definition, position), outcome, position.doubt]
    match then:
        case Then.ON:
            return _on(definition, position)
        case Then.AGAIN | Then.SLOWLY:
            return _again(position, then, pace, chance)
        case Then.UNDO_THIS:
            return _undo(definition, position.index, then, doubt=True)
        case Then.UNDO_BEFORE | Then.BACK:
            return _undo(definition, position.index - 1, then, doubt=False)
        case Then.STUCK:
            status = Status.COMPENSATION_STUCK if position.direction is Direction.BACK else Status.STUCK
            return Move(then, status, _tried(position))


def _on(definition: SagaDefinition, position: Position) -> Move:
    following = position.index + 1
    if following == len(definition.steps):
        return Move(Then.ON, Status.COMPLETED, Position(position.index))
    return Move(Then.ON, Status.RUNNING, Position(following))


def _again(position: Position, then: Then, pace: Pace, chance: float) -> Move:
    if position.direction is Direction.BACK:
        status, backoff = Status.COMPENSATING, pace.undo
    else:
        status, backoff = Status.RUNNING, pace.slow if then is Then.SLOWLY else pace.step
    limit = backoff.limit_seconds(position.attempts + 1)
    wait_seconds = limit * (backoff.floor + (1 - backoff.floor) * chance)
    return Move(then, status, _tried(position), wait_seconds)


def _undo(definition: SagaDefinition, index: int, then: Then, *, doubt: bool) -> Move:
    """Down to the next step that has something to undo; only the first one on the way can be in doubt."""
    for place in range(index, -1, -1):
        if definition.steps[place].compensation is not None:
            in_doubt = doubt and place == index
            return Move(then, Status.COMPENSATING, Position(place, Direction.BACK, doubt=in_doubt))
    return Move(then, Status.COMPENSATED, Position(0, Direction.BACK))


def _tried(position: Position) -> Position:
    return Position(position.index, position.direction, position.attempts + 1, position.doubt)


def turned_back(definition: SagaDefinition, status: Status, position: Position, *, held: bool) -> Move | None:
    """What follows when a person wants a saga undone that is still going or is completed; None when it cannot be.

    `held` says that somebody is at work on it, whose writes will be refused from now on.
    """
    if status is Status.COMPLETED:
        final = any(step.is_final for step in definition.steps)
        return None if final else _undo(definition, len(definition.steps) - 1, Then.BACK, doubt=False)
    stage = stage_of(definition, position)
    doubt = (held or position.doubt) and not definition.steps[position.index].local
    if stage is Stage.BEHIND or (stage is Stage.PIVOT and doubt):
        return None
    if doubt:
        return _undo(definition, position.index, Then.UNDO_THIS, doubt=True)
    return _undo(definition, position.index - 1, Then.UNDO_BEFORE, doubt=False)
