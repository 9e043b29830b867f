"""Plans as a person would check them: levels, lanes and tools of one turn."""

from dataclasses import replace
from typing import Any

import pytest

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.levels import Health, LevelState, Observation
from servers.governor.domain.periods import EVER, Period
from servers.governor.domain.plan import Plan, plan_turn
from servers.governor.domain.request import Snapshot
from servers.governor.domain.rules import Lane, Level, Risk
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Price
from soma_common.kernel.reasons import Reason
from tests.unit.governor.samples import a_tool, hello


def down(*names: str, health: Health = Health.DOWN, **more: Any) -> Snapshot:
    return Snapshot(observations=tuple(Observation(name, health) for name in names), **more)


def refusal(request: Any, snapshot: Snapshot | None = None) -> SomaError:
    with pytest.raises(SomaError) as caught:
        plan_turn(request, snapshot or Snapshot())
    return caught.value


def sources(plan: Plan) -> list[tuple[str, Level]]:
    return [(reason.source, reason.level) for reason in plan.reasons]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("model", Level.L4),
        ("memory", Level.L1),
        ("memory_index", Level.L1),
        ("cognitive", Level.L0),
        ("database", Level.L0),
        ("signals", Level.L0),
        ("events", Level.L0),
    ],
)
def test_a_dependency_that_is_down_demands_its_level_with_a_sentence(name: str, level: Level) -> None:
    plan = plan_turn(hello(), down(name))
    assert plan.level is level
    assert sources(plan)[0] == ("health", level)
    assert all(reason.sentence.endswith(".") for reason in plan.reasons)


def test_a_dependency_with_restrictions_gives_a_notice_and_an_unknown_one_nothing() -> None:
    assert sources(plan_turn(hello(), down("memory", health=Health.DEGRADED))) == [("health", Level.L0)]
    assert plan_turn(hello(), down("memory", "model", health=Health.UNKNOWN)).reasons == ()


def test_without_the_memory_service_its_lane_is_empty_and_the_others_grow() -> None:
    request = hello(history_tokens=(400,) * 20, memory_tokens=900, memory_scores=(0.9,))
    healthy, without = plan_turn(request, Snapshot()), plan_turn(request, down("memory"))
    assert healthy.division.lanes[Lane.MEMORY] == 900
    assert without.division.lanes[Lane.MEMORY] == 0
    assert plan_turn(request, down("memory_index")).division.lanes[Lane.MEMORY] == 900


def test_a_budget_that_is_nearly_used_lowers_the_level() -> None:
    def at(used: int) -> Plan:
        day = BudgetState(Period.DAY, EVER, Amount(1000, 0), used=Amount(used, 0))
        return plan_turn(hello(), Snapshot(budgets=(day,)))

    assert [at(used).level for used in (0, 799, 800, 949, 950, 1000)] == [
        Level.L0, Level.L0, Level.L1, Level.L1, Level.L2, Level.L2,
    ]  # fmt: skip
    assert at(800).reasons[0].sentence == "80% of the day budget is used."


def test_poor_tools_lower_the_level_once_and_k_and_lanes_follow() -> None:
    tools = tuple(a_tool(f"thing_{number}", "Handles the mail of people.", 600) for number in range(5))
    request = hello(query="mail people", tools=tools, system_prompt_tokens=0)
    plan = plan_turn(request, Snapshot())
    assert sources(plan) == [("aiq", Level.L1)]
    assert plan.level is Level.L1
    assert plan.tool_k == 3
    assert plan.aiq.tool_relevance is not None


def test_without_a_relevant_tool_the_term_is_left_out() -> None:
    plan = plan_turn(hello(tools=(a_tool("send_mail", "Sends a letter."),)), Snapshot())
    assert plan.aiq.tool_relevance is None
    assert plan.level is Level.L0
    assert plan.tools[0].chosen
    assert plan.division.lanes[Lane.TOOLS] > 0


def test_a_tool_without_a_word_of_the_query_is_offered_after_those_with_one() -> None:
    tools = (a_tool("a_letter", "Writes."), a_tool("weather", "Forecast."))
    plan = plan_turn(hello(query="weather", tools=tools), Snapshot())
    assert [(row.tool.name, row.chosen) for row in plan.tools] == [("weather", True), ("a_letter", True)]


def test_risk_bounds_the_tools() -> None:
    tools = (a_tool("send_mail", "", 400), a_tool("read_mail", "", 400))
    request = hello(query="mail", tools=tools)
    assert plan_turn(request, Snapshot()).division.lanes[Lane.TOOLS] == 800
    low = plan_turn(replace(request, risk=Risk.LOW), Snapshot())
    assert [row.chosen for row in low.tools] == [True, False]
    assert "do not fit the tools lane" in low.tools[1].reason
    critical = plan_turn(replace(request, risk=Risk.CRITICAL), Snapshot())
    assert critical.tool_k == 0
    assert {row.reason for row in critical.tools} == {"the agent's risk profile allows no tools"}


@pytest.mark.parametrize(("delta", "level_state", "expected"), [(1, Level.L0, 6), (-1, Level.L0, 4), (1, Level.L3, 0)])
def test_the_modulation_moves_k_but_gives_no_tools_to_a_level_without(
    delta: int, level_state: Level, expected: int
) -> None:
    tools = tuple(a_tool(f"weather_{number}", "", 10) for number in range(8))
    request = hello(query="weather", tools=tools, tool_k_delta=delta)
    plan = plan_turn(request, Snapshot(level_state=LevelState(level_state)))
    assert plan.tool_k == expected
    assert sum(row.chosen for row in plan.tools) == expected


def test_switched_off_features_empty_their_lane_and_say_so() -> None:
    request = hello(
        features_off=frozenset(("memory", "tools", "voice")),
        memory_tokens=500,
        query="mail",
        tools=(a_tool("send_mail"),),
    )
    plan = plan_turn(request, Snapshot())
    assert (plan.division.lanes[Lane.MEMORY], plan.division.lanes[Lane.TOOLS]) == (0, 0)
    assert [reason.sentence for reason in plan.reasons] == [
        "Memory is switched off, so nothing is recalled.",
        "Tools are switched off, so none is offered.",
    ]
    assert plan.level is Level.L0


def test_the_governor_switched_off_plans_at_l0_whatever_is_down() -> None:
    state = LevelState(Level.L2)
    plan = plan_turn(hello(features_off=frozenset(("agentiq_governor",))), down("model", level_state=state))
    assert plan.level is Level.L0
    assert plan.level_state == state
    assert sources(plan) == [("agent", Level.L0)]


def test_a_worse_level_than_the_caller_accepts_is_refused() -> None:
    error = refusal(hello(min_level=Level.L0), down("memory"))
    assert error.reason is Reason.LEVEL_TOO_LOW
    assert error.metadata == {"level": "L1", "min_level": "L0"}
    assert plan_turn(hello(min_level=Level.L1), down("memory")).level is Level.L1


def test_a_held_level_says_how_far_its_recovery_is() -> None:
    plan = plan_turn(hello(), Snapshot(level_state=LevelState(Level.L1)))
    assert plan.level is Level.L1
    assert plan.reasons[0].sentence == "The cause of L1 is gone; the level recovers after 3 good checks (1 so far)."


def test_at_l4_nothing_is_held_even_for_a_message_that_fits_nowhere() -> None:
    plan = plan_turn(hello(user_message_tokens=100_000), down("model"))
    assert (plan.level, plan.need, plan.division.max_output_tokens) == (Level.L4, Amount(), 0)
    assert set(plan.division.lanes.values()) == {0}


def test_the_hold_is_exact() -> None:
    plan = plan_turn(hello(price=Price(3_000_000, 0, 10_000_000, 20_000_000)), Snapshot())
    lanes = plan.division.lanes
    assert lanes == {
        Lane.SYSTEM_POLICY: 100, Lane.HISTORY: 0, Lane.MEMORY: 0, Lane.TOOLS: 0, Lane.TOOL_RESULTS: 0, Lane.BUFFER: 306,
    }  # fmt: skip
    assert plan.input_tokens == 100 + 306 + 12
    assert plan.need == Amount(418 + 2048, 3 * 418 + 20 * 2048)


class TestWindows:
    """The window: who gets what, and what is refused."""

    def test_lanes_are_shares_of_what_is_available_when_everybody_wants_more(self) -> None:
        request = hello(
            window_tokens=10_000,
            max_output_tokens=1988,
            system_prompt_tokens=5000,
            history_tokens=(9000,),
            memory_tokens=9000,
            tool_result_tokens=9000,
        )
        lanes = plan_turn(request, Snapshot()).division.lanes
        assert lanes[Lane.BUFFER] == 400
        assert lanes[Lane.MEMORY] == 2000
        assert lanes[Lane.TOOL_RESULTS] == 800
        assert lanes[Lane.SYSTEM_POLICY] == 1200
        # The 1600 that tools do not need are offered to history first.
        assert lanes[Lane.HISTORY] == 2000 + 1600

    def test_history_grows_by_what_the_modulation_takes_from_memory(self) -> None:
        wishes = {"system_prompt_tokens": 9000, "history_tokens": (9000,), "memory_tokens": 9000}
        plain = plan_turn(hello(**wishes, tool_result_tokens=9000), Snapshot()).division.lanes
        moved = plan_turn(hello(**wishes, tool_result_tokens=9000, history_share_delta=0.05), Snapshot()).division.lanes
        assert plain[Lane.MEMORY] - moved[Lane.MEMORY] == pytest.approx(0.05 * 6132, abs=1)
        assert moved[Lane.HISTORY] - plain[Lane.HISTORY] == pytest.approx(0.05 * 6132, abs=1)

    def test_wide_windows_have_wide_ceilings(self) -> None:
        wishes = {"history_tokens": (200_000,), "memory_tokens": 10, "system_prompt_tokens": 100}
        narrow = plan_turn(hello(window_tokens=31_000, **wishes), Snapshot()).division.lanes
        wide = plan_turn(hello(window_tokens=128_000, **wishes), Snapshot()).division.lanes
        assert narrow[Lane.HISTORY] == 4000
        assert wide[Lane.HISTORY] == 4000 * 128_000 // 8192
        assert wide[Lane.BUFFER] > 500

    def test_the_turn_s_own_limit_bounds_prompt_and_answer_together(self) -> None:
        plan = plan_turn(hello(window_tokens=128_000, turn_token_limit=1000, history_tokens=(5000,)), Snapshot())
        assert plan.need.tokens <= 1000
        assert plan.division.max_output_tokens == 500

    @pytest.mark.parametrize(("window", "answer"), [(1024, 512), (2048, 2048), (800, 512)])
    def test_a_hello_fits_small_windows(self, window: int, answer: int) -> None:
        plan = plan_turn(hello(window_tokens=window, max_output_tokens=answer), Snapshot())
        assert not plan.division.rescue
        assert plan.division.max_output_tokens >= 256
        assert plan.need.tokens <= window

    def test_a_short_prompt_leaves_its_room_to_the_answer(self) -> None:
        plan = plan_turn(hello(window_tokens=4096, max_output_tokens=4000), Snapshot())
        assert plan.division.max_output_tokens == 4096 - 12 - 100 - 200

    def test_a_message_that_does_not_fit_is_refused_with_the_numbers(self) -> None:
        error = refusal(hello(window_tokens=4096, user_message_tokens=5000))
        assert error.reason is Reason.CONTEXT_OVERFLOW
        assert error.metadata == {"needed": "5007", "available": "3840"}

    def test_the_rescue_plan_helps_where_the_floors_do_not_fit(self) -> None:
        plan = plan_turn(hello(window_tokens=540, history_tokens=(50,)), Snapshot())
        lanes = plan.division.lanes
        assert plan.division.rescue
        assert (lanes[Lane.SYSTEM_POLICY], lanes[Lane.BUFFER], plan.tool_k) == (60, 200, 0)
        assert sum(lanes.values()) == 260
        assert plan.need.tokens == 260 + 12 + 256
        assert "no room for the usual lanes" in plan.reasons[-1].sentence

    def test_a_floor_that_fits_nowhere_is_named(self) -> None:
        error = refusal(hello(window_tokens=400))
        assert error.reason is Reason.LANE_FLOOR
        assert error.metadata == {"lane": "buffer", "floor": "200", "available": "32"}


def test_an_agent_that_sleeps_deeply_rests_and_no_other_turn_hears_of_it() -> None:
    plan = plan_turn(hello(sleep_state="deep"), Snapshot())
    assert (plan.level, plan.need, plan.tool_k) == (Level.L4, Amount(), 0)
    assert sources(plan)[0] == ("sleep", Level.L4)
    assert plan.level_state == LevelState()
    for state in ("", "active", "light"):
        assert plan_turn(hello(sleep_state=state), Snapshot()).level is Level.L0


def test_sleep_holds_whoever_governs_and_a_client_may_refuse_the_rest() -> None:
    asleep = hello(sleep_state="deep", features_off=frozenset(("agentiq_governor",)))
    assert plan_turn(asleep, Snapshot()).level is Level.L4
    assert refusal(hello(sleep_state="deep", min_level=Level.L2)).reason is Reason.LEVEL_TOO_LOW
