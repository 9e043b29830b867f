"""Events to their message `soma.events.v1.Event` and back, and the schema of a payload.

Nothing here knows a store or a transport.
"""

import hashlib
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf.descriptor_pb2 import DescriptorProto

from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.models import Event, EventSchema, Payload
from soma_common.kernel.clock import seconds_and_nanos
from soma_common.kernel.tenancy import TenantId


def schema_of(payload: Payload) -> EventSchema:
    """Which message a payload is."""
    return _schema(payload.DESCRIPTOR)


@cache
def _schema(descriptor: Any) -> EventSchema:
    proto = DescriptorProto()
    descriptor.CopyToProto(proto)
    digest = hashlib.sha256(proto.SerializeToString(deterministic=True)).hexdigest()
    return EventSchema(descriptor.full_name, digest[:16], descriptor.file.package.rpartition(".")[2])


def to_message(event: Event) -> event_pb.Event:
    """The message that carries an event over any transport."""
    message = event_pb.Event(
        event_id=str(event.event_id),
        event_type=event.event_type,
        trace_id=event.trace_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        service_id=event.service_id,
        tenant_id=str(event.tenant_id),
        stream=event.stream,
        sequence=event.sequence,
        schema=event_pb.EventSchema(
            message=event.schema.message, fingerprint=event.schema.fingerprint, version=event.schema.version
        ),
        payload=event.payload,
        metadata=event.metadata or None,
    )
    message.timestamp.seconds, message.timestamp.nanos = seconds_and_nanos(event.timestamp)
    return message


def from_message(message: event_pb.Event) -> Event:
    """The event in a message. Raises ValueError, with a sentence, for one that `to_message` never makes."""
    schema = message.schema
    texts = (
        message.event_type, message.trace_id, message.correlation_id, message.service_id, message.stream,
        schema.message, schema.fingerprint, schema.version,
    )  # fmt: skip
    if not (all(texts) and message.sequence and message.payload and message.HasField("timestamp")):
        raise ValueError("an event has no empty field but its cause and its metadata")
    if any("\0" in text for text in (*texts, message.causation_id)):
        raise ValueError("no word of an event contains the character U+0000")
    return Event(
        event_id=UUID(message.event_id),
        event_type=message.event_type,
        trace_id=message.trace_id,
        correlation_id=message.correlation_id,
        causation_id=message.causation_id,
        service_id=message.service_id,
        tenant_id=TenantId(UUID(message.tenant_id)),
        stream=message.stream,
        sequence=message.sequence,
        timestamp=_moment(message),
        schema=EventSchema(schema.message, schema.fingerprint, schema.version),
        payload=message.payload,
        metadata=dict(message.metadata),
    )


def _moment(message: event_pb.Event) -> datetime:
    try:
        return message.timestamp.ToDatetime(UTC)
    except OverflowError:
        raise ValueError("the time of the event is in no year from 1 to 9999") from None
