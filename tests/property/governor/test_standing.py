"""How a level recovers as time passes: never early, never by seconds that nobody saw, never to and fro."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from servers.governor.domain.levels import Health, LevelState, Observation
from servers.governor.domain.rules import DEFAULT_RULES, Level
from servers.governor.domain.standing import CHECK, SIGHTS_COUNT, Basis, Standing, View, caught_up, status_of
from tests.property.governor.strategies import NOW

GOOD: View = (Observation("memory", Health.UP),)
BAD: View = (Observation("memory", Health.DOWN),)
FALLEN = Standing(LevelState(Level.L1), check_time=NOW, change_time=NOW)


@dataclass(frozen=True)
class Seconds:
    """How the mesh was in each second after NOW; None where nobody looked."""

    views: Sequence[View | None]

    def at(self, moment: datetime) -> View | None:
        number = (moment - NOW) // CHECK
        return self.views[number - 1] if 0 < number <= len(self.views) else None


def basis(views: Sequence[View | None], checks: int = 3) -> Basis:
    return Basis(replace(DEFAULT_RULES, good_checks_to_recover=checks), (), Seconds(views))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


views = st.sampled_from((GOOD, BAD, None))


@given(st.lists(views, max_size=40), st.integers(1, 6))
def test_a_level_has_recovered_when_and_only_when_so_many_seconds_in_a_row_were_good(
    seen: list[View | None], checks: int
) -> None:
    level, streak = Level.L1, 0
    for view in seen:
        streak = streak + 1 if view is GOOD else 0
        level = Level.L1 if view is BAD else Level.L0 if streak >= checks else level
    assert caught_up(FALLEN, basis(seen, checks), after(len(seen))).state.level is level


@given(st.lists(views, max_size=20), st.lists(st.floats(0, 3), min_size=1, max_size=20))
def test_how_often_somebody_asks_makes_no_difference(seen: list[View | None], steps: list[float]) -> None:
    asked, moment = FALLEN, NOW
    for step in steps:
        moment += timedelta(seconds=step)
        asked = caught_up(asked, basis(seen), moment)
        if asked.state.level is Level.L0:
            break
    assert asked.state == caught_up(FALLEN, basis(seen), moment).state


@given(st.integers(1, 60), st.integers(2, 4))
def test_what_comes_and_goes_keeps_its_level(length: int, checks: int) -> None:
    seen = [(BAD if number % 2 else GOOD) for number in range(length)]
    standing, moves = FALLEN, 0
    for number in range(1, length + 1):
        view = seen[number - 1]
        status = status_of(standing, basis(seen, checks), view, after(number))
        moves += status.level is not standing.state.level
        standing = status.standing
    assert (moves, standing.state.level) == (0, Level.L1)


@given(st.lists(st.sampled_from((GOOD, BAD)), min_size=1, max_size=30))
def test_a_level_falls_at_once_and_moves_up_only_by_good_seconds(seen: list[View]) -> None:
    standing = Standing()
    for number, view in enumerate(seen, start=1):
        status = status_of(standing, basis(seen), view, after(number))
        expected = BAD in seen[max(0, number - 3) : number]
        assert (status.level is Level.L1) is expected
        standing = status.standing


@given(st.integers(0, 40))
def test_what_the_last_turn_saw_of_its_own_counts_for_a_while(seconds: int) -> None:
    standing = replace(FALLEN, state=LevelState(Level.L4), sights=(Observation("model", Health.DOWN),), sight_time=NOW)
    status = status_of(standing, basis([GOOD] * 40), GOOD, after(seconds))
    counts = SIGHTS_COUNT // CHECK
    assert (status.level is Level.L4) is (seconds < counts + 2)
    if seconds < counts:
        assert status.reasons[0].sentence == "No model answers, so the agent's prepared answer is sent."
