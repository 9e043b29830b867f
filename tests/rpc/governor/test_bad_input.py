"""Odd and huge values through the governor's door: never INTERNAL, and nothing is left held."""

from typing import Any, Final
from uuid import uuid4

import pytest

from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import modulation_pb2 as modulation_pb
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request

DAY: Final = budget_pb.BUDGET_PERIOD_DAY
MOST: Final = 2**32 - 1
MOST_LONG: Final = 2**63 - 1
DEAR: Final = usage_pb.Price(input_micros_per_million=MOST_LONG, output_micros_per_million=MOST_LONG)
ODD_PLANS: Final[dict[str, dict[str, Any]]] = {
    "the largest window": {"model": plan_pb.ModelSnapshot(window_tokens=MOST, max_output_tokens=MOST)},
    "the largest window, full": {
        "model": plan_pb.ModelSnapshot(window_tokens=MOST, max_output_tokens=1000),
        "candidates": plan_pb.Candidates(
            policy_tokens=[MOST] * 4, history_tokens=[MOST] * 40, tool_result_tokens=[MOST] * 4
        ),
    },
    "the largest user message": {"candidates": plan_pb.Candidates(user_message_tokens=MOST, framing_tokens=MOST)},
    "a window of one token": {"model": plan_pb.ModelSnapshot(window_tokens=1, max_output_tokens=1)},
    "the dearest model": {"model": plan_pb.ModelSnapshot(price=DEAR)},
    "the dearest model and the largest window": {
        "model": plan_pb.ModelSnapshot(price=DEAR, window_tokens=MOST, max_output_tokens=MOST)
    },
    "U+0000 in the model's name": {"model": plan_pb.ModelSnapshot(model="a\0b")},
    "U+0000 in a tool's name": {"candidates": plan_pb.Candidates(tools=[plan_pb.ToolCandidate(name="a\0b")])},
    "U+0000 in a feature and a dependency": {
        "subject": plan_pb.TurnSubject(features_off=["\0"]),
        "observed_dependencies": [
            level_pb.ObservedDependency(name="a\0b", state=level_pb.DEPENDENCY_STATE_DOWN, detail="\0")
        ],
    },
    "the same tool many times": {
        "candidates": plan_pb.Candidates(tools=[plan_pb.ToolCandidate(name="a", schema_tokens=MOST)] * 512)
    },
    "numbers that are none": {
        "modulation": modulation_pb.Modulation(tool_k_delta=2**31 - 1, history_share_delta=float("nan"))
    },
    "infinite numbers": {
        "modulation": modulation_pb.Modulation(tool_k_delta=-(2**31), history_share_delta=float("inf"))
    },
    "a score that is none": {
        "candidates": plan_pb.Candidates(
            memories=[plan_pb.MemoryCandidate(memory_id=str(uuid4()), tokens=MOST, score=float("nan"))]
        )
    },
    "a turn limit of one token": {"subject": plan_pb.TurnSubject(turn_token_limit=1)},
}


async def _refusal(call: Any) -> SomaError | None:
    try:
        await call
    except SomaError as error:
        return error
    return None


@pytest.fixture
async def unlimited(governor: Governor) -> Governor:
    """Nothing is limited, so that only the values can be the reason of a refusal."""
    with governor.acting("olga", "admin"):
        await governor.door.SetBudget(governor_pb.SetBudgetRequest(period=DAY, request_id=str(uuid4())))
    return governor


@pytest.mark.parametrize("name", ODD_PLANS)
@pytest.mark.parametrize("budget", [0, 2**63 - 1])
async def test_an_odd_turn_is_planned_or_refused_with_a_reason(unlimited: Governor, name: str, budget: int) -> None:
    request = plan_request(**ODD_PLANS[name])
    with unlimited.acting("olga", "admin"):
        await unlimited.door.SetBudget(
            governor_pb.SetBudgetRequest(
                period=DAY, limit_tokens=budget, limit_micros=budget, hard=True, request_id=str(uuid4())
            )
        )
        refusal = await _refusal(unlimited.stub.PlanTurn(request))
        if refusal is None:
            assert (
                await _refusal(unlimited.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=request.turn_id)))
                is None
            )
            assert await _refusal(unlimited.stub.SettleTurn(settle_request(request.turn_id, (1, 1, 1)))) is None
    assert refusal is None or refusal.kind is not Kind.INTERNAL, refusal
    assert not await unlimited.rows("select 1 from holds where state = 'open'")


@pytest.mark.parametrize(
    "leg",
    [
        governor_pb.HoldLegRequest(leg=MOST, input_tokens=1, max_output_tokens=1),
        governor_pb.HoldLegRequest(leg=2, input_tokens=MOST, max_output_tokens=MOST),
        governor_pb.HoldLegRequest(leg=2, input_tokens=MOST, max_output_tokens=MOST, price=DEAR),
    ],
    ids=["leg", "tokens", "micros"],
)
async def test_a_huge_leg_is_refused_with_the_field(unlimited: Governor, leg: governor_pb.HoldLegRequest) -> None:
    leg.job_id = leg.request_id = str(uuid4())
    leg.price.SetInParent()
    with unlimited.acting():
        refusal = await _refusal(unlimited.stub.HoldLeg(leg))
    assert refusal is not None
    assert refusal.reason is Reason.INVALID_FIELD
    assert not await unlimited.rows("select 1 from holds where state = 'open'")


@pytest.mark.parametrize("case", ["leg", "tokens", "micros", "tool attempts", "model", "tool", "confidence"])
async def test_a_settlement_with_odd_values_is_booked_or_refused(unlimited: Governor, case: str) -> None:
    planned = plan_request()
    settlement = settle_request(planned.turn_id, (1, 90, 30))
    match case:
        case "leg":
            settlement.legs[0].leg = MOST
        case "tokens":
            leg = receipt_pb.ModelLeg(leg=1, usage=usage_pb.TokenUsage(input_tokens=MOST, output_tokens=MOST))
            settlement.legs.extend([leg] * 60)
        case "micros":
            settlement.legs.extend([receipt_pb.ModelLeg(leg=2, cost_micros=MOST_LONG)] * 3)
        case "tool attempts":
            tool = receipt_pb.ToolOutcome(name="a", attempts=MOST, successes=MOST)
            settlement.outcome.tools.extend([tool] * 64)
        case "model":
            settlement.legs[0].model = "a\0b"
            settlement.items.add(lane="\0", item_id="\0", reason="\0", tokens=MOST, kept=True, truncated_tokens=MOST)
        case "tool":
            settlement.outcome.tools.add(name="a\0b", attempts=1)
        case "confidence":
            settlement.outcome.confidence = float("nan")
            settlement.phases.add(phase="plan", start_milliseconds=float("inf"), duration_milliseconds=float("inf"))
    with unlimited.acting():
        await unlimited.stub.PlanTurn(planned)
        refusal = await _refusal(unlimited.stub.SettleTurn(settlement))
    assert refusal is None or refusal.kind is Kind.INVALID_ARGUMENT, refusal
    if refusal is None:
        with unlimited.acting():
            await unlimited.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=planned.turn_id))


async def test_counters_at_their_end_are_a_refusal_and_no_fault(unlimited: Governor) -> None:
    """The most that one settlement can book, again and again."""
    refusals = []
    with unlimited.acting():
        for _ in range(3):
            planned = plan_request()
            settlement = settle_request(planned.turn_id)
            settlement.legs.add(leg=1, cost_micros=MOST_LONG)
            await unlimited.stub.PlanTurn(planned)
            refusals.append(await _refusal(unlimited.stub.SettleTurn(settlement)))
    assert all(refusal is None or refusal.kind is not Kind.INTERNAL for refusal in refusals), refusals
