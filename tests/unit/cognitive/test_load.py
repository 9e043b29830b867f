"""The load of an agent, by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from servers.cognitive.domain.load import Load, LoadFacts, after_turn, first_load, outlook, relieved, starts_cycle
from servers.cognitive.domain.sleeping import SleepState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = LoadFacts(1.0, 1.0, 1.0)
LOADED = Load(NOON, 0.9, FULL)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def after_turns(count: int, *, unconsolidated: int = 1000, seconds_apart: float = 0.0) -> Load:
    load = replace(first_load(NOON), unconsolidated=unconsolidated)
    for turn in range(count):
        load = after_turn(load, FULL, later(turn * seconds_apart))
    return load


def test_a_turn_moves_the_load_half_of_the_way() -> None:
    facts = LoadFacts(open_turns=0.5, context_fill=0.4, error_rate=0.1)
    load = after_turn(replace(first_load(NOON), unconsolidated=500), facts, NOON)
    # Half of 0.2 for turns, 0.12 for the context, 0.02 for errors and 0.05 for memories.
    assert load.load == pytest.approx(0.195)
    assert after_turn(load, facts, NOON).load == pytest.approx(load.load + 0.5 * (0.39 - load.load))


def test_a_load_is_due_after_three_turns_above_and_not_before() -> None:
    loads = [after_turns(count) for count in range(1, 7)]
    assert [load.turns_above for load in loads] == [0, 0, 1, 2, 3, 4]
    assert [load.due(NOON) for load in loads] == [False, False, False, False, True, True]


def test_a_load_is_due_after_five_minutes_above() -> None:
    load = replace(LOADED, turns_above=1, above_since=NOON)
    assert [load.due(later(seconds)) for seconds in (0, 299, 300)] == [False, False, True]


def test_one_spike_puts_no_agent_to_sleep() -> None:
    spike = replace(after_turns(3), load=0.81)
    assert spike.above_since is not None
    # By then the load has faded under the threshold.
    assert not spike.due(later(300))
    calm = after_turn(spike, LoadFacts(), later(10))
    assert (calm.turns_above, calm.above_since) == (0, None)


def test_a_pause_leaves_only_what_is_unconsolidated() -> None:
    load = replace(LOADED, load=0.8, unconsolidated=400)
    assert load.unrelieved_at(later(1800)) == pytest.approx(0.04 + 0.38)
    assert load.unrelieved_at(later(200_000)) == pytest.approx(0.04)


def test_a_cycle_takes_off_three_tenths_that_fade_over_an_hour() -> None:
    load = relieved(LOADED, NOON)
    assert [load.relief_at(later(seconds)) for seconds in (0, 1800, 3600, 9999)] == [0.3, 0.15, 0.0, 0.0]
    assert load.relieved_at(NOON) == pytest.approx(0.6)


@pytest.mark.parametrize(("load", "counts"), [(0.5, 0.3), (0.3, 0.3), (0.2, 0.2), (0.0, 0.0), (1.0, 0.7)])
def test_a_cycle_brings_no_load_under_three_tenths(load: float, counts: float) -> None:
    assert relieved(Load(NOON, load), NOON).relieved_at(NOON) == pytest.approx(counts)


def test_a_relieved_load_is_not_due() -> None:
    high = replace(after_turns(6), turns_above=9, above_since=later(-600))
    assert high.due(NOON)
    assert not relieved(high, NOON).due(NOON)


def test_a_load_that_asked_for_a_cycle_asks_again_after_ten_minutes() -> None:
    asked = replace(LOADED, turns_above=3, above_since=NOON, asked_time=later(-1))
    assert not asked.due(NOON)
    assert not asked.due(later(598))
    # By then a load that no turn has kept up is gone.
    assert not asked.due(later(599))
    assert replace(asked, time=later(590)).due(later(599))


def test_the_load_of_a_frozen_agent_starts_nothing() -> None:
    due = replace(LOADED, turns_above=3, above_since=NOON)
    assert [starts_cycle(due, state, NOON) for state in SleepState] == [True, True, True, False]


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        (first_load(NOON), "None starts by itself: the load is 0.00, and one starts above 0.80."),
        (replace(LOADED, turns_above=3), "One starts within seconds: the load is 0.90, above 0.80 for long enough."),
        (
            replace(LOADED, turns_above=1, above_since=later(-60)),
            "The load is 0.90: one starts after 2 more turns above 0.80, or at 12:04:00 UTC.",
        ),
        (
            replace(LOADED, turns_above=2, above_since=later(-60)),
            "The load is 0.90: one starts after 1 more turn above 0.80, or at 12:04:00 UTC.",
        ),
        (
            replace(LOADED, turns_above=9, asked_time=later(-60)),
            "The load of 0.90 started one lately; it starts the next at 12:09:00 UTC or later.",
        ),
    ],
)
def test_when_the_next_cycle_comes_is_a_sentence(load: Load, sentence: str) -> None:
    assert outlook(load, SleepState.ACTIVE, NOON) == sentence
    assert outlook(load, SleepState.FREEZE, NOON) == "None starts by itself while the agent is frozen."
