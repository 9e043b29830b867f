"""A row of the log as an event.

Nothing here asks for rows.
"""

import json
from typing import Any

from soma_common.events.models import Event, EventSchema
from soma_common.kernel.tenancy import TenantId


def event_of_row(row: Any) -> Event:
    """The event in a row of the table `events`."""
    return Event(
        event_id=row["event_id"],
        event_type=row["event_type"],
        trace_id=row["trace_id"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        service_id=row["service"],
        tenant_id=TenantId(row["tenant_id"]),
        stream=row["stream"],
        sequence=row["sequence"],
        timestamp=row["event_time"],
        schema=EventSchema(row["schema_name"], row["schema_fingerprint"], row["schema_version"]),
        payload=row["payload"],
        metadata=json.loads(row["metadata"]) if row["metadata"] != "{}" else {},
    )
