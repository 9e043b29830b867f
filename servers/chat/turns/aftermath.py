"""What other services are told after a turn: what happened, and what was said that is worth keeping.

Making messages only; `intents/delivery.py` delivers them.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid5

from servers.chat.answering.gathering import STORE_THRESHOLD
from servers.chat.domain.facts import is_correction, novelty, urgency
from servers.chat.domain.learning import worth_keeping
from servers.chat.intents.intent import TITLE
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.endings import Intent
from servers.chat.turns.progress import Progress
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as store_pb


def after_turn(
    progress: Progress, finish_reason: str, aiq_observed: float | None, now: datetime, *, learn: bool
) -> Iterator[Intent]:
    """The intents of a turn that came to its end."""
    observed = observation(progress, finish_reason, aiq_observed)
    yield Intent("observe_turn", observed.SerializeToString(), now)
    if not learn or progress.accepted.asks_anew:
        # Another answer to the same words teaches nothing that their first turn did not.
        return
    replaced = withdrawal(progress.accepted)
    if replaced is not None:
        yield Intent("forget_memory", replaced.SerializeToString(), now)
    learned = lesson(progress)
    if learned is not None:
        yield Intent("store_memory", learned.SerializeToString(), now)
    if progress.accepted.untitled:
        wanted = conversation_pb.GetConversationRequest(conversation_id=str(progress.accepted.conversation_id))
        yield Intent(TITLE, wanted.SerializeToString(), now)


def observation(progress: Progress, finish_reason: str, aiq_observed: float | None) -> modulation_pb.ObserveTurnRequest:
    """The turn as numbers and names, for the agent's state."""
    accepted, gathered, plan, context = progress.accepted, progress.gathered, progress.plan, progress.context
    predicted = 0.0 if plan is None else plan.aiq_predicted.value
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
            memories_used=0 if context is None else len(context.kept_memories()),
            novelty=novelty([] if gathered is None else [hit.score for hit in gathered.hits]),
            urgency=urgency(text),
            # The same words again correct nobody a second time.
            correction=not accepted.asks_anew and is_correction(text, follows_answer),
            failed_dependencies=() if gathered is None else gathered.failed,
            # Without a settlement nothing speaks against the prediction.
            aiq_observed=_percent(predicted if aiq_observed is None else aiq_observed),
            aiq_predicted=_percent(predicted),
        ),
        baseline=None
        if baseline is None
        else common_pb.Neuromodulators(
            dopamine=baseline[0], serotonin=baseline[1], noradrenaline=baseline[2], acetylcholine=baseline[3]
        ),
    )


def lesson(progress: Progress) -> store_pb.StoreMemoryRequest | None:
    """What the person said that is worth keeping; never what was recalled or what the model said."""
    accepted, gathered, context = progress.accepted, progress.gathered, progress.context
    threshold = STORE_THRESHOLD if gathered is None else gathered.modulation.store_threshold or STORE_THRESHOLD
    # Whoever goes on with results says nothing new.
    learned = None if accepted.continues else worth_keeping(accepted.order.text, threshold)
    if learned is None:
        return None
    return store_pb.StoreMemoryRequest(
        namespace=accepted.agent.memory_namespace(accepted.order.caller.sub),
        kind=memory_pb.MEMORY_KIND_EPISODIC,
        text=learned.text,
        subject="user",
        speaker=accepted.order.caller.sub[:256],
        source_class=memory_pb.SOURCE_CLASS_USER_SAID,
        source_id=str(accepted.user_message_id or accepted.turn_id),
        conversation_id=str(accepted.conversation_id or ""),
        importance=learned.importance,
        turn_id=str(accepted.turn_id),
        recalled_memory_ids=() if context is None else context.kept_memories()[:200],
        request_id=str(uuid5(accepted.turn_id, "store_memory")),
    )


def withdrawal(accepted: Accepted) -> store_pb.DeleteBySourceRequest | None:
    """What was learned from words that others took the place of is forgotten, also what is yet to be."""
    if accepted.replaces_message_id is None:
        return None
    return store_pb.DeleteBySourceRequest(
        source_id=str(accepted.replaces_message_id),
        ended=True,
        request_id=str(uuid5(accepted.turn_id, "forget_memory")),
    )


def _percent(value: float) -> float:
    return min(100.0, max(0.0, value))
