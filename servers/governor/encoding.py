"""Values of the use cases as contract messages: plans, receipts, settlements, budgets.

Nothing is decided here. Serialising is deterministic, so that equal plans are equal bytes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from servers.governor.decoding import leg_micros
from servers.governor.domain.aiq import AiqObservation, AiqPrediction
from servers.governor.domain.lanes import Tokens
from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.levels import Demand, Observation
from servers.governor.domain.periods import Period, period_end
from servers.governor.domain.request import Snapshot
from servers.governor.domain.snapshot import values_of_rules, values_of_snapshot
from servers.governor.domain.tools import RankedTool
from servers.governor.ledger_store import Hold
from servers.governor.planning import PlanMessages, Planned, level_message
from servers.governor.settlement import Settled
from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

_PERIODS: Final = {
    Period.DAY: budget_pb.BUDGET_PERIOD_DAY,
    Period.MONTH: budget_pb.BUDGET_PERIOD_MONTH,
    Period.TOTAL: budget_pb.BUDGET_PERIOD_TOTAL,
}
# The largest count that a message holds.
_MOST: Final = 2**32 - 1


def timestamp(moment: datetime) -> Timestamp:
    """A moment as the contract has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def plan_messages(request: governor_pb.PlanTurnRequest, planned: Planned) -> PlanMessages:
    """The first half of the receipt, and the answer to PlanTurn."""
    response = plan_response(planned)
    receipt = planned_receipt(request, planned, response)
    return PlanMessages(receipt.SerializeToString(deterministic=True), response.SerializeToString(deterministic=True))


def plan_response(planned: Planned) -> governor_pb.PlanTurnResponse:
    """The answer to PlanTurn."""
    plan = planned.plan
    return governor_pb.PlanTurnResponse(
        receipt_id=str(planned.receipt_id),
        plan_version=planned.snapshot.rules.version,
        lanes=_lanes(plan.division.lanes),
        max_output_tokens=plan.division.max_output_tokens,
        level=level_message(plan.level),
        level_reasons=_reasons(plan.reasons),
        tool_k=plan.tool_k,
        tools=_tools(plan.tools),
        path=plan_pb.PLAN_PATH_RESCUE if plan.division.rescue else plan_pb.PLAN_PATH_FAST,
        aiq_predicted=_prediction(plan.aiq),
        hold=hold_message(planned.hold),
    )


def planned_receipt(
    request: governor_pb.PlanTurnRequest, planned: Planned, response: governor_pb.PlanTurnResponse
) -> receipt_pb.Receipt:
    """The first half of a receipt: what the turn was allowed and why. It holds no text of anybody."""
    return receipt_pb.Receipt(
        receipt_id=response.receipt_id,
        turn_id=request.turn_id,
        conversation_id=request.subject.conversation_id,
        agent_id=request.subject.agent_id,
        model=request.model.model,
        plan_version=response.plan_version,
        lanes_planned=response.lanes,
        level=response.level,
        level_reasons=response.level_reasons,
        aiq_predicted=response.aiq_predicted,
        tool_k=response.tool_k,
        tools=response.tools,
        path=response.path,
        modulation=request.modulation if request.HasField("modulation") else None,
        dependencies=_dependencies(planned.snapshot.observations),
        features_off=request.subject.features_off,
        snapshot=snapshot_struct(planned.snapshot, planned.plan.predicted_output_tokens),
        plan_time=timestamp(planned.plan_time),
        owner_sub=planned.owner_sub,
        window_tokens=request.model.window_tokens,
        max_output_tokens=response.max_output_tokens,
    )


def snapshot_struct(snapshot: Snapshot, predicted_output_tokens: int) -> Struct:
    """The snapshot of a plan, and the length of answer that was expected."""
    values: dict[str, Any] = {
        **values_of_snapshot(snapshot),
        "rules": values_of_rules(snapshot.rules),
        "predicted_output_tokens": predicted_output_tokens,
    }
    struct = Struct()
    struct.update(values)
    return struct


def hold_message(hold: Hold) -> plan_pb.Hold:
    """A hold."""
    return plan_pb.Hold(
        hold_id=str(hold.hold_id),
        leg=hold.leg,
        tokens=hold.amount.tokens,
        cost_micros=hold.amount.micros,
        lease_expire_time=timestamp(hold.lease_expire_time),
    )


def settled_receipt(request: governor_pb.SettleTurnRequest, settle_time: datetime, observed: AiqObservation) -> bytes:
    """The second half of a receipt: what was used."""
    receipt = receipt_pb.Receipt(
        lanes_used=request.lanes_used,
        items=request.items,
        aiq_observed=observation_message(observed),
        legs=request.legs,
        phases=request.phases,
        usage=_usage(request.legs),
        cost_micros=sum(leg_micros(leg) for leg in request.legs),
        outcome=request.outcome,
        settle_time=timestamp(settle_time),
    )
    return receipt.SerializeToString(deterministic=True)


def settle_response(settled: Settled) -> governor_pb.SettleTurnResponse:
    """The answer to SettleTurn; for a repeat with what was observed the first time."""
    response = governor_pb.SettleTurnResponse(
        cost_micros=settled.booking.used.micros,
        budgets=budget_messages(settled.budgets, settled.open_holds, settled.settle_time),
        receipt_id="" if settled.receipt_id is None else str(settled.receipt_id),
    )
    if settled.observed is not None:
        response.aiq_observed.CopyFrom(observation_message(settled.observed))
    elif settled.given is not None:
        response.aiq_observed.CopyFrom(receipt_pb.Receipt.FromString(settled.given).aiq_observed)
    return response


def budget_messages(budgets: Iterable[BudgetState], open_holds: int, now: datetime) -> list[budget_pb.Budget]:
    """The budgets that limit something."""
    return [budget_message(budget, open_holds, now) for budget in budgets if budget.limited]


def budget_message(budget: BudgetState, open_holds: int, now: datetime) -> budget_pb.Budget:
    """A budget with its counters."""
    end = period_end(budget.period, now)
    return budget_pb.Budget(
        period=_PERIODS[budget.period],
        limit_tokens=budget.limit.tokens,
        limit_micros=budget.limit.micros,
        hard=budget.hard,
        used_tokens=budget.used.tokens,
        used_micros=budget.used.micros,
        held_tokens=budget.held.tokens,
        held_micros=budget.held.micros,
        debt_tokens=budget.debt.tokens,
        reset_time=None if end is None else timestamp(end),
        open_holds=open_holds,
    )


def observation_message(observed: AiqObservation) -> plan_pb.AiqObservation:
    """AIQ as observed."""
    return plan_pb.AiqObservation(
        value=observed.value,
        response_quality=observed.response_quality,
        tool_success=observed.tool_success,
        token_efficiency=observed.token_efficiency,
    )


def _prediction(predicted: AiqPrediction) -> plan_pb.AiqPrediction:
    return plan_pb.AiqPrediction(
        value=predicted.value,
        context_quality=predicted.context_quality,
        tool_relevance=predicted.tool_relevance,
        budget_efficiency=predicted.budget_efficiency,
    )


def _lanes(lanes: Tokens) -> plan_pb.LaneTokens:
    return plan_pb.LaneTokens(**{lane.value: tokens for lane, tokens in lanes.items()})


def _reasons(demands: Iterable[Demand]) -> list[level_pb.LevelReason]:
    return [
        level_pb.LevelReason(source=demand.source, level=level_message(demand.level), sentence=demand.sentence)
        for demand in demands
    ]


def _tools(tools: Iterable[RankedTool]) -> list[plan_pb.RankedTool]:
    return [
        plan_pb.RankedTool(
            name=row.tool.name,
            relevance=row.relevance,
            success_rate=row.success_rate,
            chosen=row.chosen,
            reason=row.reason,
        )
        for row in tools
    ]


def _dependencies(observations: Iterable[Observation]) -> list[level_pb.ObservedDependency]:
    return [
        level_pb.ObservedDependency(
            name=seen.name, state=level_pb.DependencyState.ValueType(int(seen.health)), detail=seen.detail
        )
        for seen in observations
    ]


def _usage(legs: Iterable[receipt_pb.ModelLeg]) -> usage_pb.TokenUsage:
    used = [leg.usage for leg in legs]

    def total(counts: Iterable[int]) -> int:
        return min(sum(counts), _MOST)

    return usage_pb.TokenUsage(
        input_tokens=total(usage.input_tokens for usage in used),
        cached_input_tokens=total(usage.cached_input_tokens for usage in used),
        output_tokens=total(usage.output_tokens for usage in used),
        reasoning_tokens=total(usage.reasoning_tokens for usage in used),
        estimated=any(usage.estimated for usage in used),
    )
