"""A turn that was settled, and whose process died before its end was written: it ends as it was settled.

The receipt is the witness; nothing here ends anything.
"""

from typing import Final

from servers.chat.answering.planning import Planner
from servers.chat.domain.turn import Step
from servers.chat.turns.ending import Outcome
from servers.chat.turns.journaled import usage_of
from servers.chat.turns.progress import Progress
from servers.chat.turns.restoring import made_leg
from servers.chat.turns.running import RunningTurn
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

_CANCELLED: Final = "cancelled"


async def settled_outcome(planner: Planner, turn: RunningTurn, progress: Progress) -> Outcome | None:
    """How the turn ended, with the progress as it was billed; None where it was not settled. Raises DEPENDENCY_DOWN."""
    receipt = await planner.receipt(progress.accepted, progress.patience_seconds)
    if receipt is None or not receipt.HasField("settle_time"):
        return None
    profile = progress.accepted.profile
    progress.legs[:] = [made_leg(leg, profile.named(leg.model), usage_of(leg.usage)) for leg in receipt.legs]
    return _outcome(turn, receipt.outcome)


def _outcome(turn: RunningTurn, outcome: receipt_pb.TurnOutcome) -> Outcome:
    if outcome.error_reason or outcome.told_events != turn.state.sequence:
        # It failed, or what it said last was on its way into the journal.
        return Outcome(Step.FAILED, "error", SomaError(Reason.TURN_INTERRUPTED, {"turn_id": str(turn.turn_id)}))
    if outcome.finish_reason == _CANCELLED:
        return Outcome(Step.CANCELLED, _CANCELLED)
    return Outcome(Step.COMPLETED, outcome.finish_reason)
