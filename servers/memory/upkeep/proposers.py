"""Who proposes facts: a model of the tenant, asked through chat, or the memories' own sentences.

What may be taken from a model's answer stands in `domain/proposing.py`; nothing here stores.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Final
from uuid import UUID, uuid5

from servers.memory.domain.consolidation import EXTRACTIVE, Proposal
from servers.memory.domain.memory import Memory
from servers.memory.domain.proposing import SYSTEM_PROMPT, BadAnswerError, question, read_answer
from servers.memory.indexing.indexer import Indexer
from servers.memory.upkeep.clustering import LEAST_CLUSTER, extracted
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub

USUAL_TOKENS: Final = 20_000
MOST_OUTPUT_TOKENS: Final = 4_096
LEAST_OUTPUT_TOKENS: Final = 256
# Of a note beside its text, and of what is asked.
_NOTE_TOKENS: Final = 12
_ASKED_TOKENS: Final = 300
_MOST_BYTES: Final = 200_000
MODEL_SECONDS: Final = 60
# A tenant without a model has chat's offline voice, which cannot do this.
_OFFLINE: Final = "offline"


@dataclass(frozen=True, slots=True)
class Wish:
    """How facts are to be made: by a model (empty: the tenant's default) within so many tokens, or by none."""

    use_model: bool
    model_id: str = ""
    token_budget: int = 0


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed and how it was made; `refused` says in a sentence why nothing is."""

    proposals: tuple[Proposal, ...]
    method: str
    used_tokens: int = 0
    refused: str = ""


class Proposers:
    """Proposes facts."""

    def __init__(self, indexer: Indexer, models: ModelServiceStub) -> None:
        self._indexer = indexer
        self._models = models

    async def propose(self, memories: Sequence[Memory], wish: Wish, key: UUID) -> Proposed:
        """Facts for these memories. The same key asks a model once. Raises what chat's GenerateText raises."""
        if not wish.use_model:
            return await self._extract(memories)
        found: list[Proposal] = []
        method, used, budget = "", 0, wish.token_budget or USUAL_TOKENS
        for group in _of_one_person(memories):
            asked, tokens = _fitting(group, budget - used)
            if len(asked) < 2:
                continue
            answer = await self._ask(asked, wish.model_id, budget - used - tokens, key)
            if answer.model_profile_id == _OFFLINE:
                return await self._extract(memories)
            method = f"model:{answer.model_profile_id}"
            used += answer.usage.input_tokens + answer.usage.output_tokens
            if answer.finish_reason != "stop":
                refused = "The model's answer broke off before its end; nothing was changed."
                return Proposed((), method, used, refused)
            try:
                found += read_answer(answer.text, asked)
            except BadAnswerError as bad:
                return Proposed((), method, used, f"The model's answer {bad}; nothing was changed.")
        if not method:
            return Proposed((), "", 0, "There were no two memories for a model within the budget; nothing was changed.")
        return Proposed(tuple(found), method, used)

    async def _extract(self, memories: Sequence[Memory]) -> Proposed:
        """Beside the loop: a thousand memories take a good part of a second."""

        def work() -> tuple[Proposal, ...]:
            vectors = [self._indexer.vector(memory.text) for memory in memories]
            return extracted(memories, vectors, [self._indexer.terms(memory.text) for memory in memories])

        if len(memories) < LEAST_CLUSTER:
            return Proposed((), EXTRACTIVE)
        return Proposed(await asyncio.to_thread(work), EXTRACTIVE)

    async def _ask(
        self, memories: Sequence[Memory], model_id: str, most_tokens: int, key: UUID
    ) -> model_pb.GenerateTextResponse:
        prompt = question(memories)
        request = model_pb.GenerateTextRequest(
            model_profile_id=model_id,
            system_prompt=SYSTEM_PROMPT,
            prompt=prompt,
            max_output_tokens=min(MOST_OUTPUT_TOKENS, most_tokens),
            temperature=0.0,
            timeout_seconds=MODEL_SECONDS,
            request_id=str(uuid5(key, sha256(f"{model_id}/{most_tokens}/{prompt}".encode()).hexdigest())),
        )
        answer: model_pb.GenerateTextResponse = await self._models.GenerateText(request, timeout=MODEL_SECONDS + 5.0)
        return answer


def _of_one_person(memories: Sequence[Memory]) -> list[list[Memory]]:
    """Each person's apart, the most first: no fact mixes what several people stored."""
    ordered = sorted(memories, key=lambda it: it.owner_sub)
    groups = [list(group) for _, group in groupby(ordered, key=lambda it: it.owner_sub)]
    return sorted(groups, key=lambda group: (-len(group), group[0].owner_sub))


def _fitting(memories: Sequence[Memory], budget: int) -> tuple[list[Memory], int]:
    """The first memories that leave at least a third of the budget for the answer, and what they take of it."""
    taken: list[Memory] = []
    tokens, size = _ASKED_TOKENS, 0
    room = budget - max(LEAST_OUTPUT_TOKENS, budget // 3)
    for memory in memories:
        cost = memory.token_count + _NOTE_TOKENS
        length = len(memory.text.encode()) * 2
        if tokens + cost <= room and size + length <= _MOST_BYTES:
            taken.append(memory)
            tokens, size = tokens + cost, size + length
    return taken, tokens
