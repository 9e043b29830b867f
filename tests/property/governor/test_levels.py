"""How a tenant's level moves: down at once, up with the third good check in a row."""

from hypothesis import given
from hypothesis import strategies as st

from servers.governor.domain.levels import LevelState, merge_observations
from servers.governor.domain.rules import DEFAULT_RULES, Level
from tests.property.governor.strategies import level_states, observations

levels = st.sampled_from(Level)


@given(level_states, levels)
def test_a_level_falls_at_once(state: LevelState, demanded: Level) -> None:
    after = state.after(demanded, DEFAULT_RULES)
    assert after.level >= demanded
    if demanded >= state.level:
        assert after == LevelState(demanded)


@given(st.lists(levels, max_size=30))
def test_a_level_is_the_worst_of_the_last_three_checks_or_held_longer(checks: list[Level]) -> None:
    state, history = LevelState(), [Level.L0] * 3
    for demanded in checks:
        before = state
        state = state.after(demanded, DEFAULT_RULES)
        history.append(demanded)
        assert state.level >= max(history[-3:])
        assert state.level <= max(history)
        if state.level < before.level:
            assert state.level == max(history[-3:])


@given(levels, levels)
def test_three_equal_checks_settle_any_level(start: Level, demanded: Level) -> None:
    state = LevelState(start)
    for _ in range(3):
        state = state.after(demanded, DEFAULT_RULES)
    assert state == LevelState(demanded)


@given(st.lists(observations, max_size=6), st.lists(observations, max_size=6))
def test_views_merge_to_the_worst_whatever_their_order(one: list, other: list) -> None:  # type: ignore[type-arg]
    merged = merge_observations(one, other)
    assert [seen.health for seen in merged] == [seen.health for seen in merge_observations(other, one)]
    for seen in (*one, *other):
        found = next(each for each in merged if each.name == seen.name)
        assert found.health >= seen.health
