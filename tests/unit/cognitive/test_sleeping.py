"""States of sleep: the table, times to live, and what each state scales, by hand."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import pytest

from servers.cognitive.domain.sleeping import (
    SCHEDULES,
    Schedule,
    Sleep,
    SleepState,
    Stay,
    allowed,
    first_sleep,
    moved,
    ways_from,
)

ACTIVE, LIGHT, DEEP, FREEZE = SleepState
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ttl(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


TABLE = {
    (ACTIVE, LIGHT),
    (LIGHT, ACTIVE),
    (LIGHT, DEEP),
    (DEEP, LIGHT),
    (ACTIVE, FREEZE),
    (LIGHT, FREEZE),
    (DEEP, FREEZE),
    (FREEZE, LIGHT),
}
BY_WAKE = {(LIGHT, ACTIVE), (DEEP, ACTIVE), (FREEZE, ACTIVE)}


@pytest.mark.parametrize("wake", [False, True])
@pytest.mark.parametrize("target", SleepState)
@pytest.mark.parametrize("state", SleepState)
def test_the_table_is_exactly_as_written(state: SleepState, target: SleepState, wake: bool) -> None:
    assert allowed(state, target, wake) is ((state, target) in TABLE | (BY_WAKE if wake else set()))


def test_the_ways_from_a_state_are_told_in_words() -> None:
    assert [ways_from(state) for state in SleepState] == [
        "light, freeze",
        "active, deep, freeze",
        "light, freeze, active by wake",
        "light, active by wake",
    ]


def test_each_state_scales_what_the_formulas_say() -> None:
    # K = 100, 60, 20, 1 of 100; t = 1, .75, .5, .1 of 1; tau = .1, .075, .05, 1e-6 of .1; eta = .01, .005, 0, 0 of .01
    by_hand = {
        ACTIVE: Schedule(0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0),
        LIGHT: Schedule(0.5, 0.6, 0.75, 0.75, 0.5, 0.25, 0.8),
        DEEP: Schedule(1.0, 0.2, 0.5, 0.5, 0.0, 0.5, 0.5),
        FREEZE: Schedule(10.0, 0.01, 0.1, 1e-5, 0.0, 5.0, 0.0),
    }
    assert set(SCHEDULES) == set(by_hand)
    for state, schedule in by_hand.items():
        assert astuple(SCHEDULES[state]) == pytest.approx(astuple(schedule), rel=1e-12)


def test_a_time_to_live_ends_on_the_moment_and_leads_back() -> None:
    sleep = moved(first_sleep(NOON), LIGHT, NOON, ttl(60))
    assert sleep.at(later(59.999)) is sleep
    assert sleep.at(later(60)) == Sleep(2, ACTIVE, LIGHT, since=later(60))
    assert sleep.at(later(9999)) == sleep.at(later(60))


def test_a_time_to_live_within_another_keeps_the_outer_one() -> None:
    """Whoever is frozen for a minute is not frozen for good because somebody roused it for ten seconds meanwhile."""
    frozen = moved(first_sleep(NOON), FREEZE, NOON, ttl(60))
    roused = moved(frozen, LIGHT, later(10), ttl(10))
    assert roused.at(later(20)) == Sleep(3, FREEZE, LIGHT, later(20), later(60), (Stay(ACTIVE, None),))
    assert roused.at(later(60)) == Sleep(4, ACTIVE, FREEZE, later(60))


def test_a_time_to_live_that_outlasts_the_one_before_leads_to_what_that_led_to() -> None:
    frozen = moved(first_sleep(NOON), FREEZE, NOON, ttl(60))
    assert moved(frozen, LIGHT, later(10), ttl(50)).returns == (Stay(ACTIVE, None),)
    # Active for longer than it would be frozen: it is active from now on.
    assert moved(frozen, ACTIVE, later(10), ttl(50)) == Sleep(2, ACTIVE, FREEZE, later(10))


def test_in_the_same_state_only_the_time_to_live_is_set_or_taken_away() -> None:
    light = moved(first_sleep(NOON), LIGHT, NOON, None)
    assert moved(light, LIGHT, later(5), None) is light
    short = moved(light, LIGHT, later(5), ttl(60))
    assert (short.version, short.since, short.until, short.returns_to) == (2, NOON, later(65), ACTIVE)
    assert moved(short, LIGHT, later(6), None) == Sleep(3, LIGHT, ACTIVE, NOON)


def test_an_agent_that_was_never_elsewhere_has_nowhere_to_go_back_to() -> None:
    awake = first_sleep(NOON)
    assert moved(awake, ACTIVE, later(5), ttl(60)) is awake
