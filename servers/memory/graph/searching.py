"""Use cases that follow links: the neighbours of a memory, the best path between two.

What is searched is bounded, so that a hub cannot make a question run away, and always the same: level by level the best
`FRONTIER` memories that were reached are asked for their links, one statement a level, and each gives the strongest
`FANOUT` each way whose other end is in recall and the caller's to see; the one in the middle gives `EXAMINED`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from servers.memory.domain.graph import Choice, Graph, Wanted, Way, frontier, neighbours, place_of, spread
from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_use, own_namespace
from servers.memory.domain.standing import in_recall
from servers.memory.graph.rows import Around, LinkStore
from servers.memory.storing.rows import MemoryStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller

FRONTIER: Final = 100
FANOUT: Final = 64


@dataclass(frozen=True, slots=True)
class NeighbourQuery:
    """Whose neighbours, how far, along which types (empty for all), and behind which place of the list to go on."""

    memory_id: UUID
    wanted: Wanted
    types: tuple[str, ...]
    size: int
    after: tuple[float, int, UUID] | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ways to some neighbours with the memories at their ends, and behind which way to go on, if there are more."""

    found: list[tuple[Way, Memory]]
    behind: Way | None


@dataclass(frozen=True, slots=True)
class Path:
    """The best way between two memories, with all memories on it."""

    way: Way
    memories: list[Memory]


class _Side:
    """One end of a path that is searched for: what was asked for its links from there."""

    def __init__(self, begin: UUID, wanted: Wanted) -> None:
        self._begin = begin
        self._wanted = replace(wanted, max_hops=wanted.max_hops - 1)
        self._known = {begin}

    def next(self, graph: Graph, enough: float) -> list[UUID]:
        """The memories to ask next: those on a way at least as strong as what was found already."""
        wanted = replace(self._wanted, min_strength=enough)
        asked = frontier(spread(graph, self._begin, wanted).values(), self._known, FRONTIER)
        self._known.update(asked)
        return asked


class GraphSearch:
    """Follows links."""

    def __init__(self, links: LinkStore, store: MemoryStore, clock: Clock) -> None:
        self._links = links
        self._store = store
        self._clock = clock

    async def neighbours(self, caller: Caller, query: NeighbourQuery) -> Neighbours:
        """A page of neighbours, the strongest first; none of a memory that is out of recall.

        Raises RESOURCE_NOT_FOUND for a memory that the caller may not see.
        """
        [middle] = await self._visible(caller, [query.memory_id])
        if not in_recall(middle, self._clock.now()):
            return Neighbours([], None)
        graph, known = Graph(), set[UUID]()
        asked = Around([query.memory_id], query.wanted.direction, types=query.types, own_namespace=_only(caller))
        for level in range(query.wanted.max_hops):
            if level:
                ways = spread(graph, query.memory_id, replace(query.wanted, max_hops=level))
                asked = replace(asked, memory_ids=frontier(ways.values(), known, FRONTIER), most=FANOUT)
            if not asked.memory_ids:
                break
            known.update(asked.memory_ids)
            graph.add(await self._links.around(caller.tenant_id, asked, self._clock.now()))
        ways_out = neighbours(graph, query.memory_id, query.wanted)
        rest = [way for way in ways_out if query.after is None or place_of(way) > query.after]
        page = rest[: query.size]
        memories = {memory.memory_id: memory for memory in await self._find(caller, (way.memory_id for way in page))}
        # One that was deleted or hidden meanwhile is left out.
        found = [(way, memories[way.memory_id]) for way in page if way.memory_id in memories]
        return Neighbours(found, page[-1] if len(rest) > len(page) else None)

    async def path(self, caller: Caller, start: UUID, end: UUID, wanted: Wanted) -> Path | None:
        """The best path; None where there is none, also where an end is out of recall.

        Raises RESOURCE_NOT_FOUND for an end that the caller may not see.
        """
        ends, now = await self._visible(caller, [start, end]), self._clock.now()
        if not all(in_recall(memory, now) for memory in ends):
            return None
        if start == end:
            return Path(Way(start), ends[:1])
        way = await self._best_way(caller, start, end, wanted)
        if way is None:
            return None
        memories = {memory.memory_id: memory for memory in await self._find(caller, way.memory_ids())}
        on_way = [memories[memory_id] for memory_id in way.memory_ids() if memory_id in memories]
        return Path(way, on_way) if len(on_way) == way.hops + 1 else None

    async def _best_way(self, caller: Caller, start: UUID, end: UUID, wanted: Wanted) -> Way | None:
        """Searches from both ends at once: after n levels every path of up to 2·n links lies in what is known."""
        graph, sides = Graph(), (_Side(start, wanted), _Side(end, replace(wanted, direction=wanted.direction.reversed)))
        asked = Around([start], wanted.direction, [end], own_namespace=_only(caller))
        for level in range(1, (wanted.max_hops + 1) // 2 + 1):
            graph.add(await self._links.around(caller.tenant_id, asked, self._clock.now()))
            found = spread(graph, start, wanted).get(end)
            if found is not None and wanted.choice is Choice.SHORTEST and found.hops <= 2 * level:
                return found
            enough = found.strength if found is not None and wanted.choice is Choice.STRONGEST else 0.0
            forward, backward = (side.next(graph, enough) for side in sides)
            # A path that is not known yet leaves both ends: where one of them leads no further, there is none.
            if not forward or not backward:
                break
            asked = replace(asked, memory_ids=forward, against=backward, most=FANOUT)
        return spread(graph, start, wanted).get(end)

    async def _visible(self, caller: Caller, memory_ids: list[UUID]) -> list[Memory]:
        found = {memory.memory_id: memory for memory in await self._find(caller, memory_ids)}
        for memory_id in memory_ids:
            if memory_id not in found:
                raise not_found("memory", memory_id)
        return [found[memory_id] for memory_id in memory_ids]

    async def _find(self, caller: Caller, memory_ids: Iterable[UUID]) -> list[Memory]:
        wanted = list(memory_ids)
        found = await self._store.find_many(caller.tenant_id, wanted) if wanted else []
        return [memory for memory in found if may_use(caller, memory.namespace)]


def _only(caller: Caller) -> str | None:
    """The only namespace of a person whose memories count; None where all do."""
    return None if caller.sees_all else own_namespace(caller)
