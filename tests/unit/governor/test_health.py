"""What many processes see, as one view; and what a turn takes of it."""

import pytest

from servers.governor.domain.health import Report, merge_reports, view_of_turn
from servers.governor.domain.levels import Health, Observation, health_demands
from servers.governor.domain.rules import DEFAULT_RULES, Lane, Level

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN


def report(house: str, **seen: Health) -> Report:
    return Report(house, tuple(Observation(name, health) for name, health in seen.items()))


def states(*reports: Report) -> dict[str, Health]:
    return {seen.name: seen.health for seen in merge_reports(reports)}


def observed(**seen: Health) -> tuple[Observation, ...]:
    return report("", **seen).seen


def test_a_sick_replica_speaks_for_nobody_while_a_healthy_one_does() -> None:
    sick = report("memory", database=DOWN, memory_index=DOWN, events=DOWN)
    healthy = report("memory", database=UP, memory_index=UP, events=UP)
    assert states(sick, healthy) == {"memory_database": UP, "memory_index": UP, "events": UP}
    assert states(sick) == {"memory_database": DOWN, "memory_index": DOWN, "events": DOWN}


def test_a_replica_that_knows_nothing_does_not_outvote_one_that_does() -> None:
    assert states(report("memory", memory_index=UNKNOWN), report("memory", memory_index=DOWN)) == {"memory_index": DOWN}


@pytest.mark.parametrize(
    ("by_chat", "by_edge", "state"),
    [(UP, UP, UP), (DOWN, DOWN, DOWN), (DOWN, UP, DEGRADED), (UP, DOWN, DEGRADED), (DOWN, DEGRADED, DEGRADED)],
)
def test_a_service_is_down_when_no_house_reaches_it(by_chat: Health, by_edge: Health, state: Health) -> None:
    assert states(report("chat", memory=by_chat), report("edge", memory=by_edge)) == {"memory": state}


def test_what_all_lean_on_is_as_the_worst_house_sees_it() -> None:
    assert states(report("chat", events=UP), report("memory", events=DOWN)) == {"events": DOWN}
    assert states(report("chat", database=UP), report("governor", database=DOWN)) == {"database": DOWN}


def test_each_house_has_a_database_of_its_own() -> None:
    seen = states(*(report(house, database=UP) for house in ("chat", "governor", "control", "memory", "cognitive")))
    assert set(seen) == {"database", "control_database", "memory_database", "cognitive_database"}


def test_the_order_of_reports_does_not_matter() -> None:
    reports = [report("chat", memory=DOWN, events=UP), report("edge", memory=UP), report("memory", events=DOWN)]
    assert merge_reports(reports) == merge_reports(reversed(reports))


def test_a_turn_believes_what_it_saw_before_what_is_reported() -> None:
    view = view_of_turn(observed(memory=UP, cognitive=DOWN), observed(memory=DOWN, cognitive=UP, events=DOWN))
    assert {seen.name: seen.health for seen in view} == {"memory": UP, "cognitive": DOWN, "events": DOWN}


def test_a_restriction_that_a_turn_saw_may_be_worse_than_it_looked() -> None:
    assert view_of_turn(observed(memory_index=DEGRADED), observed(memory_index=DOWN)) == observed(memory_index=DOWN)
    assert view_of_turn(observed(memory_index=DEGRADED), observed(memory_index=UP)) == observed(memory_index=DEGRADED)


def test_the_models_of_others_lower_nobody_s_level() -> None:
    reported = observed(model=DOWN)
    assert view_of_turn(observed(model=UP), reported) == observed(model=UP)
    assert view_of_turn(observed(model=DEGRADED), reported) == observed(model=DEGRADED)
    assert view_of_turn((), reported) == ()


def test_who_answered_has_its_database() -> None:
    reported = observed(memory_database=DOWN, cognitive_database=DOWN)
    view = view_of_turn(observed(memory=UP, cognitive=DOWN), reported)
    assert view == observed(cognitive=DOWN, cognitive_database=DOWN, memory=UP)


def test_what_is_well_need_not_be_said() -> None:
    assert view_of_turn(observed(memory=UP), observed(events=UP, control=DOWN)) == observed(control=DOWN, memory=UP)


def test_a_turn_proves_that_chat_and_governor_work() -> None:
    assert view_of_turn((), observed(chat=DOWN, governor=DEGRADED, edge=DOWN)) == ()


def test_the_database_of_memories_takes_their_lane() -> None:
    (demand,) = health_demands(observed(memory_database=DOWN), DEFAULT_RULES)
    assert (demand.level, demand.lane_off) == (Level.L1, Lane.MEMORY)
