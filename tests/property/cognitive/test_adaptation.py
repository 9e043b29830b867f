"""Laws of the adaptation that hold for every input."""

import math
from dataclasses import astuple, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.adaptation import (
    BOUNDS,
    FIRST,
    LEAST_PART,
    RETRIEVERS,
    WEIGHT_NAMES,
    Adaptation,
    Feedback,
    Line,
    Shares,
    Weights,
    learn,
    replay,
    reset,
    rolled_back,
    shares_of,
    signal_of,
    utility,
    within,
)

ANY = st.floats(allow_nan=True, allow_infinity=True)
SHARES = st.builds(lambda *numbers: shares_of(numbers), ANY, ANY, ANY, ANY)
FEEDBACKS = st.builds(
    Feedback,
    signal=st.builds(signal_of, ANY, ANY) | st.floats(-2, 2),
    rate=st.floats(0, 0.6),
    shares=SHARES,
    characters=st.integers(0, 262_144),
    memories_used=st.integers(0, 200),
    again=st.booleans(),
)
# A feedback, a reset to a learning rate, or a rollback to a version before (counted from the first one, modulo).
STEPS = st.lists(FEEDBACKS | st.floats(0, 0.5) | st.integers(0, 1000), max_size=40)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def lines_of(steps: list[Feedback | float | int]) -> list[Line]:
    """What these steps write, with the first version in front."""
    lines = [Line("first", FIRST, "any", "", WHEN)]
    for step in steps:
        now = lines[-1].after
        if isinstance(step, Feedback):
            lines.append(Line("feedback", learn(now, step), "any", "", WHEN, feedback=step))
        elif isinstance(step, float):
            lines.append(Line("reset", reset(now, step), "any", "", WHEN))
        else:
            earlier = lines[step % len(lines)].after
            lines.append(Line("rollback", rolled_back(now, earlier), "any", "", WHEN))
    return lines


def sound(adaptation: Adaptation) -> bool:
    weights, mean = adaptation.weights, adaptation.mean_shares
    total = sum(weights.get(name) for name in RETRIEVERS)
    return (
        all(BOUNDS[name].minimum <= weights.get(name) <= BOUNDS[name].maximum for name in WEIGHT_NAMES)
        and all(weights.get(name) >= LEAST_PART * total for name in RETRIEVERS)
        and all(0.0 <= mean.get(name) <= 1.0 for name in RETRIEVERS)
        and 0.0 <= adaptation.learning_rate <= 0.5
    )


@given(STEPS)
def test_every_version_is_in_its_ranges_and_no_weight_is_under_its_least_part(steps: list[Feedback | float]) -> None:
    assert all(sound(line.after) for line in lines_of(steps))


@given(st.builds(Weights, *[ANY] * 8))
def test_the_nearest_weights_of_any_numbers_are_sound_and_stay_as_they_are(weights: Weights) -> None:
    once = within(weights)
    assert sound(replace(FIRST, weights=once))
    assert within(once) == once


@given(STEPS)
def test_replaying_the_lines_gives_each_version_bit_by_bit(steps: list[Feedback | float]) -> None:
    lines = lines_of(steps)
    for number in range(len(lines)):
        assert replay(lines[0].after, lines[1 : number + 1]) == lines[number].after


@given(STEPS, st.integers(0, 40))
def test_a_rollback_gives_what_that_version_was_bit_by_bit(steps: list[Feedback | float], wanted: int) -> None:
    lines = lines_of(steps)
    earlier, now = lines[wanted % len(lines)].after, lines[-1].after
    back = rolled_back(now, earlier)
    assert [part.hex() for part in astuple(back.weights)] == [part.hex() for part in astuple(earlier.weights)]
    assert back == replace(earlier, version=now.version + 1)


@given(FEEDBACKS, st.sampled_from(RETRIEVERS))
def test_a_weight_moves_only_where_its_retriever_found_more_or_less_than_usual(given: Feedback, name: str) -> None:
    after = learn(FIRST, given)
    pull = given.rate * given.signal * (given.shares.get(name) - FIRST.mean_shares.get(name))
    change = after.weights.get(name) - FIRST.weights.get(name)
    # A weight at the least part may be lifted with the sum of all.
    assert change * pull >= 0 or abs(change) <= LEAST_PART


@given(FEEDBACKS)
def test_a_rate_of_nothing_moves_no_weight_but_counts(given: Feedback) -> None:
    after = learn(FIRST, replace(given, rate=0.0, again=False))
    assert after.weights == FIRST.weights
    assert after.feedback_count == 1


@given(st.builds(Weights, *[ANY] * 8), SHARES, st.integers(0, 262_144), st.integers(0, 200))
def test_a_utility_is_a_number_and_falls_with_length_and_with_memories(
    weights: Weights, shares: Shares, characters: int, memories: int
) -> None:
    inside = within(weights)
    told = utility(inside, shares, characters, memories)
    assert math.isfinite(told)
    assert utility(inside, shares, characters + 1024, memories) < told
    assert utility(inside, shares, characters, memories + 1) < told


@given(FEEDBACKS)
def test_learning_brings_the_utility_nearer_to_the_signal_or_to_an_end(given: Feedback) -> None:
    given = replace(given, again=False, signal=max(-1.0, min(1.0, given.signal)))
    emphasis, used = given.shares, (given.characters, given.memories_used)
    before, after = FIRST, learn(FIRST, given)
    # Judged with the retrievers as they were: what they learn is another law.
    moved = replace(after.weights, **{name: before.weights.get(name) for name in RETRIEVERS})
    error = abs(given.signal - utility(before.weights, emphasis, *used))
    assert abs(given.signal - utility(moved, emphasis, *used)) <= error + 1e-9
