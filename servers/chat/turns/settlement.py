"""What a turn really used: the settlement with its manifest, and counted figures where a provider sent none.

Making values and messages only; `ending.py` sends them.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from servers.chat.answering.planning import lanes_message
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.domain.sizes import counted_usage
from servers.chat.domain.sources import Lanes
from servers.chat.turns.manifests import call_record, item_message
from servers.chat.turns.progress import Leg, Progress
from servers.chat.turns.stream import usage_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Usage, cost
from soma_common.tokens import tokenizer_for

MOST_ITEMS: Final = 8_192
# What a draft says of a call whose end nobody saw.
OPEN_LEG: Final = "error"


def leg_usage(leg: Leg) -> Usage:
    """What a call used: the provider's figure, else what was sent and written, counted and marked so.

    A call that failed before its provider began to answer used nothing.
    """
    if leg.usage is not None:
        return leg.usage
    failed_unheard = leg.finish_reason == "error" and not (leg.began or leg.spoke)
    if not leg.sent or failed_unheard:
        return Usage()
    text, reasoning = "".join(leg.text), "".join(leg.reasoning)
    return counted_usage(leg.input_tokens, text, reasoning, leg.calls, tokenizer_for(leg.profile.tokenizer))


def leg_cost(leg: Leg) -> int:
    """What a call cost, in micros, at the price of the model that was called."""
    return cost(leg.profile.price, leg_usage(leg))


def turn_usage(progress: Progress) -> Usage:
    """The sum over the calls."""
    return sum(map(leg_usage, progress.legs), Usage())


def turn_cost(progress: Progress) -> int:
    """What the calls cost, in micros; each is rounded by itself, as it is billed."""
    return sum(map(leg_cost, progress.legs))


def settlement(progress: Progress, finish_reason: str) -> governor_pb.SettleTurnRequest:
    """The settlement of a turn as it ended."""
    request = _frame(progress)
    for leg in progress.legs:
        _add_leg(request, leg, leg_usage(leg), leg.finish_reason or finish_reason)
    request.phases.extend(
        receipt_pb.PhaseLatency(
            phase=phase.name,
            start_milliseconds=phase.start_milliseconds,
            duration_milliseconds=phase.duration_milliseconds,
        )
        for phase in progress.phases[:64]
    )
    request.outcome.finish_reason = finish_reason
    request.outcome.tools.extend(_tool_outcomes(progress))
    if progress.error is not None:
        request.outcome.error_reason = progress.error.reason.value
    if progress.confidence is not None:
        request.outcome.confidence = min(1.0, max(0.0, progress.confidence))
    return request


def ran_here(progress: Progress) -> list[CallResult]:
    """What came of the tools of this house that were run, in order."""
    results = [*(result for each in progress.rounds for result in each.results), *progress.results.values()]
    return [result for result in results if result.name in progress.offered and result.status is not CallStatus.DENIED]


def _tool_outcomes(progress: Progress) -> Iterator[receipt_pb.ToolOutcome]:
    """How often each tool of this house was called and went well."""
    ran = ran_here(progress)
    for name in sorted({result.name for result in ran}):
        statuses = [result.status for result in ran if result.name == name]
        yield receipt_pb.ToolOutcome(name=name, attempts=len(statuses), successes=statuses.count(CallStatus.DONE))


def settlement_draft(progress: Progress, following: ModelRequest | None) -> governor_pb.SettleTurnRequest:
    """What is known before a call is made: for whoever must go on with the turn, or end it, when this process cannot.

    Beside the calls that were made it has the one that follows, if one does, with its input only; what that writes is
    counted from the journal.
    """
    request = _frame(progress)
    for leg in progress.legs:
        _add_leg(request, leg, leg_usage(leg), leg.finish_reason)
    if following is not None:
        usage = Usage(input_tokens=following.input_tokens, estimated=True)
        record = call_record(progress, following)
        _add_leg(request, Leg(progress.next_leg, following.profile, following.input_tokens, record), usage, OPEN_LEG)
    request.outcome.finish_reason = "error"
    return request


def open_leg(draft: governor_pb.SettleTurnRequest) -> int:
    """The number of the call that followed a draft, which is its last; 0 where none did."""
    if not draft.legs:
        return 0
    last = draft.legs[-1]
    return last.leg if last.finish_reason == OPEN_LEG and last.usage.estimated and not last.usage.output_tokens else 0


def _add_leg(request: governor_pb.SettleTurnRequest, leg: Leg, usage: Usage, finish_reason: str) -> None:
    message = request.legs.add()
    if leg.record is not None:
        message.CopyFrom(leg.record)
    message.leg, message.model = leg.number, leg.profile.profile_id
    message.usage.CopyFrom(usage_message(usage))
    message.cost_micros, message.finish_reason = cost(leg.profile.price, usage), finish_reason


def empty_settlement(turn_id: UUID, error_reason: str) -> governor_pb.SettleTurnRequest:
    """Gives back whatever may be held for a turn that made no call."""
    return governor_pb.SettleTurnRequest(
        turn_id=str(turn_id),
        request_id=str(turn_id),
        outcome=receipt_pb.TurnOutcome(finish_reason="error", error_reason=error_reason),
    )


def _frame(progress: Progress) -> governor_pb.SettleTurnRequest:
    context, turn_id = progress.context, str(progress.accepted.turn_id)
    draft = None if progress.before is None else progress.before.draft
    if draft is not None and (context is None or draft.items):
        # As it began; what was gathered anew since stands with the calls that were made of it.
        return governor_pb.SettleTurnRequest(
            turn_id=turn_id, request_id=turn_id, lanes_used=draft.lanes_used, items=draft.items
        )
    return governor_pb.SettleTurnRequest(
        turn_id=turn_id,
        request_id=turn_id,
        lanes_used=lanes_message(Lanes() if context is None else context.used),
        items=[] if context is None else [item_message(line) for line in context.manifest[:MOST_ITEMS]],
    )
