"""The use case of recall: both retrievers at once under a time limit, one ranked list within a token budget.

How hits are ranked stands in `domain/ranking.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.memory.domain.memory import Memory, RecallFilter
from servers.memory.domain.ranking import Hit, Weights, rank, relevance, within_budget, within_bytes
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.accesses import Accesses
from servers.memory.storing.rows import MemoryStore, VectorsDownError
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId

QUERY_TOKENS: Final = 2_000
# A memory that shares no word with the query must be at least this near in meaning, 0-1.
LEAST_RELEVANCE: Final = 0.2
# A client with the usual settings of gRPC takes answers of up to 4 MiB.
MOST_BYTES: Final = 3 * 1024 * 1024
_CANDIDATES_PER_HIT: Final = 4
_LEAST_CANDIDATES: Final = 40
_WARM_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Recall:
    """What to recall: limits in tokens (0 for none) and seconds."""

    query: str
    wanted: RecallFilter
    top_k: int
    token_budget: int
    weights: Weights
    time_budget_seconds: float


@dataclass(frozen=True, slots=True)
class Recalled:
    """The hits, best first; `partial` when a retriever was cut off, with the reasons."""

    hits: list[Hit]
    partial: bool
    reasons: list[str]


_Search = Callable[[], Awaitable[dict[UUID, float]]]


class Recaller:
    """Finds the memories that fit a query best."""

    def __init__(self, store: MemoryStore, indexer: Indexer, accesses: Accesses, clock: Clock) -> None:
        self._store = store
        self._indexer = indexer
        self._accesses = accesses
        self._clock = clock

    async def check_vectors(self) -> None:
        """Search by vector for nobody. Raises VectorsDownError, DATABASE_UNAVAILABLE."""
        vector = self._indexer.query("warm up", QUERY_TOKENS).vector
        if vector is not None:
            await self._store.by_vector(SYSTEM_TENANT, vector, RecallFilter(namespaces=("shared",)), 1)

    async def warm(self) -> None:
        """Recall something for nobody, so that no first caller waits for tables, connections and statements."""
        wanted = RecallFilter(namespaces=("shared",))
        await self.recall(SYSTEM_TENANT, Recall("warm up", wanted, 1, 0, Weights(), _WARM_SECONDS), lambda _: 0)

    async def recall(self, tenant_id: TenantId, request: Recall, size: Callable[[Memory], int]) -> Recalled:
        """The best hits that fit; `size` is what a memory needs in the answer, in bytes.

        A retriever that takes too long, or vectors that are down, are left out and named; other errors are raised.
        """
        query = self._indexer.query(request.query, QUERY_TOKENS)
        vector, terms = query.vector, query.terms
        limit = max(_LEAST_CANDIDATES, request.top_k * _CANDIDATES_PER_HIT)
        searches: dict[str, _Search] = {}
        if vector is not None:
            searches["vector"] = lambda: self._store.by_vector(tenant_id, vector, request.wanted, limit)
        if terms:
            searches["lexical"] = lambda: self._store.by_words(tenant_id, terms, request.wanted, limit)
        found, late, down = await self._search(searches, request.time_budget_seconds)
        words = found.get("lexical", {})
        near = {key: relevance(cosine, query.unrelated_cosine) for key, cosine in found.get("vector", {}).items()}
        near = {key: value for key, value in near.items() if value >= LEAST_RELEVANCE or key in words}
        wanted = sorted(near.keys() | words.keys())
        memories = await self._store.find_many(tenant_id, wanted) if wanted else []
        ranked = rank(memories, near, words, request.weights, self._clock.now())
        best = within_budget(ranked, request.top_k, request.token_budget)
        hits = within_bytes(best, MOST_BYTES, size)
        self._accesses.note(tenant_id, [hit.memory.memory_id for hit in hits])
        reasons = [f"{name} retriever: out of time" for name in late]
        reasons += [f"{name} retriever: down" for name in down]
        if len(hits) < len(best):
            reasons.append(f"{len(best) - len(hits)} hits left out: the answer would be too large")
        return Recalled(hits, bool(late), reasons)

    async def _search(
        self, searches: dict[str, _Search], seconds: float
    ) -> tuple[dict[str, dict[UUID, float]], list[str], list[str]]:
        """What each found, who was too late, and who is down."""
        late, down = list[str](), list[str]()

        async def one(name: str, search: _Search) -> dict[UUID, float]:
            try:
                async with asyncio.timeout(seconds):
                    return await search()
            except TimeoutError:
                late.append(name)
            except VectorsDownError:
                down.append(name)
            return {}

        answers = await asyncio.gather(*(one(*each) for each in searches.items()))
        return dict(zip(searches, answers, strict=True)), late, down
