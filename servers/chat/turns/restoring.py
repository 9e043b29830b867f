"""A turn that another process began, as it stands: its events, what it said, the model calls that it made.

Making values only; claiming it stands in `claiming.py`, going on with it in `engine.py`.
"""

from uuid import UUID

from servers.chat.domain.model import ModelProfile
from servers.chat.domain.turn import Phase, TurnState
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.claiming import Stored
from servers.chat.turns.journaled import Journaled
from servers.chat.turns.progress import Before, Leg, Progress
from servers.chat.turns.retelling import retell
from servers.chat.turns.running import RunningTurn
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.money import Usage
from soma_common.tokens import tokenizer_for


def restored_turn(stored: Stored, accepted: Accepted, now: float) -> RunningTurn:
    """The turn with everything that was told of it."""
    turn = RunningTurn(accepted.turn_id, accepted.order, now)
    turn.lease_epoch = stored.row.lease_epoch
    events = stored.journaled.events
    turn.durable.extend(events)
    if events:
        turn.state = TurnState(Phase.ANSWERING, events[-1].sequence)
    turn.taken_in.set_result(None)
    return turn


def restored_progress(stored: Stored, accepted: Accepted, clock: Clock) -> Progress:
    """What the turn had come to; a call whose end nobody saw is billed for what stands in the journal."""
    journaled = stored.journaled
    progress = Progress(accepted, clock, clock.monotonic())
    progress.before = Before(stored.from_status, stored.from_instance, journaled.draft, _receipt_of(journaled))
    _retell(progress, stored)
    if journaled.draft is not None:
        for leg in journaled.draft.legs:
            profile = accepted.profile.named(leg.model)
            usage = journaled.usage(leg, tokenizer_for(profile.tokenizer))
            progress.legs.append(made_leg(leg, profile, usage))
    return progress


def _retell(progress: Progress, stored: Stored) -> None:
    """What was said, asked for and done; a result that the ledger has and nobody was told yet is told in its turn."""
    results = {each.call.call.call_id: each.result for each in stored.calls if each.result is not None}
    told = retell(stored.journaled.events, results)
    progress.text.append(told.text)
    progress.reasoning.append(told.reasoning)
    progress.told.extend(told.calls)
    progress.rounds.extend(told.rounds)
    progress.round_start = told.round_start
    progress.calls.extend(each.call for each in told.pending)
    progress.results.update((name, result) for name, result in told.results.items() if name in told.told_results)
    progress.decided.update(each.call.call.call_id for each in stored.calls if each.decision)
    progress.tools_ended = told.ended_rounds


def made_leg(leg: receipt_pb.ModelLeg, profile: ModelProfile, usage: Usage) -> Leg:
    """A model call that another process made."""
    return Leg(
        leg.leg,
        profile,
        usage.input_tokens,
        leg,
        sent=True,
        began=True,
        spoke=usage.output_tokens > 0,
        usage=usage,
        finish_reason=leg.finish_reason,
    )


def _receipt_of(journaled: Journaled) -> UUID | None:
    started = journaled.started
    return UUID(started.receipt_id) if started is not None and started.receipt_id else None
