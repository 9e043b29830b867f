"""Ways over links equal what trying out every walk finds."""

from datetime import UTC, datetime
from itertools import product
from random import Random
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from servers.memory.domain.graph import Choice, Direction, Graph, Link, Wanted, frontier, neighbours, spread

MEMORIES = [UUID(int=number) for number in range(1, 7)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Few and round, so that many ways are equally strong.
STRENGTHS = (0.25, 0.5, 1.0)

links_strategy = st.dictionaries(
    st.tuples(st.sampled_from(MEMORIES), st.sampled_from(MEMORIES), st.sampled_from(("causes", "related"))).filter(
        lambda key: key[0] != key[1]
    ),
    st.sampled_from(STRENGTHS),
    max_size=16,
).map(lambda found: [Link(*key, strength, "ada", NOW) for key, strength in found.items()])
wanted_strategy = st.builds(
    Wanted,
    direction=st.sampled_from(Direction),
    max_hops=st.integers(1, 4),
    choice=st.sampled_from(Choice),
    min_strength=st.sampled_from((0.0, 0.25, 0.5)),
)


def walks(links: list[Link], wanted: Wanted) -> dict[UUID, list[tuple[int, float]]]:
    """Every walk from the first memory that is short and strong enough: where it ends, its links and its strength."""
    out = [(link.source_id, link.target_id, link.strength) for link in links]
    back = [(target, source, strength) for source, target, strength in out]
    steps = {Direction.OUTGOING: out, Direction.INCOMING: back, Direction.BOTH: out + back}[wanted.direction]
    ends: dict[UUID, list[tuple[int, float]]] = {}
    open_walks = [(MEMORIES[0], 1.0)]
    for hops in range(1, wanted.max_hops + 1):
        open_walks = [
            (target, strength * weight)
            for (memory_id, strength), (source, target, weight) in product(open_walks, steps)
            if source == memory_id and strength * weight >= wanted.min_strength
        ]
        open_walks = list(set(open_walks))
        for memory_id, strength in open_walks:
            ends.setdefault(memory_id, []).append((hops, strength))
    return ends


def best(found: list[tuple[int, float]], choice: Choice) -> tuple[int, float]:
    if choice is Choice.SHORTEST:
        return min(found, key=lambda way: (way[0], -way[1]))
    return min(found, key=lambda way: (-way[1], way[0]))


# A detour leads further than the short way, which is too weak there.
DETOUR = [
    Link(MEMORIES[source], MEMORIES[target], "causes", strength, "ada", NOW)
    for source, target, strength in ((1, 3, 0.25), (2, 0, 1.0), (3, 0, 0.25), (3, 2, 1.0))
]


@given(links_strategy, wanted_strategy)
@example(DETOUR, Wanted(Direction.INCOMING, 3, Choice.SHORTEST, 0.25))
def test_each_memory_is_reached_over_its_best_way(links: list[Link], wanted: Wanted) -> None:
    ways = spread(Graph(links), MEMORIES[0], wanted)
    expected = {end: best(found, wanted.choice) for end, found in walks(links, wanted).items() if end != MEMORIES[0]}
    assert {end: (way.hops, way.strength) for end, way in ways.items() if end != MEMORIES[0]} == expected
    for end, way in ways.items():
        on_way, crossed = way.memory_ids(), way.links()
        assert on_way[0] == MEMORIES[0]
        assert on_way[-1] == end
        assert len(crossed) == way.hops == len(on_way) - 1
        for before, after, link in zip(on_way, on_way[1:], crossed, strict=False):
            assert {before, after} == {link.source_id, link.target_id}


@given(links_strategy, wanted_strategy, st.randoms(use_true_random=False))
def test_the_order_in_which_links_come_changes_nothing(links: list[Link], wanted: Wanted, chance: Random) -> None:
    shuffled = chance.sample(links, len(links))
    assert neighbours(Graph(links), MEMORIES[0], wanted) == neighbours(Graph(shuffled), MEMORIES[0], wanted)


@given(links_strategy, wanted_strategy)
def test_neighbours_come_the_strongest_first_then_the_nearest(links: list[Link], wanted: Wanted) -> None:
    ways = neighbours(Graph(links), MEMORIES[0], wanted)
    places = [(-way.strength, way.hops, way.memory_id) for way in ways]
    assert places == sorted(places)
    assert frontier(ways, {ways[0].memory_id} if ways else set(), 2) == [way.memory_id for way in ways[1:3]]
