"""What other services are told after a turn: what happened, what was learned, and that a title is wanted.

Making messages only; `intents/delivery.py` delivers them.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from servers.chat.domain.facts import (
    Shares,
    context_fill,
    is_correction,
    novelty,
    open_share,
    retriever_shares,
    urgency,
)
from servers.chat.domain.rounds import CallStatus
from servers.chat.intents.intent import TITLE
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.endings import Intent
from servers.chat.turns.lessons import lessons
from servers.chat.turns.progress import Progress
from servers.chat.turns.settlement import ran_here
from servers.chat.turns.store import TurnRow
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma_common.kernel.reasons import Reason

# What the contract takes as a room of memories.
_NAMESPACE: Final = re.compile(r"user:\S{1,128}|agent:[0-9a-f-]{36}|shared")


def after_turn(
    progress: Progress,
    finish_reason: str,
    aiq_observed: float | None,
    now: datetime,
    *,
    learn: bool,
    extract: bool = False,
) -> Iterator[Intent]:
    """The intents of a turn that came to its end; `extract` says that a model may say what is worth keeping."""
    # Who rests does nothing that could go well or badly.
    if not progress.rested:
        observed = observation(progress, finish_reason, aiq_observed, remembers=learn)
        yield Intent("observe_turn", observed.SerializeToString(), now)
    if not learn or progress.accepted.asks_anew:
        # Another answer to the same words teaches nothing that their first turn did not.
        return
    yield from lessons(progress, now, extract=extract)
    if progress.accepted.untitled:
        wanted = conversation_pb.GetConversationRequest(conversation_id=str(progress.accepted.conversation_id))
        yield Intent(TITLE, wanted.SerializeToString(), now)


def observation(
    progress: Progress, finish_reason: str, aiq_observed: float | None, *, remembers: bool
) -> modulation_pb.ObserveTurnRequest:
    """The turn as numbers and names, for the agent's state."""
    accepted, gathered, plan, context = progress.accepted, progress.gathered, progress.plan, progress.context
    predicted = 0.0 if plan is None else plan.aiq_predicted.value
    ran = ran_here(progress)
    used = _used(progress)
    text = accepted.order.text
    follows_answer = accepted.parent_message_id is not None or any(
        it.role == "assistant" for it in accepted.order.transcript or ()
    )
    baseline = accepted.agent.baseline
    return modulation_pb.ObserveTurnRequest(
        agent_id=str(accepted.agent.agent_id),
        turn_id=str(accepted.turn_id),
        request_id=str(accepted.turn_id),
        facts=modulation_pb.TurnFacts(
            finish_reason=finish_reason,
            error_reason="" if progress.error is None else progress.error.reason.value,
            interrupted=finish_reason == "cancelled",
            tool_attempts=len(ran),
            tool_successes=sum(result.status is CallStatus.DONE for result in ran),
            memories_used=0 if context is None else len(context.kept_memories()),
            novelty=novelty([] if gathered is None else [_fit(hit) for hit in gathered.hits]),
            urgency=urgency(text),
            # The same words again correct nobody a second time.
            correction=not accepted.asks_anew and is_correction(text, follows_answer),
            failed_dependencies=() if gathered is None else gathered.failed,
            # Without a settlement nothing speaks against the prediction.
            aiq_observed=_percent(predicted if aiq_observed is None else aiq_observed),
            aiq_predicted=_percent(predicted),
            retriever_shares=_shares_message(used) if used else None,
            context_fill=context_fill([(leg.input_tokens, leg.profile.window_tokens) for leg in progress.legs]),
            open_turns=open_share(accepted.open_turns),
        ),
        baseline=None
        if baseline is None
        else common_pb.Neuromodulators(
            dopamine=baseline[0], serotonin=baseline[1], noradrenaline=baseline[2], acetylcholine=baseline[3]
        ),
        conversation_id=str(accepted.conversation_id or ""),
        memory_namespace=_namespace(accepted) if remembers else "",
    )


def interrupted(row: TurnRow) -> modulation_pb.ObserveTurnRequest:
    """A turn that nobody could go on with: it failed, and more is not known of it."""
    return modulation_pb.ObserveTurnRequest(
        agent_id=str(row.agent_id),
        turn_id=str(row.turn_id),
        request_id=str(row.turn_id),
        facts=modulation_pb.TurnFacts(finish_reason="error", error_reason=Reason.TURN_INTERRUPTED.value),
        conversation_id=str(row.conversation_id or ""),
    )


def _used(progress: Progress) -> list[memory_pb.MemoryHit]:
    """The memories that were in the prompt, as they were found."""
    if progress.gathered is None or progress.context is None:
        return []
    kept = set(progress.context.kept_memories())
    return [hit for hit in progress.gathered.hits if hit.memory.memory_id in kept]


def _fit(hit: memory_pb.MemoryHit) -> float:
    """How well it fits, whatever the temperature of the weights makes of that; its score where nobody said."""
    return hit.parts.fit or hit.score


def _shares_message(used: Sequence[memory_pb.MemoryHit]) -> common_pb.RetrieverShares:
    found = (hit.parts.shares for hit in used)
    shares = retriever_shares([Shares(each.vector, each.graph, each.recency, each.lexical) for each in found])
    return common_pb.RetrieverShares(
        vector=shares.vector, graph=shares.graph, recency=shares.recency, lexical=shares.lexical
    )


def _namespace(accepted: Accepted) -> str:
    """Where what the turn teaches is kept; empty for a person whose name makes no room that can be named."""
    sub = accepted.order.caller.sub
    name = accepted.agent.memory_namespace(sub) or f"user:{sub}"
    return name if _NAMESPACE.fullmatch(name) else ""


def _percent(value: float) -> float:
    return min(100.0, max(0.0, value))
