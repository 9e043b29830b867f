"""What a call to recall says, as values."""

from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from google.protobuf.struct_pb2 import Value

from servers.memory.domain.memory import Kind, MetadataValue, RecallFilter
from servers.memory.domain.namespaces import readable
from servers.memory.domain.ranking import Weights
from servers.memory.recalling.recaller import Recall
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import Caller

_TOP_K: Final = 10
_TIME_BUDGET_MILLISECONDS: Final = 250
_MOST_METADATA: Final = 32
_Time: TypeAlias = Literal["valid_after_time", "valid_before_time", "as_of_valid_time", "as_of_learn_time"]


def recall_of(request: service_pb.RecallMemoriesRequest, caller: Caller, remaining_seconds: float | None) -> Recall:
    """What to recall, as far as the caller may read, within the time that its call has left. Raises INVALID_FIELD."""
    budget = (request.time_budget_milliseconds or _TIME_BUDGET_MILLISECONDS) / 1000
    return Recall(
        query=request.query,
        wanted=_filter(request, caller),
        top_k=request.top_k or _TOP_K,
        token_budget=request.token_budget,
        weights=_weights(request),
        time_budget_seconds=budget if remaining_seconds is None else min(budget, remaining_seconds),
        turn_id=UUID(request.turn_id) if request.turn_id else None,
    )


def _filter(request: service_pb.RecallMemoriesRequest, caller: Caller) -> RecallFilter:
    return RecallFilter(
        namespaces=readable(caller, tuple(request.namespaces), request.agent_id),
        kinds=tuple(Kind(kind) for kind in request.kinds if kind),
        tags=_tags(request),
        conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
        min_importance=request.min_importance,
        subject=request.subject,
        min_trust=request.min_trust,
        valid_after=_moment(request, "valid_after_time"),
        valid_before=_moment(request, "valid_before_time"),
        metadata=_metadata(request),
        as_of_valid=_moment(request, "as_of_valid_time"),
        as_of_learn=_moment(request, "as_of_learn_time"),
    )


def _tags(request: service_pb.RecallMemoriesRequest) -> tuple[str, ...]:
    if any("\0" in tag for tag in request.tags):
        raise invalid_field("tags", "a label must not contain the character NUL")
    return tuple(request.tags)


def _moment(request: service_pb.RecallMemoriesRequest, name: _Time) -> datetime | None:
    if not request.HasField(name):
        return None
    try:
        moment: datetime = getattr(request, name).ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(name, "it must lie in the years 1 to 9999") from None
    return moment


def _metadata(request: service_pb.RecallMemoriesRequest) -> tuple[tuple[str, MetadataValue], ...]:
    fields = request.metadata.fields
    if len(fields) > _MOST_METADATA:
        raise invalid_field("metadata", f"it may have at most {_MOST_METADATA} fields")
    return tuple((name, _plain(name, fields[name])) for name in sorted(fields))


def _plain(name: str, value: Value) -> MetadataValue:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            return value.number_value
        case _:
            raise invalid_field(f"metadata.{name}", "it must be text, a number, true or false")


def _weights(request: service_pb.RecallMemoriesRequest) -> Weights:
    if not request.HasField("weights"):
        return Weights()
    usual, given = Weights(), request.weights
    return Weights(
        vector=min(5.0, max(0.1, given.vector or usual.vector)),
        lexical=min(5.0, max(0.1, given.lexical or usual.lexical)),
        recency=min(1.0, max(0.0, given.recency)),
        graph=min(5.0, max(0.0, given.graph or usual.graph)),
        temperature=min(1.5, max(0.05, given.temperature or usual.temperature)),
    )
