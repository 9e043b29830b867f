"""What a turn teaches: what the person said that is worth keeping, and what is forgotten with replaced words.

Making messages only. What is worth keeping stands in `domain/learning.py`; never what was recalled or a model said.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from google.protobuf.timestamp_pb2 import Timestamp

from servers.chat.answering.gathering import MOST_HISTORY
from servers.chat.answering.minds import STORE_THRESHOLD
from servers.chat.domain.catalogue import OFFLINE
from servers.chat.domain.learning import worth_keeping
from servers.chat.domain.said import words
from servers.chat.intents.extraction import filled
from servers.chat.intents.intent import EXTRACT, LEARN
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.endings import Intent
from servers.chat.turns.progress import Progress
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as store_pb

# A message of fewer words has nothing for a model to find that the rules do not see.
_FEWEST_WORDS: Final = 4
_MOST_RECALLED: Final = 200


def lessons(progress: Progress, now: datetime, *, extract: bool) -> Iterator[Intent]:
    """The intents by which memory learns and forgets."""
    accepted = progress.accepted
    replaced = withdrawal(accepted)
    if replaced is not None:
        yield Intent("forget_memory", replaced.SerializeToString(), now)
    # Whoever goes on with results says nothing new.
    if accepted.continues:
        return
    learned = lesson(progress)
    asks = extract and accepted.conversation_id is not None and progress.speaker.protocol != OFFLINE
    if asks and len(words(accepted.order.text)) >= _FEWEST_WORDS:
        learned.memories.insert(0, frame(progress))
        # What is less important is not kept, whoever found it.
        learned.memories[0].importance = _threshold(progress)
        yield Intent(EXTRACT, learned.SerializeToString(), now)
    elif learned.memories:
        yield Intent(LEARN, learned.SerializeToString(), now)


def lesson(progress: Progress) -> store_pb.BatchStoreMemoriesRequest:
    """What the rules find in what the person said."""
    found = worth_keeping(progress.accepted.order.text, _threshold(progress))
    return store_pb.BatchStoreMemoriesRequest(
        memories=[filled(frame(progress), each) for each in found],
        request_id=str(uuid5(progress.accepted.turn_id, LEARN)),
    )


def _threshold(progress: Progress) -> float:
    """How important something must be to be kept."""
    gathered = progress.gathered
    return STORE_THRESHOLD if gathered is None else gathered.modulation.store_threshold or STORE_THRESHOLD


def frame(progress: Progress) -> store_pb.NewMemory:
    """What all memories of a message have in common: whose, by whom, where it was said, what was recalled for it."""
    accepted, context = progress.accepted, progress.context
    caller, message_id = accepted.order.caller, accepted.user_message_id
    return store_pb.NewMemory(
        namespace=accepted.agent.memory_namespace(caller.sub),
        subject=accepted.agent.memory_subject(caller.sub),
        speaker=caller.sub[:256],
        source_class=memory_pb.SOURCE_CLASS_USER_SAID,
        source_id=str(message_id or accepted.turn_id),
        conversation_id=str(accepted.conversation_id or ""),
        turn_id=str(accepted.turn_id),
        recalled_memory_ids=() if context is None else context.kept_memories()[:_MOST_RECALLED],
        position=_position(progress),
        session_time=None if message_id is None else _time_of(message_id),
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


def _position(progress: Progress) -> int:
    """Which of the person's messages in its branch it is, from 1: what they said before and after are neighbours."""
    gathered = progress.gathered
    if progress.accepted.conversation_id is None or gathered is None or len(gathered.branch) >= MOST_HISTORY:
        return 0
    return 1 + sum(message.role == "user" for message in gathered.branch)


def _time_of(message_id: UUID) -> Timestamp:
    """When a message was taken in, as its id tells."""
    time = Timestamp()
    time.FromMilliseconds(message_id.int >> 80)
    return time
