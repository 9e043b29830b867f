"""Servicer of the memory service: protos in, values to the use cases, protos out.

Nothing is decided here beyond the defaults that the contract states.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from servers.memory.domain.memory import DEFAULT_IMPORTANCE, DEFAULT_TRUST, Kind, Memory, RecallFilter, Source
from servers.memory.domain.namespaces import own_namespace, readable
from servers.memory.domain.ranking import Hit, Weights
from servers.memory.domain.sources import SourceRef
from servers.memory.forgetting import Forgetter, Forgotten
from servers.memory.recall import Recall, Recaller
from servers.memory.storing import Memories, Storing
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import current_call

_TOP_K: Final = 10
_TIME_BUDGET_MILLISECONDS: Final = 250
_LARGEST_PAYLOAD_BYTES: Final = 256 * 1024


def _stamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def memory_message(memory: Memory) -> memory_pb.Memory:
    """A memory as the contract has it."""
    message = memory_pb.Memory(
        memory_id=str(memory.memory_id),
        namespace=memory.namespace,
        kind=memory_pb.MemoryKind.ValueType(memory.kind),
        text=memory.text,
        subject=memory.subject,
        speaker=memory.speaker,
        source_class=memory_pb.SourceClass.ValueType(memory.source),
        source_id=memory.source_id,
        conversation_id=str(memory.conversation_id or ""),
        trust=memory.trust,
        importance=memory.importance,
        tags=memory.tags,
        token_count=memory.token_count,
        access_count=memory.access_count,
        learn_time=_stamp(memory.learn_time),
        valid_from_time=_stamp(memory.valid_from),
        embedding_version=memory.embedding_version,
        index_state=memory_pb.INDEX_STATE_INDEXED,
        owner_sub=memory.owner_sub,
        version=memory.version,
        etag=f'"{memory.version}"',
    )
    if memory.payload is not None:
        json_format.Parse(memory.payload, message.payload)
    if memory.access_time is not None:
        message.access_time.CopyFrom(_stamp(memory.access_time))
    if memory.valid_to is not None:
        message.valid_to_time.CopyFrom(_stamp(memory.valid_to))
    return message


def _hit_message(hit: Hit, message: memory_pb.Memory) -> memory_pb.MemoryHit:
    parts = hit.parts
    return memory_pb.MemoryHit(
        memory=message,
        score=hit.score,
        parts=memory_pb.ScoreParts(
            vector=parts.vector,
            lexical=parts.lexical,
            recency=parts.recency,
            importance=parts.importance,
            vector_rank=parts.vector_rank,
            lexical_rank=parts.lexical_rank,
        ),
    )


def _stored(memory: Memory, duplicate: bool) -> service_pb.StoreMemoryResponse:
    return service_pb.StoreMemoryResponse(memory=memory_message(memory), duplicate=duplicate)


def _deleted(moment: datetime) -> service_pb.DeleteMemoryResponse:
    return service_pb.DeleteMemoryResponse(delete_time=_stamp(moment))


def _forgotten(done: Forgotten) -> service_pb.DeleteBySourceResponse:
    return service_pb.DeleteBySourceResponse(
        forgotten_count=done.forgotten, kept_count=done.kept, delete_time=_stamp(done.time)
    )


def _source(request: service_pb.DeleteBySourceRequest) -> SourceRef:
    if request.WhichOneof("source") == "conversation_id":
        return SourceRef(conversation_id=UUID(request.conversation_id))
    return SourceRef(source_id=request.source_id)


def _payload(request: service_pb.StoreMemoryRequest) -> str | None:
    if not request.HasField("payload"):
        return None
    try:
        text = json_format.MessageToJson(request.payload, indent=None, ensure_ascii=False)
    except (json_format.SerializeToJsonError, ValueError):
        raise invalid_field("payload", "its numbers must be finite") from None
    if len(text.encode()) > _LARGEST_PAYLOAD_BYTES:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{_LARGEST_PAYLOAD_BYTES} bytes"})
    return text


def _valid_from(request: service_pb.StoreMemoryRequest, now: datetime) -> datetime:
    if not request.HasField("valid_from_time"):
        return now
    try:
        return request.valid_from_time.ToDatetime(now.tzinfo)
    except (ValueError, OverflowError):
        raise invalid_field("valid_from_time", "it must lie in the years 1 to 9999") from None


def _weights(request: service_pb.RecallMemoriesRequest) -> Weights:
    if not request.HasField("weights"):
        return Weights()
    usual = Weights()
    return Weights(
        vector=min(5.0, max(0.1, request.weights.vector or usual.vector)),
        lexical=min(5.0, max(0.1, request.weights.lexical or usual.lexical)),
        recency=min(1.0, max(0.0, request.weights.recency)),
    )


class MemoryServicer(service_grpc.MemoryServiceServicer):
    """`soma.memory.v1.MemoryService`."""

    def __init__(self, memories: Memories, forgetter: Forgetter, recaller: Recaller, clock: Clock, ids: Ids) -> None:
        self._memories = memories
        self._forgetter = forgetter
        self._recaller = recaller
        self._clock = clock
        self._ids = ids

    async def StoreMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.StoreMemoryRequest, _: Any
    ) -> service_pb.StoreMemoryResponse:
        """Keep a memory durably."""
        caller = current_call().caller
        turn_id = UUID(request.turn_id) if request.turn_id else None
        recalled = tuple(UUID(memory_id) for memory_id in request.recalled_memory_ids)
        return await self._memories.keep(caller, Storing(self._memory(request, caller), turn_id, recalled), _stored)

    async def GetMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.GetMemoryRequest, _: Any
    ) -> service_pb.GetMemoryResponse:
        """One memory."""
        memory = await self._memories.read(current_call().caller, UUID(request.memory_id))
        return service_pb.GetMemoryResponse(memory=memory_message(memory))

    async def DeleteMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteMemoryRequest, _: Any
    ) -> service_pb.DeleteMemoryResponse:
        """Delete one memory for good."""
        return await self._memories.forget(current_call().caller, UUID(request.memory_id), _deleted)

    async def DeleteBySource(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteBySourceRequest, _: Any
    ) -> service_pb.DeleteBySourceResponse:
        """Forget what was learned from a source."""
        caller, request_id = current_call().caller, UUID(request.request_id)
        return await self._forgetter.forget(caller, _source(request), request.ended, request_id, _forgotten)

    async def RecallMemories(  # noqa: N802 - the contract's name
        self, request: service_pb.RecallMemoriesRequest, _: Any
    ) -> service_pb.RecallMemoriesResponse:
        """The memories that fit best."""
        caller = current_call().caller
        wanted = RecallFilter(
            namespaces=readable(caller, tuple(request.namespaces), request.agent_id),
            kinds=tuple(Kind(kind) for kind in request.kinds if kind),
            tags=tuple(request.tags),
            conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
            min_importance=request.min_importance,
        )
        recall = Recall(
            query=request.query,
            wanted=wanted,
            top_k=request.top_k or _TOP_K,
            token_budget=request.token_budget,
            weights=_weights(request),
            time_budget_seconds=(request.time_budget_milliseconds or _TIME_BUDGET_MILLISECONDS) / 1000,
        )
        # A large payload is slow to read, so a memory becomes a message once, for its size and for the answer.
        messages: dict[UUID, memory_pb.Memory] = {}

        def size(memory: Memory) -> int:
            message = messages[memory.memory_id] = memory_message(memory)
            return message.ByteSize()

        recalled = await self._recaller.recall(caller.tenant_id, recall, size)
        return service_pb.RecallMemoriesResponse(
            hits=[_hit_message(hit, messages[hit.memory.memory_id]) for hit in recalled.hits],
            partial=recalled.partial,
            degraded_reasons=recalled.reasons,
            token_count=sum(hit.memory.token_count for hit in recalled.hits),
        )

    def _memory(self, request: service_pb.StoreMemoryRequest, caller: Caller) -> Memory:
        now = self._clock.now()
        usual = Source.TOOL_EXTERNAL if caller.sub.startswith("service:") else Source.USER_SAID
        source = Source(request.source_class or usual)
        return Memory(
            memory_id=self._ids.uuid7(),
            namespace=request.namespace or own_namespace(caller),
            owner_sub=caller.sub,
            kind=Kind(request.kind or Kind.EPISODIC),
            text=request.text,
            payload=_payload(request),
            subject=request.subject,
            speaker=request.speaker,
            source=source,
            source_id=request.source_id,
            conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
            trust=request.trust if request.HasField("trust") else DEFAULT_TRUST[source],
            importance=request.importance if request.HasField("importance") else DEFAULT_IMPORTANCE,
            tags=tuple(dict.fromkeys(request.tags)),
            token_count=0,
            learn_time=now,
            valid_from=_valid_from(request, now),
        )
