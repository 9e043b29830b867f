"""What a turn really used: the settlement with its manifest, and counted figures where a provider sent none.

Making values and messages only; `ending.py` sends them.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from servers.chat.domain.sizes import calls_tokens
from servers.chat.domain.sources import Lanes, Placed
from servers.chat.planning import lanes_message
from servers.chat.progress import Leg, Progress
from servers.chat.stream import usage_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Price, Usage, cost
from soma_common.tokens import tokenizer_for

MOST_ITEMS: Final = 8_192
# What a draft says of a call whose end nobody saw.
OPEN_LEG: Final = "error"


def leg_usage(progress: Progress, leg: Leg) -> Usage:
    """What a call used: the provider's figure, else what was sent and written, counted and marked so."""
    if leg.usage is not None:
        return leg.usage
    context = progress.context
    failed_unheard = not leg.spoke and leg.finish_reason == "error"
    if context is None or not leg.sent or failed_unheard:
        return Usage()
    tokenizer = tokenizer_for(progress.accepted.profile.tokenizer)
    reasoning = tokenizer.count("".join(progress.reasoning)) if leg.spoke else 0
    written = tokenizer.count(progress.answer) + calls_tokens(progress.calls, tokenizer) if leg.spoke else 0
    return Usage(context.input_tokens, 0, written + reasoning, reasoning, estimated=True)


def turn_usage(progress: Progress) -> Usage:
    """The sum over the calls."""
    return sum((leg_usage(progress, leg) for leg in progress.legs), Usage())


def turn_cost(progress: Progress) -> int:
    """What the calls cost, in micros; each is rounded by itself, as it is billed."""
    price = progress.accepted.profile.price
    return sum(cost(price, leg_usage(progress, leg)) for leg in progress.legs)


def settlement(progress: Progress, finish_reason: str) -> governor_pb.SettleTurnRequest:
    """The settlement of a turn as it ended."""
    price = progress.accepted.profile.price
    request = _frame(progress)
    for leg in progress.legs:
        ended = leg if leg.finish_reason else replace(leg, finish_reason=finish_reason)
        _add_leg(request, ended, leg_usage(progress, leg), price)
    request.phases.extend(
        receipt_pb.PhaseLatency(
            phase=phase.name,
            start_milliseconds=phase.start_milliseconds,
            duration_milliseconds=phase.duration_milliseconds,
        )
        for phase in progress.phases[:64]
    )
    request.outcome.finish_reason = finish_reason
    if progress.error is not None:
        request.outcome.error_reason = progress.error.reason.value
    if progress.confidence is not None:
        request.outcome.confidence = min(1.0, max(0.0, progress.confidence))
    return request


def settlement_draft(progress: Progress) -> governor_pb.SettleTurnRequest:
    """What is known when the plan is made: for whoever must end the turn when this process cannot.

    Beside the calls that were made it has the one that follows, with its input only; what that writes is counted from
    the journal.
    """
    request = _frame(progress)
    context, price = progress.context, progress.accepted.profile.price
    for leg in progress.legs:
        _add_leg(request, leg, leg_usage(progress, leg), price)
    if context is not None and context.messages:
        number = 1 + max((leg.number for leg in progress.legs), default=0)
        following = Leg(number, progress.accepted.profile.profile_id, finish_reason=OPEN_LEG)
        _add_leg(request, following, Usage(input_tokens=context.input_tokens, estimated=True), price)
    request.outcome.finish_reason = "error"
    return request


def is_open(leg: receipt_pb.ModelLeg) -> bool:
    """Whether a call in a draft is the one that followed it."""
    return leg.finish_reason == OPEN_LEG and leg.usage.estimated and not leg.usage.output_tokens


def _add_leg(request: governor_pb.SettleTurnRequest, leg: Leg, usage: Usage, price: Price) -> None:
    request.legs.append(
        receipt_pb.ModelLeg(
            leg=leg.number,
            model=leg.model,
            usage=usage_message(usage),
            cost_micros=cost(price, usage),
            finish_reason=leg.finish_reason,
        )
    )


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
    if context is None and draft is not None:
        return governor_pb.SettleTurnRequest(
            turn_id=turn_id, request_id=turn_id, lanes_used=draft.lanes_used, items=draft.items
        )
    return governor_pb.SettleTurnRequest(
        turn_id=turn_id,
        request_id=turn_id,
        lanes_used=lanes_message(Lanes() if context is None else context.used),
        items=[] if context is None else [_item(line) for line in context.manifest[:MOST_ITEMS]],
    )


def _item(line: Placed) -> receipt_pb.ManifestItem:
    return receipt_pb.ManifestItem(
        lane=line.lane,
        item_id=line.item_id,
        tokens=line.tokens,
        kept=line.kept,
        reason=line.reason,
        version=line.version,
        truncated_tokens=line.truncated_tokens,
    )
