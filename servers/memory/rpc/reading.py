"""Serves what reads memories without a query: messages in, values out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.decoding.listings import listing_of
from servers.memory.encoding.memories import memory_message
from servers.memory.storing.memories import Memories
from servers.memory.storing.reading import Reading
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class ReadingServicing(service_grpc.MemoryServiceServicer):
    """What reads memories without a query, of `soma.memory.v1.MemoryService`."""

    memories: Memories
    reading: Reading

    async def GetMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.GetMemoryRequest, _: Any
    ) -> service_pb.GetMemoryResponse:
        """One memory."""
        memory = await self.memories.read(current_call().caller, UUID(request.memory_id))
        return service_pb.GetMemoryResponse(memory=memory_message(memory))

    async def ListMemories(  # noqa: N802 - the contract's name
        self, request: service_pb.ListMemoriesRequest, _: Any
    ) -> service_pb.ListMemoriesResponse:
        """A page of memories, the newest first."""
        caller = current_call().caller
        wanted = listing_of(request, caller)
        filters = {"listing": str(wanted)}
        page = page_of(request.page_size, request.page_token, filters)
        found, last = await self.reading.list(caller, wanted, page)
        return service_pb.ListMemoriesResponse(
            memories=[memory_message(memory) for memory in found],
            next_page_token="" if last is None else next_page_token(last, filters),
        )

    async def GetLineage(  # noqa: N802 - the contract's name
        self, request: upkeep_pb.GetLineageRequest, _: Any
    ) -> upkeep_pb.GetLineageResponse:
        """Where a memory comes from and what became of it."""
        lineage = await self.reading.lineage(current_call().caller, UUID(request.memory_id))
        return upkeep_pb.GetLineageResponse(
            memory=memory_message(lineage.memory),
            versions=[memory_message(each) for each in lineage.versions],
            superseded=[memory_message(each) for each in lineage.superseded],
            superseded_by=[memory_message(each) for each in lineage.superseded_by],
            sources=[memory_message(each) for each in lineage.sources],
            descendants=[memory_message(each) for each in lineage.descendants],
        )
