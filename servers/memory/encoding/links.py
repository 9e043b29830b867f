"""Links, neighbours and paths as the contract has them."""

from servers.memory.domain.graph import Link, Way
from servers.memory.encoding.memories import memory_message, stamp
from servers.memory.graph.searching import Path
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma_common.kernel.paging import Position


def link_message(link: Link) -> graph_pb.MemoryLink:
    """A link as the contract has it."""
    return graph_pb.MemoryLink(
        source_memory_id=str(link.source_id),
        target_memory_id=str(link.target_id),
        type=link.type,
        strength=link.strength,
        update_time=stamp(link.update_time),
        owner_sub=link.owner_sub,
    )


def neighbour_message(way: Way, memory: memory_pb.Memory) -> graph_pb.Neighbor:
    """A neighbour, with its memory as a message already."""
    path = [link_message(link) for link in way.links()]
    return graph_pb.Neighbor(memory=memory, hops=way.hops, strength=way.strength, path=path)


def path_message(path: Path | None) -> graph_pb.FindPathResponse:
    """A path, or that there is none."""
    if path is None:
        return graph_pb.FindPathResponse()
    return graph_pb.FindPathResponse(
        links=[link_message(link) for link in path.way.links()],
        memories=[memory_message(memory) for memory in path.memories],
        strength=path.way.strength,
    )


def position_of(way: Way) -> tuple[Position, ...]:
    """Where a list of neighbours goes on behind this one; the strength to its last bit."""
    return way.strength.hex(), way.hops, str(way.memory_id)
