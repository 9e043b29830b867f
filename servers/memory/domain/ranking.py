"""What a hit is, what its features count for, and which hits fit into an answer. Pure.

How a score comes about stands in `view/fusion.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from servers.memory.domain.memory import Memory

RECENCY_HALF_LIFE_DAYS: Final = 30.0


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
class Shares:
    """What part each retriever has in a score, with its weight; together 1, or 0 where none speaks for the hit."""

    vector: float = 0.0
    lexical: float = 0.0
    recency: float = 0.0
    graph: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The features of a hit, each 0-1; None where the retriever did not find it. Ranks from 1, 0 where not found.

    `fit` is the score before the temperature.
    """

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
    shares: Shares = Shares()
    fit: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that was found, with its score and how it came about."""

    memory: Memory
    score: float
    parts: Parts


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
