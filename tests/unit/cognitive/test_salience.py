"""How salient a step is, and when the gates of a session open and close."""

import pytest

from servers.cognitive.domain.neuromodulators import BASELINE, Values
from servers.cognitive.domain.salience import CLOSED, Gates, act_threshold, judge, salience_of


def values(dopamine: float = 0.4, noradrenaline: float = 0.0, acetylcholine: float = 0.0) -> Values:
    return Values(dopamine, 0.5, noradrenaline, acetylcholine)


@pytest.mark.parametrize(
    ("novelty", "error", "state", "salience"),
    [
        (0.0, 0.0, BASELINE, 0.0),
        (1.0, 0.0, BASELINE, 0.6),
        (0.5, 0.5, BASELINE, 0.5),
        (1.0, 1.0, BASELINE, 1.0),
        # dopamine counts within 0.2-0.8, acetylcholine by novelty
        (0.0, 1.0, values(dopamine=0.0), 0.2),
        (0.0, 1.0, values(dopamine=0.8), 0.8),
        (0.5, 0.0, values(acetylcholine=0.5), 0.55),
        (1.0, 1.0, values(dopamine=0.8, acetylcholine=0.5), 1.0),
    ],
)
def test_salience_is_the_sum_of_what_is_new_and_what_was_not_expected(
    novelty: float, error: float, state: Values, salience: float
) -> None:
    assert salience_of(novelty, error, state) == pytest.approx(salience)


def test_what_is_not_a_number_counts_as_nothing() -> None:
    assert salience_of(float("nan"), 1.0, BASELINE) == pytest.approx(0.4)


def test_alertness_raises_the_bar_for_acting() -> None:
    assert act_threshold(values(noradrenaline=0.1)) == pytest.approx(0.8)


def test_a_gate_opens_at_its_threshold_and_closes_a_tenth_lower() -> None:
    opened = judge(CLOSED, 0.5, 0.5, 0.7)
    assert (opened.gates, opened.store_threshold) == (Gates(store=True, act=False), 0.5)
    still = judge(opened.gates, 0.41, 0.5, 0.7)
    assert still.gates.store
    assert still.store_threshold == pytest.approx(0.4)
    closed = judge(still.gates, 0.39, 0.5, 0.7)
    assert not closed.gates.store
    assert not judge(closed.gates, 0.41, 0.5, 0.7).gates.store


def test_the_gates_stand_by_themselves() -> None:
    both = judge(CLOSED, 0.75, 0.5, 0.7)
    assert both.gates == Gates(store=True, act=True)
    assert judge(both.gates, 0.45, 0.5, 0.7).gates == Gates(store=True, act=False)
