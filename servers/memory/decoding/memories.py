"""What a call to store says, as values."""

from datetime import datetime
from typing import Final
from uuid import UUID

from google.protobuf import json_format

from servers.memory.domain.memory import DEFAULT_IMPORTANCE, DEFAULT_TRUST, Kind, Memory, Source
from servers.memory.domain.namespaces import own_namespace
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller

_LARGEST_PAYLOAD_BYTES: Final = 256 * 1024


def new_memory(request: service_pb.StoreMemoryRequest, caller: Caller, memory_id: UUID, now: datetime) -> Memory:
    """The memory that a caller wants kept. Raises INVALID_FIELD, PAYLOAD_TOO_LARGE."""
    usual = Source.TOOL_EXTERNAL if caller.sub.startswith("service:") else Source.USER_SAID
    source = Source(request.source_class or usual)
    return Memory(
        memory_id=memory_id,
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
