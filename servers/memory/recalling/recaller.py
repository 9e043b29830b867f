"""The use case of recall: what fits best as of now, within limits of time, tokens and bytes, each hit with its reasons.

How hits are ranked stands in `view/`, where they are looked for in `finding.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np

from servers.memory.domain.memory import Kind, Memory, RecallFilter
from servers.memory.domain.ranking import Hit, Weights, within_budget, within_bytes
from servers.memory.domain.standing import in_recall
from servers.memory.graph.rows import LinkStore
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.accesses import Accesses
from servers.memory.recalling.finding import Asked, Finder, Patience, Ranks, Shortfall, Sought
from servers.memory.storing.rows import MemoryStore
from servers.memory.view.query import Link, QueryFeatures
from servers.memory.view.reading import Reader
from servers.memory.view.search import MOST_HITS
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId

QUERY_TOKENS: Final = 2_000
# A client with the usual settings of gRPC takes answers of up to 4 MiB.
MOST_BYTES: Final = 3 * 1024 * 1024
# Whose links are asked for.
_LINKED_HITS: Final = 20
# Fetched beyond what is wanted, for those that went or changed since they were found.
_SPARE: Final = 4
# A query of more characters may have many words that are new.
_SHORT_CHARACTERS: Final = 300
_WARM_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Recall:
    """What to recall, and for which turn: limits in tokens (0 for none) and seconds."""

    query: str
    wanted: RecallFilter
    top_k: int
    token_budget: int
    weights: Weights
    time_budget_seconds: float
    turn_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """The hits, best first; `partial` when time cut something off, with the reasons."""

    hits: list[Hit]
    partial: bool
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class _Recalling:
    """One recall under way."""

    tenant_id: TenantId
    request: Recall
    asked: Asked
    patience: Patience


@dataclass(frozen=True, slots=True)
class _Fetched:
    ranks: Ranks
    memories: dict[UUID, Memory]


class Recaller:
    """Finds the memories that fit a query best."""

    def __init__(
        self,
        finder: Finder,
        store: MemoryStore,
        links: LinkStore,
        indexer: Indexer,
        reader: Reader,
        accesses: Accesses,
        clock: Clock,
    ) -> None:
        self.finder = finder
        self._store = store
        self._links = links
        self._indexer = indexer
        self._reader = reader
        self._accesses = accesses
        self._clock = clock

    async def warm(self) -> None:
        """Recall something for nobody, so that no first caller waits for tables, connections and statements."""
        wanted = RecallFilter(namespaces=("shared",))
        await self.recall(SYSTEM_TENANT, Recall("warm up", wanted, 1, 0, Weights(), _WARM_SECONDS), lambda _: 0)

    async def recall(self, tenant_id: TenantId, request: Recall, size: Callable[[Memory], int]) -> Recalled:
        """The best hits that fit; `size` is what a memory needs in the answer, in bytes.

        What takes too long or is down is left out and named; other errors are raised.
        """
        patience = Patience.of(request.time_budget_seconds)
        asked = await self._asked(request)
        recalled = await self._answer(_Recalling(tenant_id, request, asked, patience), size)
        self._note(tenant_id, request, recalled)
        return recalled

    async def stream(
        self, tenant_id: TenantId, request: Recall, size: Callable[[Memory], int]
    ) -> AsyncIterator[tuple[Recalled, bool]]:
        """What words alone find, then what everything finds, which is the last; both within the time of the request."""
        patience = Patience.of(request.time_budget_seconds)
        asked = await self._asked(request)
        plain = replace(asked, features=_words_only(asked.features), vector=None, text="")
        without_links = replace(request, weights=replace(request.weights, graph=0.0))
        yield await self._answer(_Recalling(tenant_id, without_links, plain, patience), size), False
        recalled = await self._answer(_Recalling(tenant_id, request, asked, patience), size)
        self._note(tenant_id, request, recalled)
        yield recalled, True

    def _note(self, tenant_id: TenantId, request: Recall, recalled: Recalled) -> None:
        self._accesses.note(tenant_id, [hit.memory.memory_id for hit in recalled.hits], request.turn_id)

    async def _asked(self, request: Recall) -> Asked:
        """The query as it is looked for; one of many words is read aside, so that nobody else waits for it."""
        if len(request.query) > _SHORT_CHARACTERS:
            return await asyncio.to_thread(self._read, request)
        return self._read(request)

    def _read(self, request: Recall) -> Asked:
        query, now = self._indexer.query(request.query, QUERY_TOKENS), self._clock.now()
        features = self._reader.query(query.text, now)
        most = MOST_HITS if request.token_budget else max(_LINKED_HITS, request.top_k + _SPARE)
        return Asked(
            features=features,
            vector=query.vector,
            text=query.text,
            wanted=request.wanted,
            weights=request.weights,
            most=min(MOST_HITS, most),
            now=now,
        )

    async def _answer(self, one: _Recalling, size: Callable[[Memory], int]) -> Recalled:
        request, short = one.request, Shortfall()
        sought = await self.finder.find(one.tenant_id, one.asked, one.patience, short)
        fetched = await self._fetch(one, sought, short)
        hits = [
            Hit(fetched.memories[hit.memory_id], hit.score, hit.parts)
            for hit in fetched.ranks.hits
            if hit.memory_id in fetched.memories
        ]
        best = within_budget(hits, request.top_k, request.token_budget)
        kept = within_bytes(best, MOST_BYTES, size)
        if len(kept) < len(best):
            short.reasons.append(f"{len(best) - len(kept)} hits left out: the answer would be too large")
        return Recalled(kept, short.partial, short.reasons)

    async def _fetch(self, one: _Recalling, sought: Sought, short: Shortfall) -> _Fetched:
        """The memories of the best hits, their links asked for beside them and counted where there are any."""
        ranks = sought.ranks
        wanted = _picked(ranks, one.request)
        if not wanted:
            return _Fetched(ranks, {})
        try:
            async with asyncio.timeout(one.patience.left()):
                memories, links = await asyncio.gather(self._find(one, wanted), self._links_of(one, ranks))
        except TimeoutError:
            short.late("memories: out of time")
            return _Fetched(ranks, {})
        if not links:
            return _Fetched(ranks, memories)
        try:
            async with asyncio.timeout(one.patience.left()):
                linked = await self.finder.rank(sought, one.asked, links)
                missing = [memory_id for memory_id in _picked(linked, one.request) if memory_id not in memories]
                return _Fetched(linked, memories | await self._find(one, missing))
        except TimeoutError:
            short.late("graph retriever: out of time")
            return _Fetched(ranks, memories)

    async def _find(self, one: _Recalling, memory_ids: Sequence[UUID]) -> dict[UUID, Memory]:
        """Those of the memories that are in recall still, as they are now."""
        found = await self._store.find_many(one.tenant_id, memory_ids) if memory_ids else []
        now, wanted = one.asked.now, one.asked.wanted
        as_of, guesses = (wanted.as_of_valid, wanted.as_of_learn), Kind.HYPOTHESIS in wanted.kinds
        standing = (m for m in found if in_recall(m, now, *as_of, guesses=guesses))
        return {memory.memory_id: memory for memory in standing}

    async def _links_of(self, one: _Recalling, ranks: Ranks) -> list[Link]:
        if not one.request.weights.graph:
            return []
        first = [hit.memory_id for hit in ranks.hits[:_LINKED_HITS]]
        near = await self._links.links_of(one.tenant_id, first)
        return [Link(each.memory_id, each.other_id, each.strength) for each in near]


def _picked(ranks: Ranks, request: Recall) -> list[UUID]:
    """The best that fit by what the shelves know of their sizes, and some to spare."""
    picked: list[UUID] = []
    left = request.token_budget or sum(ranks.tokens.values())
    for hit in ranks.hits:
        if len(picked) == request.top_k + _SPARE:
            break
        if (tokens := ranks.tokens[hit.memory_id]) <= left:
            picked.append(hit.memory_id)
            left -= tokens
    return picked


def _words_only(features: QueryFeatures) -> QueryFeatures:
    none = np.zeros(0, dtype=np.int64)
    return replace(
        features,
        word_vectors=None,
        vector=None,
        near_terms=none,
        near_of=none,
        near_likeness=none.astype(np.float32),
    )
