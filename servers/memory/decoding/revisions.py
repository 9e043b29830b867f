"""What a call to change or correct a memory says, as values."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.memory.decoding.memories import coordinate, moment, payload, refuse_nul
from servers.memory.domain.memory import DEFAULT_TRUST, HYPOTHESIS_TRUST, Kind, Memory, Source
from servers.memory.storing.revising import Changing
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import Caller

_MOST_TEXT_BYTES: Final = 32 * 1024
_MOST_LABELS: Final = 32
_LONGEST: Final[Mapping[str, int]] = {"subject": 256, "speaker": 256, "coordinate": 256}


def update_of(request: service_pb.UpdateMemoryRequest, now: datetime) -> Changing:
    """How a memory shall be. Raises INVALID_FIELD."""
    given = request.memory
    try:
        memory_id = UUID(given.memory_id)
    except ValueError:
        raise invalid_field("memory.memory_id", "it must be the id of a memory") from None
    names = list(dict.fromkeys(request.update_mask.paths))
    unknown = [name for name in names if name not in _FIELDS]
    if unknown or not names:
        raise invalid_field("update_mask", f"it must name fields out of {', '.join(_FIELDS)}")
    refuse_nul(given)
    values: dict[str, Any] = {}
    for name in names:
        field, read = _FIELDS[name]
        values[field] = read(given)
    expire_time = values.get("expire_time")
    if expire_time is not None and expire_time <= now:
        raise invalid_field("expire_time", "it must lie in the future; delete the memory instead")

    def change(old: Memory) -> Memory:
        changed = _believed(replace(old, **values))
        if changed.valid_to is not None and changed.valid_to <= changed.valid_from:
            raise invalid_field("valid_to_time", "it must lie after valid_from_time")
        return changed

    return Changing(memory_id, given.etag, change)


def correction_of(request: service_pb.CorrectMemoryRequest, caller: Caller, new_id: UUID, now: datetime) -> Changing:
    """What is true instead. Raises INVALID_FIELD."""
    usual = Source.MODEL_INFERRED if caller.sub.startswith("service:") else Source.USER_SAID
    source = Source(request.source_class or usual)
    valid_from = moment(request, "valid_from_time") or now
    content = payload(request.payload) if request.HasField("payload") else None
    refuse_nul(request)

    def change(old: Memory) -> Memory:
        if valid_from < old.valid_from:
            raise invalid_field("valid_from_time", "the old memory holds only from a later time on; delete it instead")
        correct = replace(
            old,
            memory_id=new_id,
            owner_sub=caller.sub,
            text=request.text,
            payload=old.payload if content is None else content,
            object=_object(request, old),
            source=source,
            source_id=request.source_id,
            conversation_id=None,
            turn_id=None,
            trust=DEFAULT_TRUST[source],
            learn_time=now,
            valid_from=valid_from,
            valid_to=None,
            access_count=0,
            access_time=None,
            version=1,
            position=0,
            session_time=None,
            derived_from=(),
            hidden_by=0,
        )
        return _believed(correct)

    return Changing(UUID(request.memory_id), request.etag, change)


def _believed(memory: Memory) -> Memory:
    """The memory, which is believed no more than its kind allows, whoever says so."""
    return replace(memory, trust=min(memory.trust, HYPOTHESIS_TRUST)) if memory.kind is Kind.HYPOTHESIS else memory


def _object(request: service_pb.CorrectMemoryRequest, old: Memory) -> str:
    if request.object and not old.predicate:
        raise invalid_field("object", "the memory is no fact: it has no predicate")
    return request.object


def _text(given: memory_pb.Memory) -> str:
    if not given.text or len(given.text.encode()) > _MOST_TEXT_BYTES:
        raise invalid_field("text", f"it must have 1 to {_MOST_TEXT_BYTES} bytes")
    return given.text


def _short(name: str) -> Callable[[memory_pb.Memory], str]:
    def read(given: memory_pb.Memory) -> str:
        text = str(getattr(given, name))
        if len(text) > _LONGEST[name]:
            raise invalid_field(name, f"it must have at most {_LONGEST[name]} characters")
        return text

    return read


def _share(name: str) -> Callable[[memory_pb.Memory], float]:
    def read(given: memory_pb.Memory) -> float:
        number = float(getattr(given, name))
        if not 0 <= number <= 1:
            raise invalid_field(name, "it must be a number from 0 to 1")
        return number

    return read


def _tags(given: memory_pb.Memory) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(given.tags))
    if len(tags) > _MOST_LABELS or not all(1 <= len(tag) <= 64 for tag in tags):
        raise invalid_field("tags", f"they must be at most {_MOST_LABELS}, of 1 to 64 characters each")
    return tags


def _kind(given: memory_pb.Memory) -> Kind:
    try:
        return Kind(given.kind)
    except ValueError:
        raise invalid_field("kind", "it must be EPISODIC, SEMANTIC, PROCEDURAL or HYPOTHESIS") from None


def _valid_from(given: memory_pb.Memory) -> datetime:
    found = moment(given, "valid_from_time")
    if found is None:
        raise invalid_field("valid_from_time", "it must not be absent")
    return found


# For each name of the mask, the field of a memory and how its value is read.
_FIELDS: Final[Mapping[str, tuple[str, Callable[[memory_pb.Memory], object]]]] = {
    "text": ("text", _text),
    "payload": ("payload", lambda given: payload(given.payload) if given.HasField("payload") else None),
    "subject": ("subject", _short("subject")),
    "speaker": ("speaker", _short("speaker")),
    "tags": ("tags", _tags),
    "kind": ("kind", _kind),
    "importance": ("importance", _share("importance")),
    "trust": ("trust", _share("trust")),
    "pinned": ("pinned", lambda given: given.pinned),
    "expire_time": ("expire_time", lambda given: moment(given, "expire_time")),
    "coordinate": ("coordinate", lambda given: coordinate(_short("coordinate")(given))),
    "valid_from_time": ("valid_from", _valid_from),
    "valid_to_time": ("valid_to", lambda given: moment(given, "valid_to_time")),
}
