"""What a call to store says, as values."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from servers.memory.domain.coordinates import coordinate_of
from servers.memory.domain.memory import DEFAULT_IMPORTANCE, DEFAULT_TRUST, HYPOTHESIS_TRUST, Kind, Memory, Source
from servers.memory.domain.namespaces import own_namespace
from servers.memory.storing.memories import Storing
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller

_LARGEST_PAYLOAD_BYTES: Final = 256 * 1024
_MOST_POSITION: Final = 2**31 - 1
_TEXTS: Final = ("text", "subject", "speaker", "source_id", "coordinate", "predicate", "object")
# As JSON escapes it: behind an even number of backslashes.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
NewMemory: TypeAlias = service_pb.StoreMemoryRequest | service_pb.NewMemory


def storing_of(request: NewMemory, caller: Caller, memory_id: UUID, now: datetime) -> Storing:
    """What a caller wants kept. Raises INVALID_FIELD, PAYLOAD_TOO_LARGE."""
    usual = Source.TOOL_EXTERNAL if caller.sub.startswith("service:") else Source.USER_SAID
    source = Source(request.source_class or usual)
    valid_from = moment(request, "valid_from_time") or now
    if request.predicate and not request.subject:
        raise invalid_field("subject", "a fact needs one: it is what the predicate is said of")
    if request.object and not request.predicate:
        raise invalid_field("predicate", "an object needs one: it is what is said of the subject")
    memory = Memory(
        memory_id=memory_id,
        namespace=request.namespace or own_namespace(caller),
        owner_sub=caller.sub,
        kind=Kind(request.kind or Kind.EPISODIC),
        text=request.text,
        payload=payload(request.payload) if request.HasField("payload") else None,
        subject=request.subject,
        speaker=request.speaker,
        source=source,
        source_id=request.source_id,
        conversation_id=_id(request.conversation_id),
        trust=_trust(request, source),
        importance=request.importance if request.HasField("importance") else DEFAULT_IMPORTANCE,
        tags=tuple(dict.fromkeys(request.tags)),
        token_count=0,
        learn_time=now,
        valid_from=valid_from,
        valid_to=valid_to(request, valid_from),
        turn_id=_id(request.turn_id),
        position=position(request.position),
        session_time=moment(request, "session_time"),
        coordinate=coordinate(request.coordinate),
        predicate=request.predicate.strip(),
        object=request.object,
        pinned=request.pinned,
        expire_time=_expire_time(request, now),
        derived_from=tuple(dict.fromkeys(UUID(each) for each in request.derived_from)),
        indexed=False,
    )
    refuse_nul(request)
    return Storing(memory, tuple(UUID(each) for each in request.recalled_memory_ids))


def _trust(request: NewMemory, source: Source) -> float:
    trust: float = request.trust if request.HasField("trust") else DEFAULT_TRUST[source]
    return min(trust, HYPOTHESIS_TRUST) if int(request.kind) == Kind.HYPOTHESIS else trust


def refuse_nul(message: Message) -> None:
    """Raises INVALID_FIELD for a text with the one character that the database cannot hold."""
    texts = [(name, str(getattr(message, name, ""))) for name in _TEXTS]
    texts += [("tags", tag) for tag in getattr(message, "tags", ())]
    for name, text in texts:
        if "\0" in text:
            raise invalid_field(name, "it must not contain the character U+0000")


def payload(given: Struct) -> str:
    """The payload as JSON text. Raises INVALID_FIELD, PAYLOAD_TOO_LARGE."""
    try:
        text = json_format.MessageToJson(given, indent=None, ensure_ascii=False)
    except (json_format.SerializeToJsonError, ValueError):
        raise invalid_field("payload", "its numbers must be finite") from None
    if len(text.encode()) > _LARGEST_PAYLOAD_BYTES:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{_LARGEST_PAYLOAD_BYTES} bytes"})
    if _NUL.search(text):
        raise invalid_field("payload", "it must not contain the character U+0000")
    return text


def moment(message: Message, field: str) -> datetime | None:
    """A time of a message, None where it is absent. Raises INVALID_FIELD."""
    if not message.HasField(field):
        return None
    return time_of(getattr(message, field), field)


def time_of(stamp: Timestamp, field: str) -> datetime:
    """A time as a value. Raises INVALID_FIELD."""
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(field, "it must lie in the years 1 to 9999") from None


def valid_to(message: Message, valid_from: datetime) -> datetime | None:
    """Until when something holds. Raises INVALID_FIELD."""
    end = moment(message, "valid_to_time")
    if end is not None and end <= valid_from:
        raise invalid_field("valid_to_time", "it must lie after valid_from_time")
    return end


def coordinate(given: str) -> str:
    """A coordinate in its one form. Raises INVALID_FIELD."""
    try:
        return coordinate_of(given)
    except ValueError as problem:
        raise invalid_field("coordinate", str(problem)) from None


def position(given: int) -> int:
    """A place in a conversation. Raises INVALID_FIELD."""
    if given > _MOST_POSITION:
        raise invalid_field("position", f"it must be at most {_MOST_POSITION}")
    return given


def _expire_time(request: NewMemory, now: datetime) -> datetime | None:
    if not request.HasField("ttl"):
        return None
    try:
        lifetime: timedelta = request.ttl.ToTimedelta()
        return now + lifetime
    except (ValueError, OverflowError):
        raise invalid_field("ttl", "it must end before the year 10000") from None


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
