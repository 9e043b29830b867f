"""Plans as messages.

Nothing is decided here. Serialising is deterministic, so that equal plans are equal bytes.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from servers.governor.domain.aiq import AiqPrediction
from servers.governor.domain.lanes import Tokens
from servers.governor.domain.request import Snapshot
from servers.governor.domain.rules import PlannerRules
from servers.governor.domain.snapshot import values_of_rules, values_of_snapshot
from servers.governor.domain.tools import RankedTool
from servers.governor.encoding.levels import dependency_messages, level_message, reason_messages
from servers.governor.encoding.moments import timestamp
from servers.governor.ledger.store import Hold
from servers.governor.planning.turns import PlanMessages, Planned
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

_MOST_KEPT_RULES: Final = 256


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
        level_reasons=reason_messages(plan.reasons),
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
        dependencies=dependency_messages(planned.snapshot.observations),
        features_off=request.subject.features_off,
        snapshot=snapshot_struct(planned.snapshot, planned.plan.predicted_output_tokens),
        plan_time=timestamp(planned.plan_time),
        owner_sub=planned.owner_sub,
        max_output_tokens=response.max_output_tokens,
        window_tokens=request.model.window_tokens,
    )


def snapshot_struct(snapshot: Snapshot, predicted_output_tokens: int) -> Struct:
    """The snapshot of a plan, and the length of answer that was expected."""
    values: dict[str, Any] = {
        **values_of_snapshot(snapshot),
        "predicted_output_tokens": predicted_output_tokens,
    }
    struct = Struct()
    struct.update(values)
    struct.fields["rules"].struct_value.CopyFrom(_rules_struct(snapshot.rules))
    return struct


def _rules_struct(rules: PlannerRules) -> Struct:
    """The rules as a message; the same ones hold for many plans, so that it is made once for each."""
    kept = _kept_rules()
    known = kept.get(id(rules))
    if known is not None and known[0] is rules:
        return known[1]
    if len(kept) >= _MOST_KEPT_RULES:
        kept.clear()
    struct = Struct()
    struct.update(values_of_rules(rules))
    kept[id(rules)] = rules, struct
    return struct


@cache
def _kept_rules() -> dict[int, tuple[PlannerRules, Struct]]:
    return {}


def hold_message(hold: Hold) -> plan_pb.Hold:
    """A hold."""
    return plan_pb.Hold(
        hold_id=str(hold.hold_id),
        leg=hold.leg,
        tokens=hold.amount.tokens,
        cost_micros=hold.amount.micros,
        lease_expire_time=timestamp(hold.lease_expire_time),
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
