"""What the pieces of an import say, as values; one that makes no sense is refused by itself."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from servers.memory.decoding.memories import moment, storing_of, time_of
from servers.memory.domain.graph import Link
from servers.memory.domain.memory import Memory, Retired, Source
from servers.memory.transfer.importing import Piece
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.interceptors.validate import Rules

# Fields that a stored memory has as one that shall be stored.
_SHARED: Final = (
    "kind",
    "text",
    "subject",
    "speaker",
    "source_class",
    "source_id",
    "conversation_id",
    "trust",
    "importance",
    "tags",
    "turn_id",
    "position",
    "coordinate",
    "predicate",
    "object",
    "pinned",
    "derived_from",
)
_MOST_COUNT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the pieces of one import, as its caller may bring them."""

    begin: transfer_pb.ImportBegin
    caller: Caller
    rules: Rules

    def memory(self, given: memory_pb.Memory, place: int, now: datetime) -> Piece:
        """A memory, or why it is refused."""
        origin_id = uuid5(UUID(self.begin.request_id), f"piece {place}")
        try:
            origin_id = UUID(given.memory_id) if given.memory_id else origin_id
            return Piece(place, origin_id, self._memory(given, origin_id, now))
        except SomaError as error:
            return Piece(place, origin_id, None, error.sentence)
        except ValueError:
            return Piece(place, origin_id, None, "one of its ids is none")

    def link(self, given: graph_pb.MemoryLink, now: datetime) -> Link | None:
        """A link; None for one that makes no sense."""
        asked = graph_pb.LinkMemoriesRequest(
            memory_id=given.source_memory_id,
            target_memory_id=given.target_memory_id,
            type=given.type or "related",
            strength=given.strength,
            request_id=self.begin.request_id,
        )
        if not self.rules.holds(asked) or asked.memory_id == asked.target_memory_id:
            return None
        ends = UUID(asked.memory_id), UUID(asked.target_memory_id)
        try:
            update_time = time_of(given.update_time, "update_time") if given.HasField("update_time") else now
        except SomaError:
            return None
        return Link(*ends, asked.type, asked.strength, self._owner(given.owner_sub), min(update_time, now))

    def _owner(self, given: str) -> str:
        """Only whoever sees everybody's memories brings them in for others."""
        return given if given and self.caller.sees_all and "\0" not in given else self.caller.sub

    def _memory(self, given: memory_pb.Memory, origin_id: UUID, now: datetime) -> Memory:
        if given.quarantined:
            raise invalid_field("quarantined", "what a quarantine hides is not brought in; restore it first")
        asked = service_pb.NewMemory(
            namespace=self.begin.namespace or given.namespace,
            **{name: getattr(given, name) for name in _SHARED},
        )
        for name in ("payload", "valid_from_time", "session_time"):
            if given.HasField(name):
                getattr(asked, name).CopyFrom(getattr(given, name))
        asked.source_class = given.source_class or memory_pb.SOURCE_CLASS_IMPORTED
        self.rules.check(asked)
        return self._dated(given, storing_of(asked, self.caller, origin_id, now).memory, now)

    def _dated(self, given: memory_pb.Memory, memory: Memory, now: datetime) -> Memory:
        expire_time, valid_to = moment(given, "expire_time"), moment(given, "valid_to_time")
        if expire_time is not None and expire_time <= now:
            raise invalid_field("expire_time", "it is over")
        if valid_to is not None and valid_to < memory.valid_from:
            raise invalid_field("valid_to_time", "it must not lie before valid_from_time")
        learn_time = min(moment(given, "learn_time") or now, now)
        retire_time = moment(given, "retire_time")
        superseded_by = UUID(given.superseded_by) if given.superseded_by else None
        return replace(
            memory,
            owner_sub=self._owner(given.owner_sub),
            source=Source(given.source_class or Source.IMPORTED),
            learn_time=learn_time,
            valid_from=memory.valid_from if given.HasField("valid_from_time") else learn_time,
            valid_to=valid_to,
            expire_time=expire_time,
            access_count=min(given.access_count, _MOST_COUNT),
            access_time=moment(given, "access_time"),
            version=min(max(given.version, 1), _MOST_COUNT),
            retire_time=retire_time,
            retire_reason=_reason(retire_time, superseded_by, valid_to),
            superseded_by=superseded_by,
        )


def _reason(retire_time: datetime | None, superseded_by: UUID | None, valid_to: datetime | None) -> Retired | None:
    """What was replaced names what took its place and ends; whatever else rests was swept."""
    if retire_time is None:
        return None
    return Retired.SUPERSEDED if superseded_by is not None and valid_to is not None else Retired.SWEPT
