"""The table of a turn's moves."""

import pytest

from servers.chat.domain.turn import MOVES, TERMINAL, IllegalMoveError, Phase, Step, TurnState


def test_events_are_numbered_densely_from_one() -> None:
    state = TurnState()
    numbers = []
    for step in (Step.STARTED, Step.NOTICE, Step.TEXT, Step.TOOL_CALL, Step.COMPLETED):
        state = state.after(step)
        numbers.append(state.sequence)
    assert numbers == [1, 2, 3, 4, 5]
    assert state.ended


def test_a_refusal_takes_no_number() -> None:
    assert TurnState().after(Step.REFUSED) == TurnState(Phase.ENDED, 0)


@pytest.mark.parametrize("step", list(Step))
def test_nothing_follows_the_end(step: Step) -> None:
    with pytest.raises(IllegalMoveError):
        TurnState(Phase.ENDED, 7).after(step)


def test_nothing_is_said_before_the_start() -> None:
    for step in (Step.TEXT, Step.REASONING, Step.NOTICE, Step.TOOL_CALL, Step.COMPLETED):
        with pytest.raises(IllegalMoveError):
            TurnState().after(step)


def test_every_terminal_step_ends_from_every_phase_that_allows_it() -> None:
    for (_, step), phase in MOVES.items():
        assert (phase is Phase.ENDED) == (step in TERMINAL or step is Step.REFUSED)
