"""A turn that another process began, as it stands: its events, what it said, the model calls that it made.

Making values only; claiming it stands in `stored_turns.py`, going on with it in `turns.py`.
"""

from uuid import UUID

from servers.chat.acceptance import Accepted
from servers.chat.domain.sizes import calls_tokens
from servers.chat.domain.turn import Phase, Step, TurnState
from servers.chat.progress import Before, Leg, Progress
from servers.chat.retelling import retell, told_calls
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
    _retell(progress, stored)
    if stored.settlement is not None:
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        since = [event for event in stored.events if event.sequence >= stored.settlement_sequence]
        for leg in stored.settlement.legs:
            usage = _usage(leg.usage)
            if is_open(leg):
                usage = _counted(usage.input_tokens, since, tokenizer)
            made = Leg(leg.leg, accepted.profile.named(leg.model), usage.input_tokens, sent=True, spoke=bool(since))
            made.usage, made.finish_reason = usage, leg.finish_reason
            progress.legs.append(made)
    return progress


def _retell(progress: Progress, stored: Stored) -> None:
    """What was said, asked for and done; a result that the ledger has and nobody was told yet is told in its turn."""
    results = {each.call.call.call_id: each.result for each in stored.calls if each.result is not None}
    told = retell(stored.events, results)
    progress.text.append(told.text)
    progress.reasoning.append(told.reasoning)
    progress.told.extend(told.calls)
    progress.rounds.extend(told.rounds)
    progress.round_start = told.round_start
    progress.calls.extend(each.call for each in told.pending)
    progress.results.update((name, result) for name, result in told.results.items() if name in told.told_results)
    progress.decided.update(each.call.call.call_id for each in stored.calls if each.decision)
    progress.tools_ended = told.ended_rounds


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
    calls = calls_tokens([told.call for told in told_calls(events)], tokenizer)
    return Usage(input_tokens, 0, text + calls + reasoning, reasoning, estimated=True)


def _usage(message: usage_pb2.TokenUsage) -> Usage:
    return Usage(
        message.input_tokens,
        message.cached_input_tokens,
        message.output_tokens,
        message.reasoning_tokens,
        message.estimated,
    )
