"""What every plan keeps, whatever is asked: room, floors, bounds, levels, and the same bytes for the same question."""

from uuid import UUID

import pytest
from google.protobuf import json_format
from hypothesis import assume, given
from hypothesis import strategies as st

from servers.governor.domain.lanes import Division, divide
from servers.governor.domain.ledger import need_of_call
from servers.governor.domain.levels import worst
from servers.governor.domain.plan import Plan, plan_turn
from servers.governor.domain.request import PlanRequest, Snapshot
from servers.governor.domain.rules import BOUNDS, DEFAULT_RULES, Lane, Level, Risk
from servers.governor.domain.snapshot import snapshot_of_values
from servers.governor.encoding.plans import plan_response, snapshot_struct
from servers.governor.ledger.store import Hold
from servers.governor.planning.turns import Planned
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.property.governor.strategies import NOW, requests, snapshots
from tests.unit.governor.samples import hello

REFUSALS = {Reason.CONTEXT_OVERFLOW, Reason.LANE_FLOOR, Reason.LEVEL_TOO_LOW}
ID = UUID("0198c0de-0000-7000-8000-000000000001")


def try_plan(request: PlanRequest, snapshot: Snapshot) -> Plan:
    """The plan; what is refused for a stated reason is no example."""
    try:
        return plan_turn(request, snapshot)
    except SomaError as error:
        assume(error.reason not in REFUSALS)
        raise


def try_divide(request: PlanRequest, level: Level, tools_tokens: int) -> Division | None:
    try:
        return divide(request, level, frozenset(), tools_tokens, DEFAULT_RULES)
    except SomaError as error:
        if error.reason not in REFUSALS:
            raise
        return None


@given(requests, snapshots)
def test_lanes_message_framing_and_answer_never_exceed_the_window(request: PlanRequest, snapshot: Snapshot) -> None:
    plan = try_plan(request, snapshot)
    lanes = plan.division.lanes
    assert min(lanes.values()) >= 0
    if plan.level is Level.L4:
        assert (plan.need.tokens, plan.need.micros, plan.division.max_output_tokens) == (0, 0, 0)
        return
    assert plan.division.max_output_tokens >= 1
    used = sum(lanes.values()) + request.candidates.fixed_tokens + plan.division.max_output_tokens
    assert used <= request.window_tokens
    assert not request.turn_token_limit or used <= request.turn_token_limit
    assert plan.division.max_output_tokens <= request.max_output_tokens
    assert plan.input_tokens + plan.division.max_output_tokens == used
    assert plan.need == need_of_call(request.price, plan.input_tokens, plan.division.max_output_tokens)


@given(requests, st.sampled_from(Level), st.integers(0, 3000))
def test_each_lane_lies_between_its_floor_and_its_ceiling(request: PlanRequest, level: Level, tools: int) -> None:
    division = try_divide(request, level, tools)
    assume(division is not None)
    assert division is not None
    found = request.candidates
    needs = {
        Lane.SYSTEM_POLICY: found.system_prompt_tokens + found.policy_tokens,
        Lane.HISTORY: sum(found.history_tokens),
        Lane.MEMORY: found.memory_tokens,
        Lane.TOOLS: tools,
        Lane.TOOL_RESULTS: found.tool_result_tokens,
    }
    wide = max(1.0, request.window_tokens / 8192) if request.window_tokens >= 32_000 else 1.0
    for lane, tokens in division.lanes.items():
        assert tokens <= BOUNDS[lane].ceiling * wide
        if lane in needs:
            assert tokens <= max(BOUNDS[lane].floor, needs[lane])
        share = DEFAULT_RULES.levels[level].shares[lane]
        if not share or (lane in needs and not needs[lane]):
            assert tokens == 0
        elif level is not Level.L4 and not division.rescue:
            assert tokens >= BOUNDS[lane].floor
    if request.risk is Risk.LOW:
        assert division.lanes[Lane.TOOLS] <= 500


@given(requests, st.sampled_from((Level.L0, Level.L1, Level.L2, Level.L3)), st.integers(0, 3000))
def test_what_is_left_is_offered_until_nothing_needs_it(request: PlanRequest, level: Level, tools: int) -> None:
    division = try_divide(request, level, tools)
    assume(division is not None and not division.rescue and level is Level.L0)
    assert division is not None
    left = request.capacity_tokens - request.candidates.fixed_tokens - division.max_output_tokens - division.total
    needs = {Lane.HISTORY: sum(request.candidates.history_tokens), Lane.MEMORY: request.candidates.memory_tokens}
    for lane, need in needs.items():
        ceiling = BOUNDS[lane].ceiling
        if request.window_tokens >= 32_000:
            ceiling = ceiling * request.window_tokens // 8192
        assert left == 0 or division.lanes[lane] >= min(need, ceiling)


@given(requests, st.sampled_from((Level.L0, Level.L1, Level.L2, Level.L3)), st.integers(0, 3000))
def test_a_worse_level_never_sends_more_history(request: PlanRequest, level: Level, tools: int) -> None:
    better, worse = try_divide(request, level, tools), try_divide(request, Level(level + 1), tools)
    assume(better is not None and worse is not None)
    assert better is not None
    assert worse is not None
    # Where the buffer's floor takes more than its share, rounding decides about single tokens.
    assume(request.capacity_tokens - request.candidates.fixed_tokens - better.max_output_tokens >= 4000)
    assert worse.lanes[Lane.HISTORY] <= better.lanes[Lane.HISTORY]


@given(requests, snapshots)
def test_the_level_is_the_worst_of_its_reasons(request: PlanRequest, snapshot: Snapshot) -> None:
    plan = try_plan(request, snapshot)
    if "agentiq_governor" in request.features_off and request.sleep_state != "deep":
        assert plan.level is Level.L0
    if request.sleep_state == "deep":
        assert plan.level is Level.L4
    assert plan.level is worst(plan.reasons)


@given(requests, snapshots)
def test_tools_on_offer_fit_the_lane_and_are_no_more_than_k(request: PlanRequest, snapshot: Snapshot) -> None:
    plan = try_plan(request, snapshot)
    chosen = [row for row in plan.tools if row.chosen]
    assert len(plan.tools) == len(request.candidates.tools)
    assert len(chosen) <= plan.tool_k <= max(0, 5 + request.tool_k_delta)
    assert [row.chosen for row in plan.tools] == sorted((row.chosen for row in plan.tools), reverse=True)
    assert sum(row.tool.schema_tokens for row in chosen) <= plan.division.lanes[Lane.TOOLS]
    if request.risk is Risk.CRITICAL or "tools" in request.features_off:
        assert not chosen
        assert plan.division.lanes[Lane.TOOLS] == 0


@given(requests, snapshots)
def test_aiq_and_its_components_lie_between_0_and_100(request: PlanRequest, snapshot: Snapshot) -> None:
    found = try_plan(request, snapshot).aiq
    for value in (found.value, found.context_quality, found.budget_efficiency, found.tool_relevance or 0.0):
        assert 0 <= value <= 100


@given(requests, snapshots)
def test_the_snapshot_in_the_receipt_gives_the_same_plan_byte_by_byte(request: PlanRequest, snapshot: Snapshot) -> None:
    plan = try_plan(request, snapshot)
    kept = json_format.MessageToDict(snapshot_struct(snapshot, plan.predicted_output_tokens))
    again = plan_turn(request, snapshot_of_values(kept))
    assert snapshot_of_values(kept) == snapshot
    assert bytes_of(again, snapshot) == bytes_of(plan, snapshot)
    assert again == plan


def bytes_of(plan: Plan, snapshot: Snapshot) -> bytes:
    planned = Planned(ID, NOW, "ada", plan, snapshot, Hold(ID, 1, plan.need, NOW))
    return plan_response(planned).SerializeToString(deterministic=True)


@pytest.mark.parametrize("window", [4096, 6000, 8192, 16_384, 128_000])
@given(user=st.integers(1, 200), system=st.integers(0, 800), answer=st.integers(16, 4096))
def test_a_plain_hello_is_l0_in_every_usual_window(window: int, user: int, system: int, answer: int) -> None:
    request = hello(
        window_tokens=window, max_output_tokens=answer, user_message_tokens=user, system_prompt_tokens=system
    )
    plan = plan_turn(request, Snapshot())
    assert (plan.level, plan.reasons, plan.division.rescue) == (Level.L0, (), False)
    assert plan.division.lanes[Lane.SYSTEM_POLICY] >= system
