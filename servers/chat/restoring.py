"""A turn that another process began, as it stands: its events, what it said, the model calls that it made.

Making values only; claiming it stands in `stored_turns.py`, going on with it in `turns.py`.
"""

from uuid import UUID

from servers.chat.acceptance import Accepted
from servers.chat.domain.sizes import calls_tokens
from servers.chat.domain.turn import Phase, Step, TurnState
from servers.chat.progress import Before, Leg, Progress
from servers.chat.requests import tool_calls
from servers.chat.running import RunningTurn
from servers.chat.settlement import is_open
from servers.chat.stored_turns import Stored
from servers.chat.stream import Numbered
from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import usage_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.money import Usage
from soma_common.tokens import Tokenizer, tokenizer_for


def restored_turn(stored: Stored, accepted: Accepted, now: float) -> RunningTurn:
    """The turn with everything that was told of it."""
    turn = RunningTurn(accepted.turn_id, accepted.order, now)
    turn.lease_epoch = stored.row.lease_epoch
    turn.durable.extend(stored.events)
    if stored.events:
        turn.state = TurnState(Phase.ANSWERING, stored.events[-1].sequence)
    turn.taken_in.set_result(None)
    return turn


def restored_progress(stored: Stored, accepted: Accepted, clock: Clock) -> Progress:
    """What the turn had come to; a call whose end nobody saw is billed for what stands in the journal."""
    progress = Progress(accepted, clock, clock.monotonic())
    progress.before = Before(stored.from_status, stored.from_instance, stored.settlement, _receipt_of(stored.events))
    progress.text.extend(event.text for event in stored.events if event.text)
    progress.reasoning.extend(_reasoning(event) for event in stored.events if event.step is Step.REASONING)
    progress.calls.extend(call for event in stored.events if event.step is Step.TOOL_CALL for call in tool_calls(event))
    if stored.settlement is not None:
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        since = [event for event in stored.events if event.sequence >= stored.settlement_sequence]
        for leg in stored.settlement.legs:
            usage = _usage(leg.usage)
            if is_open(leg):
                usage = _counted(usage.input_tokens, since, tokenizer)
            progress.legs.append(
                Leg(leg.leg, leg.model, True, spoke=bool(since), usage=usage, finish_reason=leg.finish_reason)
            )
    return progress


def _receipt_of(events: tuple[Numbered, ...]) -> UUID | None:
    if not events or events[0].step is not Step.STARTED:
        return None
    receipt = turn_event_pb2.TurnEvent.FromString(events[0].data).started.receipt_id
    return UUID(receipt) if receipt else None


def _reasoning(event: Numbered) -> str:
    return turn_event_pb2.TurnEvent.FromString(event.data).reasoning.text


def _counted(input_tokens: int, events: list[Numbered], tokenizer: Tokenizer) -> Usage:
    """What a call wrote, as far as it became durable."""
    reasoning = tokenizer.count("".join(_reasoning(event) for event in events if event.step is Step.REASONING))
    text = tokenizer.count("".join(event.text for event in events))
    calls = calls_tokens(
        [call for event in events if event.step is Step.TOOL_CALL for call in tool_calls(event)], tokenizer
    )
    return Usage(input_tokens, 0, text + calls + reasoning, reasoning, estimated=True)


def _usage(message: usage_pb2.TokenUsage) -> Usage:
    return Usage(
        message.input_tokens,
        message.cached_input_tokens,
        message.output_tokens,
        message.reasoning_tokens,
        message.estimated,
    )
