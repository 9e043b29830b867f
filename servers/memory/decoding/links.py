"""What a call about links says, as values."""

from datetime import datetime
from math import isfinite
from typing import Final
from uuid import UUID

from servers.memory.domain.graph import Choice, Direction, Link, Wanted
from servers.memory.graph.searching import NeighbourQuery
from soma.memory.v1 import graph_pb2 as graph_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import Position, page_of, unreadable_token
from soma_common.kernel.tenancy import Caller

DEFAULT_TYPE: Final = "related"
_MOST_HOPS_OF_A_PATH: Final = 6


def new_link(request: graph_pb.LinkMemoriesRequest, caller: Caller, now: datetime) -> Link:
    """The link that a caller wants. Raises INVALID_FIELD for one of a memory to itself."""
    source, target = UUID(request.memory_id), UUID(request.target_memory_id)
    if source == target:
        raise invalid_field("target_memory_id", "a memory has no link to itself")
    strength = request.strength if request.HasField("strength") else 1.0
    return Link(source, target, request.type or DEFAULT_TYPE, strength, caller.sub, now)


def old_link(request: graph_pb.UnlinkMemoriesRequest, caller: Caller, now: datetime) -> Link:
    """The links to take away; without a type, whatever they say."""
    return Link(UUID(request.memory_id), UUID(request.target_memory_id), request.type, 1.0, caller.sub, now)


def neighbour_query(request: graph_pb.ListNeighborsRequest) -> NeighbourQuery:
    """Whose neighbours, and where to go on. Raises INVALID_FIELD for a token of another list."""
    page = page_of(request.page_size, request.page_token, neighbour_filters(request))
    wanted = Wanted(
        direction=Direction(request.direction or Direction.BOTH),
        max_hops=request.max_hops or 1,
        min_strength=request.min_strength,
    )
    after = None if page.after is None else _place(page.after)
    return NeighbourQuery(UUID(request.memory_id), wanted, tuple(request.types), page.size, after)


def neighbour_filters(request: graph_pb.ListNeighborsRequest) -> dict[str, object]:
    """What a page of neighbours is bound to."""
    return {
        "memory_id": str(UUID(request.memory_id)),
        "max_hops": request.max_hops or 1,
        "direction": request.direction or int(Direction.BOTH),
        "types": sorted(request.types),
        "min_strength": request.min_strength,
    }


def path_wanted(request: graph_pb.FindPathRequest) -> Wanted:
    """Which path is looked for."""
    return Wanted(
        direction=Direction(request.direction or Direction.BOTH),
        max_hops=request.max_hops or _MOST_HOPS_OF_A_PATH,
        choice=Choice(request.choice or Choice.SHORTEST),
    )


def _place(after: tuple[Position, ...]) -> tuple[float, int, UUID]:
    match after:
        case (str(strength), int(hops), str(memory_id)):
            try:
                place = (-float.fromhex(strength), hops, UUID(memory_id))
            except (ValueError, OverflowError):
                raise unreadable_token() from None
            if isfinite(place[0]):
                return place
    raise unreadable_token()
