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
from servers.memory.view.entry import Floats
from servers.memory.view.features import NAMES, Candidates, features
from servers.memory.view.fusion import fused, normalised
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
        self._ids: list[UUID] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def ids(self) -> list[UUID]:
        """All that may fit, in the order of `values`; asked for once, since rows of a shelf may move later."""
        if self._ids is None:
            self._ids = [each.shelf.ids[row] for each in self._candidates for row in each.rows.tolist()]
        return self._ids

    def first(self, count: int) -> list[UUID]:
        """The best before links count."""
        return [hit.memory_id for hit in self.ranking(Weights(), (), count).hits]

    def ranking(self, weights: Weights, links: Iterable[Link] = (), most: int = MOST_HITS) -> Ranking:
        """The best hits; equal scores fall by id, newest first."""
        ids = self.ids()
        if not ids:
            return Ranking(())
        graph = self._graph(weights, links, ids)
        scores = np.round(fused(self.values, graph, weights), 6)
        cut = -np.partition(-scores, most - 1)[most - 1] if len(scores) > most else -np.inf
        places = sorted(np.flatnonzero(scores >= cut).tolist(), key=lambda place: (-scores[place], -ids[place].int))
        explain = _Explanation(self.values, graph, bool(self._query.dates))
        return Ranking(tuple(Ranked(ids[place], float(scores[place]), explain.parts(place)) for place in places[:most]))

    def _graph(self, weights: Weights, links: Iterable[Link], ids: Sequence[UUID]) -> Floats:
        """What links from other hits bring: the score of the other end times the strength, the most of them."""
        graph = np.zeros(len(ids), dtype=np.float32)
        places: dict[UUID, int] | None = None
        plain: Floats | None = None
        for link in links:
            if places is None or plain is None:
                places = {memory_id: place for place, memory_id in enumerate(ids)}
                plain = fused(self.values, graph, weights)
            for one, other in ((link.source_id, link.target_id), (link.target_id, link.source_id)):
                if one in places and other in places and one != other:
                    graph[places[other]] = max(graph[places[other]], plain[places[one]] * link.strength)
        return graph


@dataclass(frozen=True, slots=True)
class _Explanation:
    values: Floats
    graph: Floats
    dated: bool

    def parts(self, place: int) -> Parts:
        """How the hit at this place came about."""
        value = dict(zip(NAMES, self.values[place].tolist(), strict=True))
        lexical, vector = max(value["own"], 0.0), value["vector"]
        window = max(value["soft_window"], value["vector_window"])
        graph = float(self.graph[place])
        return Parts(
            vector=vector or None,
            lexical=lexical or None,
            recency=value["recency"],
            importance=value["importance"],
            vector_rank=self._rank("vector", place),
            lexical_rank=self._rank("own", place),
            context=window or None,
            graph=graph or None,
            time=value["date"] if self.dated else None,
            speaker=value["speaker"] or None,
            graph_rank=int((self.graph > graph).sum()) + 1 if graph else 0,
            time_rank=self._rank("date", place),
        )

    def _rank(self, name: str, place: int) -> int:
        column = self.values[:, NAMES.index(name)]
        return int((column > column[place]).sum()) + 1 if column[place] > 0 else 0
