"""Serves what keeps and deletes memories: messages in, values out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from servers.memory.decoding.memories import new_memory
from servers.memory.domain.memory import Memory
from servers.memory.domain.sources import SourceRef
from servers.memory.encoding.memories import memory_message, stamp
from servers.memory.storing.forgetting import Forgetter, Forgotten
from servers.memory.storing.memories import Memories, Storing
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class StoringServicing(service_grpc.MemoryServiceServicer):
    """What keeps and deletes memories, of `soma.memory.v1.MemoryService`."""

    memories: Memories
    forgetter: Forgetter
    clock: Clock
    ids: Ids

    async def StoreMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.StoreMemoryRequest, _: Any
    ) -> service_pb.StoreMemoryResponse:
        """Keep a memory durably."""
        caller = current_call().caller
        turn_id = UUID(request.turn_id) if request.turn_id else None
        recalled = tuple(UUID(memory_id) for memory_id in request.recalled_memory_ids)
        memory = new_memory(request, caller, self.ids.uuid7(), self.clock.now())
        return await self.memories.keep(caller, Storing(memory, turn_id, recalled), _stored)

    async def GetMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.GetMemoryRequest, _: Any
    ) -> service_pb.GetMemoryResponse:
        """One memory."""
        memory = await self.memories.read(current_call().caller, UUID(request.memory_id))
        return service_pb.GetMemoryResponse(memory=memory_message(memory))

    async def DeleteMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteMemoryRequest, _: Any
    ) -> service_pb.DeleteMemoryResponse:
        """Delete one memory for good."""
        return await self.memories.forget(current_call().caller, UUID(request.memory_id), _deleted)

    async def DeleteBySource(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteBySourceRequest, _: Any
    ) -> service_pb.DeleteBySourceResponse:
        """Forget what was learned from a source."""
        caller, request_id = current_call().caller, UUID(request.request_id)
        return await self.forgetter.forget(caller, _source(request), request.ended, request_id, _forgotten)


def _stored(memory: Memory, duplicate: bool) -> service_pb.StoreMemoryResponse:
    return service_pb.StoreMemoryResponse(memory=memory_message(memory), duplicate=duplicate)


def _deleted(moment: datetime) -> service_pb.DeleteMemoryResponse:
    return service_pb.DeleteMemoryResponse(delete_time=stamp(moment))


def _forgotten(done: Forgotten) -> service_pb.DeleteBySourceResponse:
    return service_pb.DeleteBySourceResponse(
        forgotten_count=done.forgotten, kept_count=done.kept, delete_time=stamp(done.time)
    )


def _source(request: service_pb.DeleteBySourceRequest) -> SourceRef:
    if request.WhichOneof("source") == "conversation_id":
        return SourceRef(conversation_id=UUID(request.conversation_id))
    return SourceRef(source_id=request.source_id)
