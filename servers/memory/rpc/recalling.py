"""Serves recall: messages in, values out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.decoding.recalls import recall_of
from servers.memory.domain.memory import Memory
from servers.memory.encoding.memories import hit_message, memory_message
from servers.memory.recalling.recaller import Recall, Recalled, Recaller
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.rpc.call import MARGIN_SECONDS, current_call


@dataclass(frozen=True, kw_only=True)
class RecallServicing(service_grpc.MemoryServiceServicer):
    """The recalls of `soma.memory.v1.MemoryService`."""

    recaller: Recaller

    async def RecallMemories(  # noqa: N802 - the contract's name
        self, request: service_pb.RecallMemoriesRequest, _: Any
    ) -> service_pb.RecallMemoriesResponse:
        """The memories that fit best."""
        tenant_id, messages = current_call().caller.tenant_id, _Messages()
        recalled = await self.recaller.recall(tenant_id, _wanted(request), messages.size)
        return messages.answer(recalled)

    async def StreamRecall(  # noqa: N802 - the contract's name
        self, request: service_pb.StreamRecallRequest, _: Any
    ) -> AsyncIterator[service_pb.StreamRecallResponse]:
        """What words alone find at once, then what everything finds."""
        tenant_id, messages = current_call().caller.tenant_id, _Messages()
        async for recalled, is_last in self.recaller.stream(tenant_id, _wanted(request.recall), messages.size):
            stage = service_pb.RECALL_STAGE_FUSED if is_last else service_pb.RECALL_STAGE_LEXICAL
            yield service_pb.StreamRecallResponse(stage=stage, recalled=messages.answer(recalled))


def _wanted(request: service_pb.RecallMemoriesRequest) -> Recall:
    """What to recall; the answer needs some of the time that the call has left."""
    call = current_call()
    remaining = call.remaining_seconds()
    return recall_of(request, call.caller, None if remaining is None else remaining - MARGIN_SECONDS)


class _Messages:
    """Memories as messages: a large payload is slow to read, so each becomes one once, for its size and the answer."""

    def __init__(self) -> None:
        self._made: dict[tuple[UUID, int], memory_pb.Memory] = {}

    def size(self, memory: Memory) -> int:
        """What it needs in the answer, in bytes."""
        return self._message(memory).ByteSize()

    def answer(self, recalled: Recalled) -> service_pb.RecallMemoriesResponse:
        """The answer as the contract has it."""
        return service_pb.RecallMemoriesResponse(
            hits=[hit_message(hit, self._message(hit.memory)) for hit in recalled.hits],
            partial=recalled.partial,
            degraded_reasons=recalled.reasons,
            token_count=sum(hit.memory.token_count for hit in recalled.hits),
        )

    def _message(self, memory: Memory) -> memory_pb.Memory:
        key = memory.memory_id, memory.version
        if key not in self._made:
            self._made[key] = memory_message(memory)
        return self._made[key]
