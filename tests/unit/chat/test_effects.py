"""The table of a call's effect, and what is done with a call that somebody claimed before."""

import pytest

from servers.chat.domain.effects import MOVES, Effect, Move, Step, step_for


def test_nothing_is_sent_that_was_not_claimed_and_nothing_twice() -> None:
    senders = {state for (state, move) in MOVES if move is Move.SEND}
    assert senders == {Effect.CLAIMED}
    # What was sent leads to an end, and no end leads on.
    assert {MOVES[Effect.SENT, move] for state, move in MOVES if state is Effect.SENT} == {Effect.DONE, Effect.UNKNOWN}
    assert not [state for state, _ in MOVES if state in (Effect.DONE, Effect.UNKNOWN)]


def test_a_person_decides_once() -> None:
    assert MOVES[Effect.WAITING, Move.APPROVED] is Effect.CLAIMED
    assert MOVES[Effect.WAITING, Move.DENIED] is Effect.DONE
    assert {state for state, move in MOVES if move in (Move.APPROVED, Move.DENIED)} == {Effect.WAITING}


@pytest.mark.parametrize(
    ("was", "repeatable", "step"),
    [
        ("", False, Step.RUN),
        ("claimed", False, Step.RUN),
        ("sent", True, Step.RESOLVE),
        ("sent", False, Step.GIVE_UP),
        ("done", True, Step.TELL),
        ("done", False, Step.TELL),
        ("unknown", True, Step.TELL),
        ("unknown", False, Step.TELL),
    ],
)
def test_what_was_sent_is_never_run_again_blindly(was: str, repeatable: bool, step: Step) -> None:
    assert step_for(was, repeatable=repeatable) is step
