"""Conversations on shelves, without servers: for fitting and for looking at one feature alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

import numpy as np

from bench.memory.locomo import Conversation, Turn
from bench.memory.scores import Answered
from servers.memory.domain.memory import Kind, Memory, RecallFilter, Source
from servers.memory.domain.ranking import Weights
from servers.memory.indexing.words import Words
from servers.memory.view.entry import Mask
from servers.memory.view.meaning import Meaning
from servers.memory.view.reading import Reader
from servers.memory.view.search import Found, look
from servers.memory.view.shelf import Shelf
from soma_common.embedding import StaticEmbedder

_SPACE = UUID("6a0f6b0e-8f0c-4f0e-9c67-5f0f3f5f3d11")
NAMESPACE = "user:reader"


@dataclass(frozen=True, slots=True)
class Pool:
    """What may fit each question of a conversation: ids, features, and which are right."""

    conversation: Conversation
    founds: list[Found]
    turn_ids: list[list[str]]
    by_id: Mapping[UUID, str]

    def right(self, number: int) -> Mask:
        """Which of the rows answer a question."""
        gold = self.conversation.questions[number].gold
        return np.array([turn_id in gold for turn_id in self.turn_ids[number]], dtype=np.bool_)

    def answers(self, weights: Weights, most: int = 50) -> list[Answered]:
        """What a search finds for each question."""
        return [
            Answered(question, [self.by_id[hit.memory_id] for hit in found.ranking(weights, most=most).hits])
            for question, found in zip(self.conversation.questions, self.founds, strict=True)
        ]


def reader() -> Reader:
    words, embedder = Words(), StaticEmbedder()
    return Reader(words, Meaning(embedder, words))


def memory_of(conversation: Conversation, turn: Turn) -> Memory:
    moment = turn.session_time + timedelta(seconds=turn.position)
    return Memory(
        memory_id=uuid5(_SPACE, f"{conversation.name}/{turn.turn_id}"),
        namespace=NAMESPACE,
        owner_sub="reader",
        kind=Kind.EPISODIC,
        text=turn.text,
        payload=None,
        subject="",
        speaker=turn.speaker,
        source=Source.IMPORTED,
        source_id="",
        conversation_id=uuid5(_SPACE, conversation.name),
        trust=0.7,
        importance=0.5,
        tags=(),
        token_count=0,
        learn_time=moment,
        valid_from=moment,
        position=turn.position,
        session_time=turn.session_time,
    )


def pool(read: Reader, conversation: Conversation) -> Pool:
    memories = [memory_of(conversation, turn) for turn in conversation.turns]
    shelf = Shelf()
    shelf.apply([read.entry(memory) for memory in memories])
    turn_ids = {memory.memory_id: turn.turn_id for memory, turn in zip(memories, conversation.turns, strict=True)}
    now = max(memory.learn_time for memory in memories) + timedelta(days=1)
    wanted = RecallFilter(namespaces=(NAMESPACE,))
    founds = [look([shelf], read.query(question.text, now), wanted, now) for question in conversation.questions]
    return Pool(conversation, founds, [[turn_ids[each] for each in found.ids()] for found in founds], turn_ids)
