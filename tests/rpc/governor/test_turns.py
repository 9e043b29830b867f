"""A turn through the governor's door: planned, held, settled, and read back as a receipt."""

from uuid import uuid4

import pytest

from servers.governor.domain.health import Report
from servers.governor.domain.levels import Health, Observation
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import OTHER_TENANT
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request

L0, L1, L4 = level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L1, level_pb.DEGRADATION_LEVEL_L4


async def test_a_plain_hello_is_planned_held_settled_and_written_down(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        plan = await governor.stub.PlanTurn(request)
        assert plan.level == L0
        assert not plan.level_reasons
        assert plan.path == plan_pb.PLAN_PATH_FAST
        assert plan.max_output_tokens == 1000
        assert plan.hold.leg == 1
        lanes = plan.lanes
        total = lanes.system_policy + lanes.history + lanes.memory + lanes.tools + lanes.tool_results + lanes.buffer
        assert plan.hold.tokens == total + 12 + 1000
        assert plan.hold.cost_micros == total + 12 + 2 * 1000

        budget = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
        assert (budget.held_tokens, budget.used_tokens, budget.open_holds) == (plan.hold.tokens, 0, 1)

        settled = await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
        assert settled.receipt_id == plan.receipt_id
        assert settled.cost_micros == 150
        assert 0 < settled.aiq_observed.value <= 100
        assert settled.budgets[0].used_tokens == 120
        assert (settled.budgets[0].held_tokens, settled.budgets[0].open_holds) == (0, 0)

        by_turn = await governor.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=request.turn_id))
        by_id = await governor.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=plan.receipt_id))
    assert by_turn == by_id
    receipt = by_id.receipt
    assert receipt.lanes_planned == plan.lanes
    assert receipt.window_tokens == request.model.window_tokens
    assert receipt.max_output_tokens == plan.max_output_tokens > 0
    assert receipt.owner_sub == "ada"
    assert receipt.usage.input_tokens == 90
    assert receipt.cost_micros == 150
    assert receipt.aiq_observed == settled.aiq_observed
    assert receipt.HasField("settle_time")
    assert set(receipt.snapshot.fields) >= {"rules", "budgets", "health", "level", "tool_calls", "output"}


async def test_a_repeated_plan_is_the_same_plan_and_holds_nothing_more(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        first = await governor.stub.PlanTurn(request)
        governor.clock.advance(1)
        request.observed_dependencies.add(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)
        again = await governor.stub.PlanTurn(request)
        budget = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
    assert again == first
    assert budget.held_tokens == first.hold.tokens
    assert len(await governor.rows("select 1 from receipts")) == 1


async def test_a_repeated_settlement_books_once(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        settlement = settle_request(request.turn_id, (1, 90, 30))
        first = await governor.stub.SettleTurn(settlement)
        same_id = await governor.stub.SettleTurn(settlement)
        settlement.request_id = str(uuid4())
        other_id = await governor.stub.SettleTurn(settlement)
    assert same_id == first
    assert other_id == first
    events = await governor.rows("select event_type from events")
    assert [row["event_type"] for row in events] == ["governor.settled"]


async def test_a_leg_without_use_is_released_and_a_later_leg_needs_its_own_hold(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        plan = await governor.stub.PlanTurn(request)
        leg = governor_pb.HoldLegRequest(
            turn_id=request.turn_id,
            leg=2,
            input_tokens=400,
            max_output_tokens=100,
            price=request.model.price,
            request_id=str(uuid4()),
        )
        hold = (await governor.stub.HoldLeg(leg)).hold
        leg.request_id = str(uuid4())
        assert (await governor.stub.HoldLeg(leg)).hold == hold
        assert (hold.tokens, hold.cost_micros) == (500, 600)
        budget = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
        assert (budget.held_tokens, budget.open_holds) == (plan.hold.tokens + 500, 2)
        settled = await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
    assert (settled.budgets[0].used_tokens, settled.budgets[0].held_tokens) == (120, 0)
    states = await governor.rows("select leg, state from holds order by leg")
    assert [row["state"] for row in states] == ["settled", "released"]


async def test_a_job_holds_and_settles_without_a_receipt(governor: Governor) -> None:
    job, price = str(uuid4()), plan_request().model.price
    with governor.acting():
        await governor.stub.HoldLeg(
            governor_pb.HoldLegRequest(
                job_id=job, leg=1, input_tokens=50, max_output_tokens=20, price=price, request_id=str(uuid4())
            )
        )
        settlement = settle_request(str(uuid4()), (1, 50, 10))
        settlement.job_id = job
        settled = await governor.stub.SettleTurn(settlement)
    assert not settled.receipt_id
    assert not settled.HasField("aiq_observed")
    assert settled.budgets[0].used_tokens == 60


@pytest.mark.parametrize("method", ["HoldLeg", "SettleTurn"])
async def test_what_was_never_planned_is_not_found(governor: Governor, method: str) -> None:
    turn = str(uuid4())
    requests = {
        "HoldLeg": governor_pb.HoldLegRequest(
            turn_id=turn, leg=2, max_output_tokens=1, price=plan_request().model.price, request_id=turn
        ),
        "SettleTurn": settle_request(turn, (1, 1, 1)),
    }
    with governor.acting(), pytest.raises(SomaError) as caught:
        await getattr(governor.stub, method)(requests[method])
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    assert caught.value.metadata == {"resource": "turn", "id": turn}


async def test_a_receipt_is_seen_by_its_owner_and_by_operators_of_its_tenant_only(governor: Governor) -> None:
    request = plan_request()
    with governor.acting("ada"):
        plan = await governor.stub.PlanTurn(request)
    wanted = governor_pb.GetReceiptRequest(receipt_id=plan.receipt_id)
    with governor.acting("olga", "operator"):
        assert (await governor.stub.GetReceipt(wanted)).receipt.owner_sub == "ada"
    with governor.acting("bob"), pytest.raises(SomaError) as other:
        await governor.stub.GetReceipt(wanted)
    with governor.acting("eve", "admin", tenant=OTHER_TENANT), pytest.raises(SomaError) as foreign:
        await governor.stub.GetReceipt(wanted)
    assert other.value.reason is Reason.RESOURCE_NOT_FOUND
    assert foreign.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_what_the_turn_saw_and_what_is_reported_both_count(governor: Governor) -> None:
    await governor.servicer.health.hear("governor/1", Report("governor", (Observation("events", Health.DOWN),)), 8.0)
    request = plan_request(
        observed_dependencies=[level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)]
    )
    request.candidates.memories.add(memory_id=str(uuid4()), tokens=100, version=1)
    with governor.acting():
        plan = await governor.stub.PlanTurn(request)
        found = await governor.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=request.turn_id))
    assert plan.level == L1
    assert plan.lanes.memory == 0
    assert [(reason.source, reason.level) for reason in plan.level_reasons] == [("health", L1), ("health", L0)]
    assert [seen.name for seen in found.receipt.dependencies] == ["events", "memory"]
    events = await governor.rows("select event_type, stream from events")
    assert [row["event_type"] for row in events] == ["governor.level.changed"]


async def test_a_level_recovers_with_the_third_good_check(governor: Governor) -> None:
    down = level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)
    levels = []
    with governor.acting():
        for seen, wait_seconds in (([down], 0.4), ([], 0.6), ([], 1), ([], 1), ([], 0)):
            plan = await governor.stub.PlanTurn(plan_request(observed_dependencies=seen))
            levels.append(plan.level)
            governor.clock.advance(wait_seconds)
    # The turn in the same second as the bad one is no check of its own.
    assert levels == [L1, L1, L1, L1, L0]
    assert len(await governor.rows("select 1 from events where event_type = 'governor.level.changed'")) == 2


async def test_without_a_model_nothing_is_held_and_a_stricter_caller_is_refused(governor: Governor) -> None:
    seen = [level_pb.ObservedDependency(name="model", state=level_pb.DEPENDENCY_STATE_DOWN)]
    with governor.acting():
        plan = await governor.stub.PlanTurn(plan_request(observed_dependencies=seen))
        assert plan.level == L4
        assert (plan.hold.tokens, plan.hold.cost_micros, plan.max_output_tokens) == (0, 0, 0)
        with pytest.raises(SomaError) as caught:
            await governor.stub.PlanTurn(plan_request(observed_dependencies=seen, min_level=L1))
    assert caught.value.reason is Reason.LEVEL_TOO_LOW
    assert caught.value.metadata == {"level": "L4", "min_level": "L1"}
    assert len(await governor.rows("select 1 from holds")) == 1


async def test_too_large_a_message_is_refused_with_the_numbers(governor: Governor) -> None:
    request = plan_request()
    request.candidates.user_message_tokens = 9000
    with governor.acting(), pytest.raises(SomaError) as caught:
        await governor.stub.PlanTurn(request)
    assert caught.value.reason is Reason.CONTEXT_OVERFLOW
    assert caught.value.metadata == {"needed": "9007", "available": str(8192 - 256)}


async def test_tools_that_fail_lose_their_place(governor: Governor) -> None:
    tools = [
        plan_pb.ToolCandidate(name=name, description="Looks up the weather.", schema_tokens=50)
        for name in ("weather_one", "weather_two")
    ]
    candidates = plan_pb.Candidates(tools=tools)
    with governor.acting():
        first = plan_request(candidates=candidates, query="weather")
        best, other = (tool.name for tool in (await governor.stub.PlanTurn(first)).tools)
        outcome = receipt_pb.TurnOutcome(tools=[receipt_pb.ToolOutcome(name=best, attempts=5, successes=0)])
        settlement = settle_request(first.turn_id, (1, 10, 10))
        settlement.outcome.MergeFrom(outcome)
        await governor.stub.SettleTurn(settlement)
        again = (await governor.stub.PlanTurn(plan_request(candidates=candidates, query="weather"))).tools
    assert [tool.name for tool in again] == [other, best]
    assert again[1].success_rate == pytest.approx(8 / 15)


async def test_what_is_counted_can_be_scraped(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
    sample = governor.registry.get_sample_value
    assert sample("agentiq_aiq_pred_count") == 1
    assert sample("agentiq_aiq_obs_count") == 1
    assert sample("agentiq_degradation_level") == 0
    assert sample("agentiq_plans_total", {"level": "L0"}) == 1
    assert sample("agentiq_config_version") == 0
    assert sample("agentiq_path_mode_total", {"path": "FAST"}) == 1
    assert sample("agentiq_lane_utilization_count", {"lane": "system_policy"}) == 1
    assert sample("agentiq_governor_latency_seconds_count", {"method": "PlanTurn"}) == 1
    assert sample("agentiq_reserve_settle_drift_count") == 1


async def test_a_receipt_holds_no_text_of_anybody(governor: Governor) -> None:
    tool = plan_pb.ToolCandidate(name="send_mail", description="Sends hedgehogs by mail.", schema_tokens=20)
    request = plan_request(query="my codeword is xylophone", candidates=plan_pb.Candidates(tools=[tool]))
    with governor.acting():
        await governor.stub.PlanTurn(request)
    stored = (await governor.rows("select plan, response from receipts"))[0]
    for part in (stored["plan"], stored["response"]):
        assert b"send_mail" in part
        assert b"xylophone" not in part
        assert b"hedgehogs" not in part
