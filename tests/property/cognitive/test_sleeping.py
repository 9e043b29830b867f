"""Laws of sleep and load that hold for every input."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.load import (
    LEAST_RELIEVED,
    RELIEF,
    THRESHOLD,
    Load,
    LoadFacts,
    after_turn,
    first_load,
    relieved,
)
from servers.cognitive.domain.sleeping import SCHEDULES, Sleep, SleepState, allowed, first_sleep, moved

START = datetime(2026, 1, 1, tzinfo=UTC)
ANY = st.floats(allow_nan=True, allow_infinity=True)
SECONDS = st.floats(0, 7200)
TTLS = st.one_of(st.none(), st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)))
# After so long somebody asks for a state, for how long, and whether as a wake.
ASKED = st.tuples(SECONDS, st.sampled_from(SleepState), TTLS, st.booleans())
FACTS = st.builds(LoadFacts, ANY, ANY, ANY)
TURNS = st.lists(st.tuples(SECONDS, FACTS, st.integers(-5, 10**9), st.booleans()), max_size=30)


def sound(sleep: Sleep) -> bool:
    """Whether what a sleep goes back to is whole: it has an end exactly where it has a return, later and later."""
    ends = [sleep.until, *(stay.until for stay in sleep.returns)]
    states = [sleep.state, *(stay.state for stay in sleep.returns)]
    return (
        ends[-1] is None
        and None not in ends[:-1]
        and all(one < other for one, other in pairwise(ends[:-1]))  # type: ignore[operator]
        and all(one is not other for one, other in pairwise(states))
        and (sleep.until is None or sleep.until > sleep.since)
    )


@given(st.lists(ASKED, max_size=30))
def test_no_operations_leave_an_undefined_state(asked: list[tuple[float, SleepState, timedelta | None, bool]]) -> None:
    now, sleep = START, first_sleep(START)
    for seconds, target, ttl, wake in asked:
        now += timedelta(seconds=seconds)
        was = sleep
        sleep = sleep.at(now)
        assert sound(sleep)
        assert sleep.version - was.version <= 1 + len(was.returns)
        if target is not sleep.state and not allowed(sleep.state, target, wake):
            continue
        after = moved(sleep, target, now, ttl)
        assert sound(after)
        assert after.state is target
        assert after is sleep or after.version == sleep.version + 1
        if ttl is None:
            assert after.until is None
        sleep = after


@given(st.lists(ASKED, min_size=1, max_size=8), st.lists(SECONDS, max_size=6))
def test_however_often_it_is_looked_at_a_time_to_live_leads_to_the_same(
    asked: list[tuple[float, SleepState, timedelta | None, bool]], looks: list[float]
) -> None:
    now, sleep = START, first_sleep(START)
    for seconds, target, ttl, _ in asked:
        now += timedelta(seconds=seconds)
        sleep = moved(sleep.at(now), target, now, ttl)
    at_once = sleep.at(now + timedelta(seconds=sum(looks)))
    for seconds in looks:
        now += timedelta(seconds=seconds)
        sleep = sleep.at(now)
    assert sleep.at(now) == sleep
    assert abs(at_once.version - sleep.version) <= 1  # Sums of seconds may differ by a microsecond.
    assert sleep.until is None or now < sleep.until


@given(st.sampled_from(SleepState), TTLS.filter(lambda ttl: ttl is not None), st.floats(0, 1))
def test_a_time_to_live_leads_to_the_state_before_and_not_earlier(
    target: SleepState, ttl: timedelta, part: float
) -> None:
    before = first_sleep(START)
    after = moved(before, target, START, ttl)
    if target is SleepState.ACTIVE:
        assert after is before
        return
    early = START + ttl * part
    assert (after.at(early).state is target) is (early < START + ttl)
    assert after.at(START + ttl).state is SleepState.ACTIVE
    assert after.at(START + ttl).since == START + ttl


def test_the_deeper_the_sleep_the_less_of_everything_but_the_barrier() -> None:
    for lighter, deeper in pairwise(SCHEDULES[state] for state in SleepState):
        assert deeper.recall_width < lighter.recall_width
        assert deeper.time_budget < lighter.time_budget
        assert deeper.temperature < lighter.temperature
        assert deeper.learning_rate <= lighter.learning_rate
        assert deeper.forgetting < lighter.forgetting
        assert deeper.barrier > lighter.barrier


@given(TURNS)
def test_no_facts_bring_a_load_out_of_its_range(turns: list[tuple[float, LoadFacts, int, bool]]) -> None:
    now, load = START, first_load(START)
    for seconds, facts, unconsolidated, cycle in turns:
        now += timedelta(seconds=seconds)
        load = after_turn(replace(load, unconsolidated=unconsolidated), facts, now)
        if cycle:
            load = relieved(load, now)
        assert 0.0 <= load.load <= 1.0
        assert 0.0 <= load.relieved_at(now) <= load.unrelieved_at(now) <= 1.0
        assert load.relieved_at(now) >= min(LEAST_RELIEVED, load.unrelieved_at(now))
        assert 0.0 <= load.relief_at(now) <= RELIEF
        assert (load.turns_above > 0) is (load.above_since is not None)
        if load.due(now):
            assert load.relieved_at(now) > THRESHOLD


@given(st.floats(0, 1), st.integers(0, 2000), st.lists(st.floats(0, 100_000), min_size=2, max_size=6))
def test_pauses_fade_what_a_cycle_took_off_and_the_load_itself(
    value: float, unconsolidated: int, seconds: list[float]
) -> None:
    load = relieved(Load(START, value, unconsolidated=unconsolidated), START)
    rest = 0.1 * load.unconsolidated_share
    moments = [START + timedelta(seconds=each) for each in sorted(seconds)]
    reliefs = [load.relief_at(moment) for moment in moments]
    loads = [load.unrelieved_at(moment) for moment in moments]
    assert all(one >= other for one, other in pairwise(reliefs))
    # A power of two may be off by its last digit.
    falls = 1 if value >= rest else -1
    assert all(falls * (one - other) >= -1e-12 for one, other in pairwise(loads))


@given(st.lists(st.floats(0, 0.799), min_size=1, max_size=10), FACTS)
def test_one_spike_is_never_enough(parts: list[float], spike: LoadFacts) -> None:
    """Whatever one turn tells: before it and after it calm turns, and at no time before five minutes is a cycle due."""
    now, load = START, replace(first_load(START), unconsolidated=1000)
    for part in parts:
        load = after_turn(load, LoadFacts(part, part, part), now)
    load = after_turn(load, spike, now)
    assert not load.due(now)
    load = after_turn(load, LoadFacts(), now)
    assert (load.turns_above, load.above_since) == (0, None)
