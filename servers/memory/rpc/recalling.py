"""Serves recall: messages in, values out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.decoding.recalls import recall_of
from servers.memory.domain.memory import Memory
from servers.memory.encoding.memories import hit_message, memory_message
from servers.memory.recalling.recaller import Recaller
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class RecallServicing(service_grpc.MemoryServiceServicer):
    """The recalls of `soma.memory.v1.MemoryService`."""

    recaller: Recaller

    async def RecallMemories(  # noqa: N802 - the contract's name
        self, request: service_pb.RecallMemoriesRequest, _: Any
    ) -> service_pb.RecallMemoriesResponse:
        """The memories that fit best."""
        caller = current_call().caller
        # A large payload is slow to read, so a memory becomes a message once, for its size and for the answer.
        messages: dict[UUID, memory_pb.Memory] = {}

        def size(memory: Memory) -> int:
            message = messages[memory.memory_id] = memory_message(memory)
            return message.ByteSize()

        recalled = await self.recaller.recall(caller.tenant_id, recall_of(request, caller), size)
        return service_pb.RecallMemoriesResponse(
            hits=[hit_message(hit, messages[hit.memory.memory_id]) for hit in recalled.hits],
            partial=recalled.partial,
            degraded_reasons=recalled.reasons,
            token_count=sum(hit.memory.token_count for hit in recalled.hits),
        )
