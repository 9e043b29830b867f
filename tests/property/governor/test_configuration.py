"""What every plan keeps whatever a tenant has configured, and what a configuration keeps in the table."""

from dataclasses import replace

from google.protobuf import json_format
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from servers.governor.decoding.configuration import kept_configuration, merged
from servers.governor.domain.configuration import BUILT_IN, Configuration, changed_fields, mistakes
from servers.governor.domain.lanes import divide
from servers.governor.domain.levels import worst
from servers.governor.domain.plan import plan_turn
from servers.governor.domain.request import PlanRequest, Snapshot
from servers.governor.domain.rules import Lane, LaneProfile, Level, Risk
from servers.governor.domain.snapshot import snapshot_of_values
from servers.governor.encoding.configuration import configuration_message, stored_configuration
from servers.governor.encoding.plans import snapshot_struct
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.property.governor.configurations import configurations
from tests.property.governor.strategies import requests, snapshots
from tests.property.governor.test_plan import bytes_of, try_plan

# To draw a whole configuration takes a while.
EXAMPLES = 40


@settings(max_examples=EXAMPLES)
@given(configurations())
def test_what_is_drawn_is_valid_and_survives_the_table(configuration: Configuration) -> None:
    assert mistakes(configuration) == []
    again = kept_configuration(stored_configuration(configuration), configuration.rules.version)
    known = dict.fromkeys(BUILT_IN.rules.down, Level.L0) | dict(configuration.rules.down)
    assert {name: again.rules.down[name] for name in configuration.rules.down} == configuration.rules.down
    assert set(again.rules.down) == set(known)
    assert stored_configuration(merged(again, configuration_message(configuration))) == stored_configuration(again)
    assert set(changed_fields(configuration, again)) <= {"health"}


def say_why(error: SomaError, configuration: Configuration, request: PlanRequest) -> None:
    """Checks the lane and the numbers in a refusal."""
    numbers = error.metadata
    if error.reason is Reason.LANE_FLOOR:
        assert int(numbers["available"]) < int(numbers["floor"])
        assert int(numbers["floor"]) <= configuration.rules.bounds[Lane(numbers["lane"])].floor
    else:
        assert error.reason is Reason.CONTEXT_OVERFLOW
        least = min(request.max_output_tokens, configuration.rules.least_output_tokens)
        assert int(numbers["needed"]) + least > request.capacity_tokens


@settings(max_examples=EXAMPLES)
@given(configurations(), requests, snapshots)
def test_a_plan_fits_its_window_and_its_floors_or_says_which_lane_does_not(
    configuration: Configuration, request: PlanRequest, snapshot: Snapshot
) -> None:
    snapshot = replace(snapshot, rules=configuration.rules)
    try:
        plan = plan_turn(request, snapshot)
    except SomaError as error:
        say_why(error, configuration, request)
        return
    division = plan.division
    assert min(division.lanes.values()) >= 0
    assert plan.level is worst(plan.reasons)
    assert plan.tool_k <= max(0, configuration.rules.levels[Level.L0].tool_k + 1)
    assert sum(row.tool.schema_tokens for row in plan.tools if row.chosen) <= division.lanes[Lane.TOOLS]
    if plan.level is Level.L4:
        assert plan.need.tokens == 0
        return
    used = sum(division.lanes.values()) + request.candidates.fixed_tokens + division.max_output_tokens
    assert used <= request.capacity_tokens


@settings(max_examples=EXAMPLES)
@given(configurations(), requests, st.sampled_from(list(Level)[:4]), st.integers(0, 3000))
def test_each_lane_keeps_its_floor_and_its_ceiling_in_every_profile(
    configuration: Configuration, request: PlanRequest, level: Level, tools: int
) -> None:
    rules = configuration.rules
    try:
        division = divide(request, level, frozenset(), tools, rules)
    except SomaError:
        assume(False)
        raise
    if division.rescue:
        allowed = (rules.rescue_system_policy_tokens, rules.rescue_buffer_tokens)
        assert division.lanes[Lane.SYSTEM_POLICY] <= allowed[0]
        assert division.lanes[Lane.BUFFER] == allowed[1]
        assert not any(division.lanes[lane] for lane in Lane if lane not in (Lane.SYSTEM_POLICY, Lane.BUFFER))
        return
    grown = {
        LaneProfile.CLASSIC: False,
        LaneProfile.WIDE: True,
        LaneProfile.AUTO: request.window_tokens >= rules.wide_from_tokens,
    }[rules.lane_profile]
    for lane, tokens in division.lanes.items():
        bound = rules.bounds[lane]
        ceiling = max(bound.ceiling, bound.ceiling * request.window_tokens // 8192) if grown else bound.ceiling
        if lane is Lane.TOOLS and request.risk is Risk.LOW:
            ceiling = min(ceiling, rules.low_risk_tools_ceiling)
        assert tokens <= ceiling
        if not rules.levels[level].shares[lane]:
            assert tokens == 0
        elif tokens:
            assert tokens >= min(bound.floor, ceiling)


@settings(max_examples=EXAMPLES)
@given(configurations(), requests, snapshots)
def test_the_snapshot_in_the_receipt_carries_the_configuration(
    configuration: Configuration, request: PlanRequest, snapshot: Snapshot
) -> None:
    snapshot = replace(snapshot, rules=configuration.rules)
    plan = try_plan(request, snapshot)
    kept = snapshot_of_values(json_format.MessageToDict(snapshot_struct(snapshot, plan.predicted_output_tokens)))
    assert kept == snapshot
    assert bytes_of(plan_turn(request, kept), kept) == bytes_of(plan, snapshot)
