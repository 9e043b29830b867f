"""An intent that is due, and its form as a dead letter: an event of its own whose payload is the request.

Nothing here delivers or stores one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.dlq.letters import DeadLetter
from soma_common.events.codec import schema_of, to_message
from soma_common.events.models import Event, Payload
from soma_common.events.transports.port import Delivery, Shard
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.tracing.context import TraceContext

CONSUMER: Final = "chat.intents"
# Asks chat itself for the title of a conversation; a model may have to be called, so it takes its time.
TITLE: Final = "title_conversation"
# Has memory store what was learned; and before it, asks a model what that is.
LEARN: Final = "store_memories"
EXTRACT: Final = "extract_memories"
# Gives back what a turn holds of the budget while it waits for a person.
RELEASE: Final = "release_reservation"
# Tells the agent's adaptation how an answer was, once the turn was observed.
FEEDBACK: Final = "record_feedback"
# What each kind of intent asks another service.
REQUESTS: Final[Mapping[str, type[Payload]]] = {
    "settle_turn": governor_pb.SettleTurnRequest,
    RELEASE: governor_pb.ReleaseReservationRequest,
    "observe_turn": modulation_pb.ObserveTurnRequest,
    FEEDBACK: adaptation_pb.RecordFeedbackRequest,
    "store_memory": memory_pb.StoreMemoryRequest,
    LEARN: memory_pb.BatchStoreMemoriesRequest,
    EXTRACT: memory_pb.BatchStoreMemoriesRequest,
    "forget_memory": memory_pb.DeleteBySourceRequest,
    TITLE: conversation_pb.GetConversationRequest,
}
# It never was in a topic.
_NO_PLACE: Final = Shard(CONSUMER, 0)
_TYPE: Final = "intent."
# Who asked stands beside the event, so that an edited one is still told as the same person.
_CALLER: Final = "caller"
_SERVICE: Final = "chat"


@dataclass(frozen=True, slots=True)
class DueIntent:
    """An intent that was claimed for the `attempts`-th time."""

    tenant_id: UUID
    intent_id: UUID
    owner_sub: str
    caller_roles: Sequence[str]
    caller_scopes: Sequence[str]
    correlation_id: str
    turn_id: UUID
    kind: str
    payload: bytes
    attempts: int
    create_time: datetime

    @property
    def caller(self) -> Caller:
        """Whom chat acts for."""
        roles, scopes = frozenset(self.caller_roles), frozenset(self.caller_scopes)
        return Caller(TenantId(self.tenant_id), self.owner_sub, roles, scopes)


def stream_of(turn_id: UUID, kind: str) -> str:
    """The stream of an intent, which has no other event: no intent waits for another."""
    return f"intent/{turn_id}/{kind}"


def event_of(intent: DueIntent) -> Event:
    """The intent as an event."""
    return Event(
        event_id=intent.intent_id,
        event_type=f"{_TYPE}{intent.kind}",
        trace_id=TraceContext.current().trace_id,
        correlation_id=intent.correlation_id,
        causation_id="",
        service_id=_SERVICE,
        tenant_id=TenantId(intent.tenant_id),
        stream=stream_of(intent.turn_id, intent.kind),
        sequence=1,
        timestamp=intent.create_time,
        schema=schema_of(REQUESTS[intent.kind]()),
        payload=intent.payload,
    )


def delivery_of(intent: DueIntent, event: Event) -> Delivery:
    """How it would have come, had a topic carried it."""
    caller = {
        "sub": intent.owner_sub,
        "roles": list(intent.caller_roles),
        "scopes": list(intent.caller_scopes),
        "turn_id": str(intent.turn_id),
    }
    headers = {_CALLER: orjson.dumps(caller)}
    return Delivery(_NO_PLACE, 0, to_message(event).SerializeToString(), intent.create_time, headers)


def intent_of(letter: DeadLetter) -> DueIntent:
    """The intent in a letter that is tried once more, with the payload that a person gave it, if any did."""
    event, caller = letter.delivery().event(), orjson.loads(letter.headers[_CALLER])
    return DueIntent(
        tenant_id=letter.tenant_id,
        intent_id=letter.event_id,
        owner_sub=caller["sub"],
        caller_roles=caller["roles"],
        caller_scopes=caller["scopes"],
        correlation_id=event.correlation_id,
        turn_id=UUID(caller["turn_id"]),
        kind=letter.event_type.removeprefix(_TYPE),
        payload=event.payload,
        attempts=letter.attempts + 1,
        create_time=event.timestamp,
    )
