"""Serves what makes links and follows them: messages in, values out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.decoding.links import neighbour_filters, neighbour_query, new_link, old_link, path_wanted
from servers.memory.domain.graph import Link
from servers.memory.encoding.links import link_message, neighbour_message, path_message, position_of
from servers.memory.encoding.memories import memory_message
from servers.memory.graph.linking import Linker
from servers.memory.graph.searching import GraphSearch, Neighbours
from servers.memory.recalling.recaller import MOST_BYTES
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.paging import next_page_token
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class LinkServicing(service_grpc.MemoryServiceServicer):
    """The links of `soma.memory.v1.MemoryService`."""

    linker: Linker
    graph_search: GraphSearch
    clock: Clock

    async def LinkMemories(  # noqa: N802 - the contract's name
        self, request: graph_pb.LinkMemoriesRequest, _: Any
    ) -> graph_pb.LinkMemoriesResponse:
        """Link one memory to another."""
        caller = current_call().caller
        return await self.linker.link(caller, new_link(request, caller, self.clock.now()), _linked)

    async def UnlinkMemories(  # noqa: N802 - the contract's name
        self, request: graph_pb.UnlinkMemoriesRequest, _: Any
    ) -> graph_pb.UnlinkMemoriesResponse:
        """Take links away."""
        caller = current_call().caller
        return await self.linker.unlink(caller, old_link(request, caller, self.clock.now()), _unlinked)

    async def ListNeighbors(  # noqa: N802 - the contract's name
        self, request: graph_pb.ListNeighborsRequest, _: Any
    ) -> graph_pb.ListNeighborsResponse:
        """The memories that links reach from one."""
        query = neighbour_query(request)
        return _page(await self.graph_search.neighbours(current_call().caller, query), request)

    async def FindPath(  # noqa: N802 - the contract's name
        self, request: graph_pb.FindPathRequest, _: Any
    ) -> graph_pb.FindPathResponse:
        """The best path between two memories."""
        start, end = UUID(request.memory_id), UUID(request.target_memory_id)
        return path_message(await self.graph_search.path(current_call().caller, start, end, path_wanted(request)))


def _linked(link: Link) -> graph_pb.LinkMemoriesResponse:
    return graph_pb.LinkMemoriesResponse(link=link_message(link))


def _unlinked(removed: int) -> graph_pb.UnlinkMemoriesResponse:
    return graph_pb.UnlinkMemoriesResponse(removed_count=removed)


def _page(neighbours: Neighbours, request: graph_pb.ListNeighborsRequest) -> graph_pb.ListNeighborsResponse:
    """As many as fit into an answer; the next page begins behind the last of them."""
    answer = graph_pb.ListNeighborsResponse()
    left, behind = MOST_BYTES, neighbours.behind
    for before, (way, memory) in zip((None, *(way for way, _ in neighbours.found)), neighbours.found, strict=False):
        message = neighbour_message(way, memory_message(memory))
        left -= message.ByteSize()
        if left < 0:
            behind = before
            break
        answer.neighbors.append(message)
    if behind is not None:
        answer.next_page_token = next_page_token(position_of(behind), neighbour_filters(request))
    return answer
