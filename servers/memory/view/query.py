"""What is asked of the view, and what it answers, as values. Pure."""

from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from servers.memory.domain.ranking import Parts
from servers.memory.view.dates import DateSpan
from servers.memory.view.entry import Floats, Hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFeatures:
    """A query: different `terms` in its order, and what each means.

    `word_vectors` [terms, dimensions] has zeros for a word that no table knows; None where the embedder has only
    `vector` for the whole. `near_terms` are other terms that mean nearly the same as the term at `near_of`, in that
    order.
    """

    terms: Hashes
    word_vectors: Floats | None = None
    vector: Floats | None = None
    near_terms: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    near_of: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    near_likeness: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    dates: tuple[DateSpan, ...] = ()
    asks_when: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link between two memories with its strength, 0-1."""

    source_id: UUID
    target_id: UUID
    strength: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A memory by its id, with its score 0-1 and how it came about."""

    memory_id: UUID
    score: float
    parts: Parts


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits, best first."""

    hits: tuple[Ranked, ...]
