"""A draft on its way into the log: what is known of the event before it has its place, and the columns of many.

Nothing here knows a store.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from soma_common.events.codec import schema_of
from soma_common.events.models import Event, EventDraft, EventSchema
from soma_common.kernel.tenancy import TenantId


@dataclass(frozen=True, slots=True)
class Fact:
    """A draft with its id, its trace and its bytes; what is missing is its place in the stream."""

    event_id: UUID
    trace_id: str
    draft: EventDraft
    schema: EventSchema
    payload: bytes

    @classmethod
    def of(cls, draft: EventDraft, event_id: UUID, trace_id: str) -> Self:
        """Raises ValueError for a payload without content."""
        payload = draft.payload.SerializeToString(deterministic=True)
        if not payload:
            raise ValueError("the payload of an event must not be empty")
        return cls(event_id, trace_id, draft, schema_of(draft.payload), payload)

    def event(self, service: str, tenant_id: TenantId, sequence: int, timestamp: datetime) -> Event:
        """The event in its place."""
        draft = self.draft
        return Event(
            event_id=self.event_id,
            event_type=draft.event_type,
            trace_id=self.trace_id,
            correlation_id=draft.correlation_id,
            causation_id=draft.causation_id or "",
            service_id=service,
            tenant_id=tenant_id,
            stream=draft.stream,
            sequence=sequence,
            timestamp=timestamp,
            schema=self.schema,
            payload=self.payload,
            metadata=dict(draft.metadata),
        )


def columns(facts: Sequence[Fact]) -> tuple[list[Any], ...]:
    """What the functions that write events take: a list of each column, from the ids to the metadata."""
    drafts, schemas = [fact.draft for fact in facts], [fact.schema for fact in facts]
    return (
        [fact.event_id for fact in facts],
        [draft.event_type for draft in drafts],
        [draft.stream for draft in drafts],
        [draft.correlation_id for draft in drafts],
        [draft.causation_id or "" for draft in drafts],
        [schema.message for schema in schemas],
        [schema.fingerprint for schema in schemas],
        [schema.version for schema in schemas],
        [fact.payload for fact in facts],
        [json.dumps(dict(draft.metadata)) if draft.metadata else "{}" for draft in drafts],
    )
