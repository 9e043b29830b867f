"""What was used as messages: the second half of a receipt, and the answer to a settlement.

Nothing is decided here.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from servers.governor.decoding.calls import leg_micros
from servers.governor.domain.aiq import AiqObservation
from servers.governor.encoding.budgets import budget_messages
from servers.governor.encoding.moments import timestamp
from servers.governor.ledger.settlement import Settled
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

# The largest count that a message holds.
_MOST: Final = 2**32 - 1


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


def observation_message(observed: AiqObservation) -> plan_pb.AiqObservation:
    """AIQ as observed."""
    return plan_pb.AiqObservation(
        value=observed.value,
        response_quality=observed.response_quality,
        tool_success=observed.tool_success,
        token_efficiency=observed.token_efficiency,
    )


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
