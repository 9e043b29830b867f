"""Laws of the state that hold for every input."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.neuromodulators import (
    BASELINE,
    BOUNDS,
    NAMES,
    Signal,
    Values,
    after_turn,
    clamp,
    decay_for_turn,
    decay_over_time,
)
from servers.cognitive.domain.state import LogLine, State, apply, feel, first_state, observe, replay, set_values

ANY = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.builds(Values, ANY, ANY, ANY, ANY)
SIGNALS = st.lists(st.builds(Signal, st.sampled_from(NAMES), st.booleans(), ANY, st.just("any")), max_size=8)
START = datetime(2026, 1, 1, tzinfo=UTC)


def inside(values: Values) -> bool:
    return all(BOUNDS[name].minimum <= values.get(name) <= BOUNDS[name].maximum for name in NAMES)


@given(VALUES, VALUES, SIGNALS)
def test_no_input_leaves_the_ranges(values: Values, baseline: Values, signals: list[Signal]) -> None:
    assert inside(after_turn(values, clamp(baseline), signals))


@given(VALUES, st.floats(0, 1e7), st.floats(0, 1e7))
def test_decay_over_time_is_monotone_toward_the_baseline(values: Values, sooner: float, later: float) -> None:
    sooner, later = sorted((sooner, later))
    start = clamp(values)
    for name in NAMES:
        distances = [
            abs(decay_over_time(start, BASELINE, seconds).get(name) - BASELINE.get(name))
            for seconds in (0, sooner, later)
        ]
        assert distances[0] + 1e-12 >= distances[1] >= distances[2] - 1e-12


@given(VALUES)
def test_decay_for_a_turn_comes_nearer_and_never_passes_the_baseline(values: Values) -> None:
    start, after = clamp(values), decay_for_turn(clamp(values), BASELINE)
    for name in NAMES:
        before, now, base = start.get(name), after.get(name), BASELINE.get(name)
        assert min(before, base) - 1e-12 <= now <= max(before, base) + 1e-12


@pytest.mark.parametrize(
    ("name", "upward", "fixed_point"),
    [
        ("dopamine", True, 0.66),
        ("dopamine", False, 0.14),
        ("serotonin", True, 0.88),
        ("noradrenaline", True, 0.083),
        ("acetylcholine", True, 0.41),
    ],
)
def test_a_full_signal_each_turn_reaches_the_stated_fixed_point(name: str, upward: bool, fixed_point: float) -> None:
    values = BASELINE
    for _ in range(2000):
        values = after_turn(values, BASELINE, [Signal(name, upward, 1.0, "test")])
    assert values.get(name) == pytest.approx(fixed_point, abs=0.006)


REWARDS = st.floats(-1, 1)
STEPS = st.lists(
    st.tuples(st.integers(0, 86_400_000_000), SIGNALS, VALUES, st.booleans() | REWARDS | st.none()),
    min_size=1,
    max_size=30,
)


@given(STEPS)
def test_replaying_the_log_gives_the_same_numbers(
    steps: list[tuple[int, list[Signal], Values, bool | float | None]],
) -> None:
    now, lines = START, list[LogLine]()
    state: State = first_state(None, now)
    for pause, signals, wanted, how in steps:
        now += timedelta(microseconds=pause)
        match how:
            case bool(failed):
                line = observe(state, UUID(int=len(lines)), now, BASELINE, tuple(signals), failed)
            case float(reward):
                line = feel(state, UUID(int=len(lines)), now, reward)
            case _:
                line = set_values(state, now, wanted, "ada")
        state = apply(state, line)
        lines.append(line)
    assert replay(first_state(None, START), lines) == state
    assert [line.after for line in lines][-1] == state.values


@given(VALUES, ANY)
def test_feedback_pulls_dopamine_its_way_and_nothing_else(values: Values, reward: float) -> None:
    state = State(3, clamp(values), BASELINE, START)
    after = feel(state, None, START, reward).after
    assert inside(after)
    way = (reward > 0) - (reward < 0)
    assert (after.dopamine - state.values.dopamine) * way >= -1e-15
    unmoved = NAMES if way == 0 else NAMES[1:]
    for name in unmoved:
        assert after.get(name) == pytest.approx(state.values.get(name), abs=1e-15)


def test_a_line_out_of_order_is_refused() -> None:
    state = first_state(None, START)
    line = set_values(state, START, BASELINE, "ada")
    with pytest.raises(ValueError, match="does not follow"):
        apply(apply(state, line), line)
