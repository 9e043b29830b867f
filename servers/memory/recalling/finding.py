"""Finds what fits a query on the shelves of its namespaces, as of what is committed when it is asked, in time.

What a shelf cannot give, for it is too large for vectors or still being loaded, comes from the index of vectors.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.embedders.port import EmbedderDownError
from servers.memory.recalling.changes import ChangeLog
from servers.memory.recalling.loading import Place
from servers.memory.recalling.shelves import Shelves
from servers.memory.vectors.port import Near, Vector, VectorsDownError, VectorSearch
from servers.memory.view.query import Link, QueryFeatures, Ranked
from servers.memory.view.search import Found, look
from servers.memory.view.shelf import Shelf
from soma_common.kernel.tenancy import TenantId

# What the index of vectors is asked for: filters and budgets take their part afterwards.
NEAREST: Final = 400
# The parts of the time budget after which it is no longer waited for changes, and for what is being loaded.
_FOLLOWING: Final = 0.6
_LOADING: Final = 0.5
# And after which neither the index of vectors nor a chosen model is waited for, nor the rows of what the index found:
# what is left is for the memories of the hits.
_ASKING: Final = 0.7
_READING: Final = 0.85


@dataclass(frozen=True, slots=True)
class Patience:
    """When an answer is due, in seconds of the monotonic clock."""

    begin: float
    end: float

    @classmethod
    def of(cls, seconds: float) -> Self:
        """So long from now on."""
        now = time.monotonic()
        return cls(now, now + max(0.0, seconds))

    def left(self, part: float = 1.0) -> float:
        """The seconds until so much of the time is over."""
        return max(0.0, self.begin + part * (self.end - self.begin) - time.monotonic())


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as the shelves need it, and as the index does: its vector.

    `text` is for a chosen model, empty where only words shall count; of the hits the first `most` are wanted.
    """

    features: QueryFeatures
    vector: Vector | None
    text: str
    wanted: RecallFilter
    weights: Weights
    most: int
    now: datetime


@dataclass(slots=True)
class Shortfall:
    """What an answer lacks: whether it is cut short by time, and why."""

    partial: bool = False
    reasons: list[str] = field(default_factory=list)

    def late(self, reason: str) -> None:
        """Something did not come in time."""
        self.partial = True
        self.reasons.append(reason)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Hits, best first, with their sizes in tokens."""

    hits: tuple[Ranked, ...]
    tokens: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Sought:
    """What was found where; it can be ranked again when links are known."""

    found: Found
    shelves: list[Shelf]
    ranks: Ranks


class Finder:
    """Looks on shelves that are true, and into the index where a shelf has no vectors or is not there yet."""

    def __init__(self, shelves: Shelves, changes: ChangeLog, vectors: VectorSearch) -> None:
        self.shelves = shelves
        self._changes = changes
        self._vectors = vectors

    async def find(self, tenant_id: TenantId, asked: Asked, patience: Patience, short: Shortfall) -> Sought:
        """What fits best before links count. Raises DATABASE_UNAVAILABLE where that is known in time."""
        places = self.shelves.places(tenant_id, asked.wanted.namespaces)
        await self._follow(places, patience, short)
        cold = [place for place in places if place.loading is not None]
        far = [place for place in places if place.loading is None and not place.with_vectors]
        cosines, strays, told = await asyncio.gather(
            self._nearest(tenant_id, far, asked, patience, short),
            self._strays(tenant_id, cold, asked, patience, short),
            self._told_by_model(tenant_id, places, asked, patience, short),
        )
        cosines |= told
        shelves = [place.shelf for place in places if place.loading is None]
        if strays is not None:
            shelves.append(strays)

        def work() -> Sought:
            found = look(shelves, asked.features, asked.wanted, asked.now, cosines)
            return Sought(found, shelves, _ranks(found, shelves, asked, ()))

        return await self.shelves.do(work)

    async def rank(self, sought: Sought, asked: Asked, links: Sequence[Link]) -> Ranks:
        """The hits again, now that links are known."""
        return await self.shelves.do(lambda: _ranks(sought.found, sought.shelves, asked, links))

    async def _follow(self, places: Sequence[Place], patience: Patience, short: Shortfall) -> None:
        try:
            async with asyncio.timeout(patience.left(_FOLLOWING)):
                await self.shelves.follow(places)
                while any(place.loading is not None for place in places):
                    if not await self.shelves.wait(places, patience.left(_LOADING)):
                        break
                    await self.shelves.follow(places)
        except TimeoutError:
            short.late("changes of memories: out of time")
        for place in places:
            if place.loading is not None:
                short.late(f"{place.namespace}: being loaded, so found by vector only")

    async def _nearest(
        self, tenant_id: TenantId, places: Sequence[Place], asked: Asked, patience: Patience, short: Shortfall
    ) -> dict[UUID, float]:
        """How near memories are that the index knows, 0-1."""
        if not places or asked.vector is None:
            return {}
        namespaces = [place.namespace for place in places]
        try:
            async with asyncio.timeout(patience.left(_ASKING)):
                near = await self._vectors.search(tenant_id, namespaces, asked.vector, NEAREST)
        except TimeoutError:
            short.late("vector retriever: out of time")
            return {}
        except VectorsDownError:
            short.reasons.append("vector retriever: down")
            return {}
        return {each.memory_id: max(0.0, each.cosine) for each in near}

    async def _told_by_model(
        self, tenant_id: TenantId, places: Sequence[Place], asked: Asked, patience: Patience, short: Shortfall
    ) -> dict[UUID, float]:
        """How near memories are by a chosen model, wherever they are held; the built-in vectors stand in for it."""
        if not self._vectors.chosen or not asked.text:
            return {}
        namespaces = [place.namespace for place in places]
        near: Sequence[Near] = ()
        try:
            async with asyncio.timeout(patience.left(_ASKING)):
                near = await self._vectors.search_text(tenant_id, namespaces, asked.text, NEAREST)
        except TimeoutError:
            short.late("embedder: out of time, so by the built-in vectors")
        except EmbedderDownError:
            short.reasons.append("embedder: down, so by the built-in vectors")
        except VectorsDownError:
            short.reasons.append("vector retriever: down")
        return {each.memory_id: max(0.0, each.cosine) for each in near}

    async def _strays(
        self, tenant_id: TenantId, places: Sequence[Place], asked: Asked, patience: Patience, short: Shortfall
    ) -> Shelf | None:
        """A shelf of what the index finds in namespaces that are still being loaded."""
        near = await self._nearest(tenant_id, places, asked, patience, short)
        if not near:
            return None
        try:
            async with asyncio.timeout(patience.left(_READING)):
                rows = await self._changes.some(tenant_id, near)
                memories = await self._changes.without_entry(tenant_id, rows)
        except TimeoutError:
            return None

        def work() -> Shelf:
            shelf = Shelf()
            shelf.apply(self._changes.told(rows, memories).entries)
            return shelf

        return await self.shelves.do(work)


def _ranks(found: Found, shelves: Sequence[Shelf], asked: Asked, links: Sequence[Link]) -> Ranks:
    hits = found.ranking(asked.weights, links, asked.most).hits
    tokens: dict[UUID, int] = {}
    ids = [hit.memory_id for hit in hits]
    for shelf in shelves:
        sizes = shelf.columns["token_count"]
        for memory_id, row in zip(ids, shelf.rows_of(ids), strict=True):
            if row >= 0:
                tokens[memory_id] = int(sizes[row])
    return Ranks(tuple(hit for hit in hits if hit.memory_id in tokens), tokens)
