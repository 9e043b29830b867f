"""Which memories links lead to, and along which way, over the links that are known. Pure.

A way is as strong as the product of its strengths, so that a detour never makes it stronger. Ways spread link by link:
only a memory that got a stronger way leads further. Equal ways go by the id of the memory before, then by the type of
the link, so that the same links always give the same answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final
from uuid import UUID


class Direction(IntEnum):
    """Which way links are followed; the numbers of `soma.memory.v1.LinkDirection`."""

    OUTGOING = 1
    INCOMING = 2
    BOTH = 3

    @property
    def reversed(self) -> "Direction":
        """The way back."""
        return _BACK[self]


class Choice(IntEnum):
    """Which path is the best; the numbers of `soma.memory.v1.PathChoice`."""

    SHORTEST = 1
    STRONGEST = 2


_BACK: Final[Mapping[Direction, Direction]] = {
    Direction.OUTGOING: Direction.INCOMING,
    Direction.INCOMING: Direction.OUTGOING,
    Direction.BOTH: Direction.BOTH,
}


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link between two memories; its strength is above 0 and at most 1."""

    source_id: UUID
    target_id: UUID
    type: str
    strength: float
    owner_sub: str
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """How a memory was reached: over how many links, how strongly, and by which last link from which way before."""

    memory_id: UUID
    hops: int = 0
    strength: float = 1.0
    before: "Way | None" = None
    link: Link | None = None

    def links(self) -> list[Link]:
        """The links from the beginning to here."""
        links: list[Link] = []
        way: Way | None = self
        while way is not None and way.link is not None:
            links.append(way.link)
            way = way.before
        return links[::-1]

    def memory_ids(self) -> list[UUID]:
        """The memories from the beginning to here, both among them."""
        ids: list[UUID] = []
        way: Way | None = self
        while way is not None:
            ids.append(way.memory_id)
            way = way.before
        return ids[::-1]


class Graph:
    """The links that are known so far."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self._links: set[tuple[UUID, UUID, str]] = set()
        self._out: dict[UUID, list[Link]] = {}
        self._in: dict[UUID, list[Link]] = {}
        self.add(links)

    def add(self, links: Iterable[Link]) -> None:
        """Learn more links; one that is known already stays as it is."""
        for link in links:
            key = (link.source_id, link.target_id, link.type)
            if key not in self._links:
                self._links.add(key)
                self._out.setdefault(link.source_id, []).append(link)
                self._in.setdefault(link.target_id, []).append(link)

    def steps(self, memory_id: UUID, direction: Direction) -> Iterable[tuple[Link, UUID]]:
        """The links to follow from a memory, each with where it leads."""
        if direction is not Direction.INCOMING:
            yield from ((link, link.target_id) for link in self._out.get(memory_id, ()))
        if direction is not Direction.OUTGOING:
            yield from ((link, link.source_id) for link in self._in.get(memory_id, ()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """How ways spread: which way, over how many links at most, what the best is, and how weak a way may become."""

    direction: Direction
    max_hops: int
    choice: Choice = Choice.STRONGEST
    min_strength: float = 0.0


def spread(graph: Graph, start: UUID, wanted: Wanted) -> dict[UUID, Way]:
    """The best way to each memory that is reached, the beginning among them."""
    shortest = {start: Way(start)}
    strongest = dict(shortest)
    layer = [shortest[start]]
    for _ in range(wanted.max_hops):
        further: dict[UUID, Way] = {}
        for way in layer:
            for link, memory_id in graph.steps(way.memory_id, wanted.direction):
                strength = way.strength * link.strength
                known = strongest.get(memory_id)
                if strength < wanted.min_strength or (known is not None and strength <= known.strength):
                    continue
                rival = further.get(memory_id)
                if (
                    rival is None
                    or strength > rival.strength
                    or (strength == rival.strength and _is_before(way, link, rival))
                ):
                    further[memory_id] = Way(memory_id, way.hops + 1, strength, way, link)
        shortest = further | shortest
        # A longer way that is stronger may lead where the shorter one is too weak to go.
        strongest |= further
        layer = list(further.values())
    return shortest if wanted.choice is Choice.SHORTEST else strongest


def neighbours(graph: Graph, start: UUID, wanted: Wanted) -> list[Way]:
    """The ways to all other memories: the strongest first, then the shortest, then by id."""
    ways = (way for memory_id, way in spread(graph, start, wanted).items() if memory_id != start)
    return sorted(ways, key=place_of)


def place_of(way: Way) -> tuple[float, int, UUID]:
    """Where a way stands among neighbours."""
    return -way.strength, way.hops, way.memory_id


def frontier(ways: Iterable[Way], known: set[UUID], most: int) -> list[UUID]:
    """The memories to ask for their links next: the best that were not asked for yet."""
    return [way.memory_id for way in sorted((way for way in ways if way.memory_id not in known), key=place_of)[:most]]


def _is_before(way: Way, link: Link, rival: Way) -> bool:
    """Whether the last step to a memory goes before another one that is as strong and as long."""
    if rival.before is None or rival.link is None:
        return False
    return (way.memory_id, link.type, link.source_id) < (rival.before.memory_id, rival.link.type, rival.link.source_id)
