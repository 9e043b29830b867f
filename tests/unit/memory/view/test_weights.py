"""What each weight of the caller does to the order of hits, and what their parts say of it."""

from dataclasses import astuple, replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from servers.memory.domain.ranking import Shares, Weights
from servers.memory.view.query import Link, Ranked
from servers.memory.view.search import look
from servers.memory.view.shelf import Shelf
from tests.unit.memory.view.shelved import EVERYTHING, NOW, asked, entry, shelf_of, vector

NEAR = vector(1) / np.linalg.norm(vector(1))
# By meaning, by words, by links from 2, and by being new: each before the others where its weight is high.
LINKS = [Link(UUID(int=2), UUID(int=3), 0.9)]
OLD = NOW - timedelta(days=60)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return shelf_of(
        entry(1, "hill", vector=NEAR, learn_time=OLD),
        entry(2, "sea sea", vector=vector(3), learn_time=OLD),
        entry(3, "", vector=NEAR + vector(5) / 8, learn_time=OLD),
        entry(4, "", vector=NEAR + vector(6) / 8),
    )


def hits_of(shelf: Shelf, **weights: float) -> dict[int, Ranked]:
    """The hits by number, in their order."""
    found = look([shelf], asked("sea", vector=NEAR), EVERYTHING, NOW)
    return {hit.memory_id.int: hit for hit in found.ranking(Weights(**weights), LINKS).hits}


@pytest.mark.parametrize(
    ("name", "low", "high", "raised"),
    [("vector", 0.1, 5.0, 1), ("lexical", 0.1, 5.0, 2), ("graph", 0.01, 5.0, 3), ("recency", 0.0, 1.0, 4)],
)
def test_a_weight_raises_what_its_retriever_finds_and_its_share(
    shelf: Shelf, name: str, low: float, high: float, raised: int
) -> None:
    before, after = hits_of(shelf, **{name: low}), hits_of(shelf, **{name: high})
    assert list(after).index(raised) < list(before).index(raised)
    shares = [getattr(hits[raised].parts.shares, name) for hits in (before, after)]
    assert shares[0] < shares[1] <= 1.0


def test_the_shares_of_the_retrievers_are_one_together(shelf: Shelf) -> None:
    for hit in hits_of(shelf, graph=1.0).values():
        assert sum(astuple(hit.parts.shares)) == pytest.approx(1.0, abs=1e-5)
        assert (hit.parts.shares.graph > 0) == (hit.parts.graph is not None)
        assert (hit.parts.shares.vector > 0) == (hit.parts.vector is not None)


def test_no_retriever_speaks_for_a_hit_of_its_date_alone() -> None:
    shelf = shelf_of(replace(entry(1, "hill"), vector=None))
    found = look([shelf], asked("hill"), EVERYTHING, NOW)
    [hit] = found.ranking(Weights(lexical=0.1, recency=0.0)).hits
    assert hit.parts.shares == Shares(lexical=1.0)


def test_a_temperature_makes_scores_sharper_and_the_parts_say_what_they_were() -> None:
    """As low as feedback ever lets it become; a score of nothing must not make hits equal."""
    shelf = shelf_of(*(entry(number, "sea", importance=1 - number / 50) for number in range(1, 41)))
    found = look([shelf], asked("sea hill brook", vector=vector(99)), EVERYTHING, NOW)
    usual, cold = (found.ranking(Weights(temperature=tau)).hits for tau in (0.7, 0.05))
    assert [hit.memory_id for hit in cold] == [hit.memory_id for hit in usual]
    assert [hit.parts.fit for hit in cold] == [hit.parts.fit for hit in usual] == [hit.score for hit in usual]
    for hit in cold:
        assert hit.score == pytest.approx(hit.parts.fit ** (0.7 / 0.05), abs=1e-5)


def test_a_temperature_says_how_much_middling_hits_pass_on_by_their_links() -> None:
    shelf = shelf_of(
        entry(1, "sea", importance=1.0),
        entry(2, "sea", importance=0.0, learn_time=OLD),
        entry(3, "sea", importance=0.2),
        entry(4, "sea", importance=0.4),
    )
    found = look([shelf], asked("sea hill brook"), EVERYTHING, NOW)
    links = [Link(UUID(int=2), UUID(int=3), 1.0)]
    warm, cold = (
        [hit.memory_id.int for hit in found.ranking(Weights(graph=0.3, temperature=tau), links).hits]
        for tau in (1.5, 0.05)
    )
    assert warm.index(3) < warm.index(4)
    assert cold.index(4) < cold.index(3)
