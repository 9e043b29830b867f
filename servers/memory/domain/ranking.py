"""How hits of several retrievers become one list: a weighted sum of normalised features, then a budget. Pure.

    score = (α·vector + λ·lexical + γ·recency + 0.1·importance) / (α + λ + γ + 0.1)

vector is the cosine above the similarity of unrelated texts, stretched to 0-1; lexical is BM25 divided by the best
BM25 of the query; recency halves every 30 days; α, λ, γ are the caller's adaptation weights.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.domain.memory import Memory

RECENCY_HALF_LIFE_DAYS: Final = 30.0
IMPORTANCE_WEIGHT: Final = 0.1
_SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each family of features counts; the defaults of the adaptation weights.

    `style` is how much the way of saying does, which no caller sets: what was learned of it is of one sort of talk.
    """

    vector: float = 1.0
    lexical: float = 1.0
    recency: float = 0.1
    graph: float = 0.2
    temperature: float = 0.7
    style: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The features of a hit, each 0-1; None where the retriever did not find it. Ranks from 1, 0 where not found."""

    vector: float | None
    lexical: float | None
    recency: float
    importance: float
    vector_rank: int = 0
    lexical_rank: int = 0
    context: float | None = None
    graph: float | None = None
    time: float | None = None
    speaker: float | None = None
    graph_rank: int = 0
    time_rank: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that was found, with its score and how it came about."""

    memory: Memory
    score: float
    parts: Parts


def relevance(cosine: float, unrelated: float) -> float:
    """The cosine as 0-1 above what unrelated texts have."""
    return min(1.0, max(0.0, (cosine - unrelated) / (1.0 - unrelated)))


def recency(learned: datetime, now: datetime) -> float:
    """1 for now, half of it for each 30 days."""
    days = max(0.0, (now - learned).total_seconds()) / _SECONDS_A_DAY
    return float(2.0 ** (-days / RECENCY_HALF_LIFE_DAYS))


def score(parts: Parts, weights: Weights) -> float:
    """The weighted sum, 0-1."""
    total = (
        weights.vector * (parts.vector or 0.0)
        + weights.lexical * (parts.lexical or 0.0)
        + weights.recency * parts.recency
        + IMPORTANCE_WEIGHT * parts.importance
    )
    return total / (weights.vector + weights.lexical + weights.recency + IMPORTANCE_WEIGHT)


def rank(
    memories: Iterable[Memory],
    vector: Mapping[UUID, float],
    lexical: Mapping[UUID, float],
    weights: Weights,
    now: datetime,
) -> list[Hit]:
    """Hits, best first; `vector` holds relevances, `lexical` raw BM25. Equal scores fall by id, newest first."""
    best = max(lexical.values(), default=0.0) or 1.0
    vector_ranks, lexical_ranks = _ranks(vector), _ranks(lexical)
    hits = []
    for memory in memories:
        key = memory.memory_id
        parts = Parts(
            vector=vector.get(key),
            lexical=lexical[key] / best if key in lexical else None,
            recency=recency(memory.learn_time, now),
            importance=memory.importance,
            vector_rank=vector_ranks.get(key, 0),
            lexical_rank=lexical_ranks.get(key, 0),
        )
        hits.append(Hit(memory, score(parts, weights), parts))
    return sorted(hits, key=lambda hit: (-hit.score, -hit.memory.memory_id.int))


def _ranks(scores: Mapping[UUID, float]) -> dict[UUID, int]:
    ordered = sorted(scores, key=lambda key: (-scores[key], -key.int))
    return {key: place for place, key in enumerate(ordered, 1)}


def within_bytes(hits: Sequence[Hit], most_bytes: int, size: Callable[[Memory], int]) -> list[Hit]:
    """The best hits that fit together, `size` in bytes; one that is too large is passed over."""
    kept: list[Hit] = []
    left = most_bytes
    for hit in hits:
        needed = size(hit.memory)
        if needed <= left:
            kept.append(hit)
            left -= needed
    return kept


def within_budget(hits: Sequence[Hit], top_k: int, token_budget: int) -> list[Hit]:
    """The best hits that fit; one that is too long is passed over, later ones may still fit. 0 means no bound."""
    kept: list[Hit] = []
    left = token_budget or sum(hit.memory.token_count for hit in hits)
    for hit in hits:
        if len(kept) == top_k:
            break
        if hit.memory.token_count <= left:
            kept.append(hit)
            left -= hit.memory.token_count
    return kept
