"""Holds and settlements, from their messages.

Nothing is checked here that the contract's own rules check before a call arrives.
"""

from collections.abc import Iterable
from uuid import UUID

from servers.governor.decoding.calls import leg_micros, price
from servers.governor.domain.aiq import Outcome
from servers.governor.domain.ledger import Amount, need_of_call
from servers.governor.domain.request import CallCounts
from servers.governor.domain.rules import Lane
from servers.governor.ledger.holding import Owner
from servers.governor.ledger.releasing import ReleaseOrder
from servers.governor.ledger.settlement import SettleOrder
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb


def owner(
    request: governor_pb.HoldLegRequest | governor_pb.SettleTurnRequest | governor_pb.ReleaseReservationRequest,
) -> Owner:
    """Whose model call it is."""
    is_turn = request.WhichOneof("owner") == "turn_id"
    return Owner(UUID(request.turn_id if is_turn else request.job_id), is_turn)


def leg_need(request: governor_pb.HoldLegRequest) -> Amount:
    """What must be held for a further model call."""
    return need_of_call(price(request.price), request.input_tokens, request.max_output_tokens)


def release_order(request: governor_pb.ReleaseReservationRequest) -> ReleaseOrder:
    """What an owner used before it waits."""
    return ReleaseOrder(owner(request), _used(request.legs), request.last_leg)


def settle_order(request: governor_pb.SettleTurnRequest) -> SettleOrder:
    """What a turn or a job used."""
    return SettleOrder(
        owner=owner(request),
        legs=_used(request.legs),
        lanes_used={lane: getattr(request.lanes_used, lane.value) for lane in Lane},
        tool_calls=_calls(request.outcome.tools),
        outcome=outcome_of(request),
    )


def _used(legs: Iterable[receipt_pb.ModelLeg]) -> dict[int, Amount]:
    """What was used, by leg."""
    found: dict[int, Amount] = {}
    for leg in legs:
        used = Amount(leg.usage.input_tokens + leg.usage.output_tokens, leg_micros(leg))
        found[leg.leg] = found.get(leg.leg, Amount()) + used
    return found


def outcome_of(told: governor_pb.SettleTurnRequest | receipt_pb.Receipt) -> Outcome:
    """How a turn ended; a receipt tells it as its settlement did."""
    outcome, counts = told.outcome, _calls(told.outcome.tools).values()
    kept = [item for item in told.items if item.kept]
    return Outcome(
        finish_reason=outcome.finish_reason,
        attempts=sum(count.attempts for count in counts),
        successes=sum(count.successes for count in counts),
        kept_tokens=sum(item.tokens for item in kept),
        truncated_tokens=sum(item.truncated_tokens for item in kept),
        output_tokens=sum(leg.usage.output_tokens for leg in told.legs),
        confidence=outcome.confidence if outcome.HasField("confidence") else None,
    )


def _calls(outcomes: Iterable[receipt_pb.ToolOutcome]) -> dict[str, CallCounts]:
    """Calls by tool; no more successes than attempts."""
    calls: dict[str, CallCounts] = {}
    for outcome in outcomes:
        seen = calls.get(outcome.name, CallCounts(0, 0))
        successes = min(outcome.attempts, outcome.successes)
        calls[outcome.name] = CallCounts(seen.attempts + outcome.attempts, seen.successes + successes)
    return calls
