"""The table of what follows what, and the waits between tries."""

from itertools import product
from uuid import uuid4

import pytest

from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT, service_caller
from soma_common.sagas.models import Direction, SagaDefinition, SagaStep, Status, StepCall, Values
from soma_common.sagas.plan import (
    TABLE,
    Move,
    Outcome,
    Pace,
    Position,
    Stage,
    Then,
    leaves_doubt,
    may_pass,
    move_after,
    outcome_of,
    stage_of,
    turned_back,
)

PACE = Pace(
    step=Backoff(first_seconds=1, longest_seconds=4),
    slow=Backoff(first_seconds=10, longest_seconds=100),
    undo=Backoff(first_seconds=2, longest_seconds=8, max_attempts=3),
)
LATE = SomaError(Reason.DEADLINE_EXCEEDED)
BUSY = SomaError(Reason.CONFLICT)
NO = SomaError(Reason.RESOURCE_NOT_FOUND)


async def act(call: StepCall) -> Values:
    return {}


def undoable(name: str) -> SagaStep:
    return SagaStep(name, act, act)


# a and b can be undone; c cannot, and d stands behind it.
WALK = SagaDefinition("walk", (undoable("a"), undoable("b"), SagaStep("c", act), SagaStep("d", act)))
BACK = Direction.BACK


def after(position: Position, outcome: Outcome, chance: float = 1.0) -> Move:
    return move_after(WALK, position, outcome, PACE, chance)


def test_the_table_has_a_row_for_everything_that_can_happen() -> None:
    assert set(TABLE) == set(product(Stage, Outcome, (False, True)))


def test_the_stage_tells_whether_there_is_a_way_back() -> None:
    assert [stage_of(WALK, Position(place)).name for place in range(4)] == ["UNDOABLE", "UNDOABLE", "PIVOT", "BEHIND"]
    assert stage_of(WALK, Position(1, BACK)) is Stage.UNDOING


def test_it_goes_on_to_the_next_step_and_forgets_the_tries_of_this_one() -> None:
    assert after(Position(0, attempts=2, doubt=True), Outcome.DONE) == Move(Then.ON, Status.RUNNING, Position(1))
    assert after(Position(3), Outcome.DONE).status is Status.COMPLETED


@pytest.mark.parametrize(("doubt", "undone"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.WORN, Outcome.LATE])
def test_a_step_that_may_have_been_done_is_undone_too(outcome: Outcome, doubt: bool, undone: int) -> None:
    move = after(Position(1, doubt=doubt), outcome)
    assert (move.status, move.position) == (Status.COMPENSATING, Position(undone, BACK, doubt=doubt))


def test_compensations_go_down_to_the_first_step() -> None:
    down = after(Position(1, BACK, attempts=1, doubt=True), Outcome.DONE)
    assert down == Move(Then.BACK, Status.COMPENSATING, Position(0, BACK))
    assert after(down.position, Outcome.DONE).status is Status.COMPENSATED


def test_a_saga_that_had_done_nothing_is_undone_at_once() -> None:
    assert after(Position(0), Outcome.REFUSED).status is Status.COMPENSATED


def test_a_pivot_in_doubt_is_asked_until_it_is_known() -> None:
    assert after(Position(2), Outcome.WORN).status is Status.COMPENSATING
    assert after(Position(2, doubt=True), Outcome.WORN).then is Then.SLOWLY
    assert after(Position(2, doubt=True), Outcome.REFUSED).then is Then.SLOWLY
    assert after(Position(2, doubt=True), Outcome.LATE).status is Status.STUCK


def test_behind_the_pivot_there_is_no_way_back() -> None:
    assert after(Position(3), Outcome.WORN) == Move(Then.SLOWLY, Status.RUNNING, Position(3, attempts=1), 10.0)
    assert after(Position(3), Outcome.REFUSED).status is Status.STUCK
    assert after(Position(3), Outcome.LATE).status is Status.STUCK


def test_a_compensation_is_repeated_whatever_it_says_and_then_given_to_a_person() -> None:
    position = Position(1, BACK)
    for problem in (NO, LATE):
        assert outcome_of(WALK, position, problem, PACE, late=True) is Outcome.FAILED
    assert after(position, Outcome.FAILED) == Move(
        Then.AGAIN, Status.COMPENSATING, Position(1, BACK, attempts=1), wait_seconds=2.0
    )
    assert outcome_of(WALK, Position(1, BACK, attempts=2), NO, PACE, late=False) is Outcome.WORN
    assert after(Position(1, BACK, attempts=2), Outcome.WORN).status is Status.COMPENSATION_STUCK


def test_the_waits_grow_between_the_floor_and_the_limit() -> None:
    waits = [after(Position(1, attempts=tried), Outcome.FAILED).wait_seconds for tried in range(4)]
    assert waits == [1, 2, 4, 4]
    assert after(Position(1), Outcome.FAILED, chance=0.0).wait_seconds == 0.5


def test_what_came_of_a_try_is_judged_by_its_error_the_tries_and_the_time() -> None:
    def judged(problem: Exception | None, attempts: int = 0, late: bool = False) -> Outcome:
        return outcome_of(WALK, Position(1, attempts=attempts), problem, PACE, late=late)

    assert judged(None, late=True) is Outcome.DONE
    assert judged(NO, late=True) is Outcome.REFUSED
    assert judged(LATE) is Outcome.FAILED
    assert judged(LATE, attempts=3) is Outcome.WORN
    assert judged(LATE, late=True) is Outcome.LATE
    assert judged(ValueError("a defect")) is Outcome.FAILED


def test_only_what_was_answered_leaves_no_doubt() -> None:
    assert [(may_pass(it), leaves_doubt(it)) for it in (NO, BUSY, LATE, ValueError())] == [
        (False, False),
        (True, False),
        (True, True),
        (True, True),
    ]
    passing = {reason for reason in Reason if may_pass(SomaError(reason))}
    assert {Reason.DATABASE_UNAVAILABLE, Reason.RATE_LIMITED, Reason.INTERNAL} <= passing
    assert all(SomaError(reason).kind is not Kind.FAILED_PRECONDITION for reason in passing)


def test_a_person_can_turn_it_back_only_before_the_pivot() -> None:
    def asked(position: Position, held: bool = False, status: Status = Status.RUNNING) -> Move | None:
        return turned_back(WALK, status, position, held=held)

    assert asked(Position(1)) == Move(Then.UNDO_BEFORE, Status.COMPENSATING, Position(0, BACK))
    assert asked(Position(1), held=True) == Move(Then.UNDO_THIS, Status.COMPENSATING, Position(1, BACK, doubt=True))
    assert asked(Position(2)) == Move(Then.UNDO_BEFORE, Status.COMPENSATING, Position(1, BACK))
    assert asked(Position(2), held=True) is None
    assert asked(Position(3)) is None
    assert asked(Position(3), status=Status.COMPLETED) is None
    whole = SagaDefinition("whole", (undoable("a"), undoable("b")))
    move = turned_back(whole, Status.COMPLETED, Position(1), held=False)
    assert move is not None
    assert move.position == Position(1, BACK)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (undoable("a"), undoable("a")),
        (SagaStep("a", act), undoable("b")),
    ],
)
def test_a_definition_that_cannot_be_is_refused(steps: tuple[SagaStep, ...]) -> None:
    with pytest.raises(ValueError):
        SagaDefinition("walk", steps)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 57}, {"version": 0}, {"timeout_seconds": 0}])
def test_a_definition_has_a_short_name_a_version_and_time(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SagaDefinition(**{"name": "walk", "steps": (undoable("a"),), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{}, {"action": act, "awaits": "x.y"}, {"action": act, "timeout_seconds": 0}])
def test_a_step_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SagaStep("a", **wrong)  # type: ignore[arg-type]


def test_only_a_local_step_has_a_transaction() -> None:
    key = uuid4()
    call = StepCall(key, SYSTEM_TENANT, service_caller("chat"), "c", "a", {}, {}, key, 1)
    with pytest.raises(LookupError):
        _ = call.connection
