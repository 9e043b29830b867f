"""Contract messages as the values of the use cases.

Nothing is decided here, and nothing is checked that the contract's own rules check before a call arrives.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from servers.governor.domain.aiq import Outcome
from servers.governor.domain.ledger import Amount, need_of_call
from servers.governor.domain.levels import Health, Observation
from servers.governor.domain.periods import Period
from servers.governor.domain.request import CallCounts, Candidates, PlanRequest, ToolCandidate
from servers.governor.domain.rules import Lane, Level, Risk
from servers.governor.holding import Owner
from servers.governor.planning import PlanOrder
from servers.governor.settlement import SettleOrder
from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Price

DEFAULT_TIMEOUT_SECONDS: Final = 300
# A use is booked whatever a provider says of it, but no call costs more than a thousand million dollars.
MOST_LEG_MICROS: Final = 10**15

_RISKS: Final = {plan_pb.RISK_PROFILE_LOW: Risk.LOW, plan_pb.RISK_PROFILE_CRITICAL: Risk.CRITICAL}
_PERIODS: Final = {
    budget_pb.BUDGET_PERIOD_DAY: Period.DAY,
    budget_pb.BUDGET_PERIOD_MONTH: Period.MONTH,
    budget_pb.BUDGET_PERIOD_TOTAL: Period.TOTAL,
}


def plan_order(request: governor_pb.PlanTurnRequest) -> PlanOrder:
    """A turn to plan."""
    subject, model, modulation = request.subject, request.model, request.modulation
    return PlanOrder(
        turn_id=UUID(request.turn_id),
        request=PlanRequest(
            model=model.model,
            window_tokens=model.window_tokens,
            max_output_tokens=model.max_output_tokens,
            price=price(model.price),
            candidates=_candidates(request.candidates),
            query=request.query,
            risk=_RISKS.get(subject.risk_profile, Risk.NORMAL),
            turn_token_limit=subject.turn_token_limit,
            features_off=frozenset(subject.features_off),
            tool_k_delta=modulation.tool_k_delta,
            history_share_delta=max(0.0, modulation.history_share_delta),
            min_level=Level(request.min_level - 1) if request.min_level else None,
        ),
        observations=_observations(request.observed_dependencies),
        timeout_seconds=timeout_seconds(request.turn_timeout_seconds),
    )


def _candidates(found: plan_pb.Candidates) -> Candidates:
    return Candidates(
        system_prompt_tokens=found.system_prompt_tokens,
        policy_tokens=sum(found.policy_tokens),
        history_tokens=tuple(found.history_tokens),
        memory_tokens=sum(memory.tokens for memory in found.memories),
        memory_scores=tuple(memory.score if memory.HasField("score") else None for memory in found.memories),
        tools=tuple(
            ToolCandidate(
                tool.name, tool.description, tuple(tool.parameter_names), tool.schema_tokens, tool.only_when_relevant
            )
            for tool in found.tools
        ),
        tool_result_tokens=sum(found.tool_result_tokens),
        user_message_tokens=found.user_message_tokens,
        framing_tokens=found.framing_tokens,
    )


def _observations(seen: Iterable[level_pb.ObservedDependency]) -> tuple[Observation, ...]:
    return tuple(Observation(each.name, Health(each.state), each.detail) for each in seen)


def price(message: usage_pb.Price) -> Price:
    """Prices of a model."""
    return Price(
        message.input_micros_per_million,
        message.cached_input_micros_per_million,
        message.output_micros_per_million,
        message.reasoning_micros_per_million,
    )


def timeout_seconds(seconds: int) -> int:
    """How long the work may take; 0 stands for the default."""
    return seconds or DEFAULT_TIMEOUT_SECONDS


def period(value: budget_pb.BudgetPeriod.ValueType) -> Period:
    """The period of a budget."""
    return _PERIODS[value]


def owner(request: governor_pb.HoldLegRequest | governor_pb.SettleTurnRequest) -> Owner:
    """Whose model call it is."""
    is_turn = request.WhichOneof("owner") == "turn_id"
    return Owner(UUID(request.turn_id if is_turn else request.job_id), is_turn)


def leg_need(request: governor_pb.HoldLegRequest) -> Amount:
    """What must be held for a further model call."""
    return need_of_call(price(request.price), request.input_tokens, request.max_output_tokens)


def settle_order(request: governor_pb.SettleTurnRequest) -> SettleOrder:
    """What a turn or a job used."""
    legs: dict[int, Amount] = {}
    for leg in request.legs:
        used = Amount(leg.usage.input_tokens + leg.usage.output_tokens, leg_micros(leg))
        legs[leg.leg] = legs.get(leg.leg, Amount()) + used
    calls = _calls(request.outcome.tools)
    return SettleOrder(
        owner=owner(request),
        legs=legs,
        lanes_used={lane: getattr(request.lanes_used, lane.value) for lane in Lane},
        tool_calls=calls,
        outcome=_outcome(request, calls.values()),
    )


def leg_micros(leg: receipt_pb.ModelLeg) -> int:
    """What a model call cost."""
    return min(leg.cost_micros, MOST_LEG_MICROS)


def _outcome(request: governor_pb.SettleTurnRequest, calls: Iterable[CallCounts]) -> Outcome:
    outcome, counts = request.outcome, list(calls)
    kept = [item for item in request.items if item.kept]
    return Outcome(
        finish_reason=outcome.finish_reason,
        attempts=sum(count.attempts for count in counts),
        successes=sum(count.successes for count in counts),
        kept_tokens=sum(item.tokens for item in kept),
        truncated_tokens=sum(item.truncated_tokens for item in kept),
        output_tokens=sum(leg.usage.output_tokens for leg in request.legs),
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
