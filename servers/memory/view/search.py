"""Finds the memories on shelves that fit a query best, and says why. Pure and synchronous.

found = look(shelves, query, wanted, now)      # once a recall
found.first(20)                                # whose links may be asked for
found.ranking(weights, links)                  # the hits
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Parts, Weights
from servers.memory.view.entry import Floats, Mask, Rows
from servers.memory.view.features import NAMES, Candidates, features
from servers.memory.view.fusion import fused, normalised, shares, sharpened
from servers.memory.view.query import Link, QueryFeatures, Ranked, Ranking
from servers.memory.view.shelf import Shelf

MOST_HITS: Final = 200


def search(
    shelves: Sequence[Shelf],
    query: QueryFeatures,
    wanted: RecallFilter,
    weights: Weights,
    links: Iterable[Link],
    now: datetime,
) -> Ranking:
    """The memories of the shelves that fit best."""
    return look(shelves, query, wanted, now).ranking(weights, links)


def look(
    shelves: Sequence[Shelf],
    query: QueryFeatures,
    wanted: RecallFilter,
    now: datetime,
    cosines: Mapping[UUID, float] | None = None,
) -> "Found":
    """What fits; `cosines` come from an index of vectors, for memories whose shelf holds no vectors."""
    return Found(features(shelves, query, wanted, now, cosines or {}), query)


class Found:
    """The memories that may fit, with their features; ranked as often as wanted."""

    def __init__(self, candidates: Sequence[Candidates], query: QueryFeatures) -> None:
        self._candidates = [each for each in candidates if len(each.rows)]
        self._query = query
        parts = [each.values for each in self._candidates]
        values = np.concatenate(parts) if parts else np.zeros((0, len(NAMES)), dtype=np.float32)
        self.values = normalised(values, max((each.whole for each in self._candidates), default=0.0))
        beside = [each.beside for each in self._candidates]
        self._beside = np.concatenate(beside) if beside else np.zeros(0, dtype=np.bool_)
        # A shelf that moves its rows takes a new list: those that were found keep theirs.
        self._ids = [each.shelf.ids for each in self._candidates]

    def __len__(self) -> int:
        return len(self.values)

    def ids(self) -> list[UUID]:
        """All that may fit, in the order of `values`."""
        return [ids[row] for each, ids in zip(self._candidates, self._ids, strict=True) for row in each.rows.tolist()]

    def _ids_at(self, places: Sequence[int]) -> dict[int, UUID]:
        ends = np.cumsum([len(each.rows) for each in self._candidates])
        told = {}
        for place in places:
            number = int(np.searchsorted(ends, place, side="right"))
            each = self._candidates[number]
            told[place] = self._ids[number][int(each.rows[place - int(ends[number])])]
        return told

    def first(self, count: int) -> list[UUID]:
        """The best before links count."""
        return [hit.memory_id for hit in self.ranking(Weights(), (), count).hits]

    def ranking(self, weights: Weights, links: Iterable[Link] = (), most: int = MOST_HITS) -> Ranking:
        """The best hits; equal scores fall by id, newest first."""
        if not len(self):
            return Ranking(())
        graph = self._graph(weights, links)
        fits = np.round(fused(self.values, graph, weights), 6)
        cut = -np.partition(-fits, most - 1)[most - 1] if len(fits) > most else -np.inf
        ids = self._ids_at(np.flatnonzero(fits >= cut).tolist())
        # By how well they fit: a low temperature leaves nothing of many scores.
        best = sorted(ids, key=lambda place: (-fits[place], -ids[place].int))[:most]
        scores = np.round(sharpened(fits[best], weights), 6).tolist()
        explain = _Explanation(self.values, graph, self._beside, fits, weights, bool(self._query.dates))
        hits = zip(best, scores, explain.parts(np.array(best, dtype=np.intp)), strict=True)
        return Ranking(tuple(Ranked(ids[place], score, parts) for place, score, parts in hits))

    def _graph(self, weights: Weights, links: Iterable[Link]) -> Floats:
        """What links from other hits bring: the score of the other end times the strength, the most of them."""
        graph = np.zeros(len(self), dtype=np.float32)
        places: dict[UUID, int] | None = None
        plain: Floats | None = None
        for link in links:
            if places is None or plain is None:
                places = {memory_id: place for place, memory_id in enumerate(self.ids())}
                plain = sharpened(fused(self.values, graph, weights), weights)
            for one, other in ((link.source_id, link.target_id), (link.target_id, link.source_id)):
                if one in places and other in places and one != other:
                    graph[places[other]] = max(graph[places[other]], plain[places[one]] * link.strength)
        return graph


@dataclass(frozen=True, slots=True)
class _Explanation:
    values: Floats
    graph: Floats
    beside: Mask
    fits: Floats
    weights: Weights
    dated: bool

    def parts(self, places: Rows) -> list[Parts]:
        """How the hits at these places came about."""
        graph, beside = self.graph[places], self.beside[places].tolist()
        graph_ranks = _ranks(self.graph, places)
        ranks = {name: _ranks(self.values[:, NAMES.index(name)], places) for name in ("vector", "own", "date")}
        credited = shares(self.values, self.graph, places, self.weights)
        told = []
        for number, row in enumerate(self.values[places].tolist()):
            value = dict(zip(NAMES, row, strict=True))
            told.append(
                Parts(
                    vector=value["vector"] or None,
                    lexical=value["own"] or None,
                    recency=value["recency"],
                    importance=value["importance"],
                    vector_rank=ranks["vector"][number],
                    lexical_rank=ranks["own"][number],
                    context=max(value["soft_window"], value["vector_window"]) if beside[number] else None,
                    graph=float(graph[number]) or None,
                    time=value["date"] if self.dated else None,
                    speaker=value["speaker"] or None,
                    graph_rank=graph_ranks[number],
                    time_rank=ranks["date"][number],
                    shares=credited[number],
                    fit=float(self.fits[places[number]]),
                )
            )
        return told


def _ranks(column: Floats, places: Rows) -> list[int]:
    """The rank of each place by a column, from 1; 0 for one that has nothing there."""
    values = column[places]
    behind = np.searchsorted(np.sort(column), values, side="right")
    ranks: list[int] = np.where(values > 0, len(column) - behind + 1, 0).tolist()
    return ranks
