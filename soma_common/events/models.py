"""What an event is, before and after it has its place in a stream.

Plain values: nothing here knows a store, a message class or a clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from soma_common.kernel.tenancy import TenantId

_EVENT_TYPE: Final = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")


class Payload(Protocol):
    """A protobuf message, as far as an event needs to know it."""

    @property
    def DESCRIPTOR(self) -> Any:  # noqa: N802 - protobuf's name
        """The message's descriptor."""

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802 - protobuf's name
        """The message's bytes."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A fact to be written.

    `event_type` is dotted (`turn.started`); `stream` is the aggregate (`conversation/<id>`); `payload` holds ids and
    numbers, never a person's text; `causation_id` is the event that caused it. Raises ValueError for empty words.
    """

    event_type: str
    stream: str
    payload: Payload
    correlation_id: str
    causation_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _EVENT_TYPE.match(self.event_type):
            raise ValueError(f"an event type is dotted lower-case words, not {self.event_type!r}")
        if not self.stream or not self.correlation_id:
            raise ValueError(f"{self.event_type}: an event needs a stream and a correlation id")


@dataclass(frozen=True, slots=True)
class EventSchema:
    """Which message a payload is: full name, first 16 hex digits of its descriptor's SHA-256, contract version."""

    message: str
    fingerprint: str
    version: str


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in its place: `sequence` is dense from 1 in tenant and stream, `timestamp` rises strictly with it."""

    event_id: UUID
    event_type: str
    trace_id: str
    correlation_id: str
    causation_id: str
    service_id: str
    tenant_id: TenantId
    stream: str
    sequence: int
    timestamp: datetime
    schema: EventSchema
    payload: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
