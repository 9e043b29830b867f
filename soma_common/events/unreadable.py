"""Names for bytes that are no event, so that they can be kept: they belong to nobody's stream.

Nothing here keeps anything.
"""

from datetime import datetime
from hashlib import sha256
from uuid import NAMESPACE_OID, UUID, uuid5

from soma_common.dlq.letters import DeadLetter
from soma_common.events.models import Event, EventSchema
from soma_common.events.transports.port import Delivery
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId


def name_of_delivery(delivery: Delivery) -> Event:
    """The name of what has just come: by its place and its bytes."""
    place = f"{delivery.shard.topic}/{delivery.shard.number}/{delivery.position}"
    # Places come again when a topic is made anew; other bytes are another letter.
    name = f"{place}/{sha256(delivery.body).hexdigest()}"
    return _bare(uuid5(NAMESPACE_OID, name), SYSTEM_TENANT, f"unreadable/{place}", 1, delivery.time)


def name_of_letter(letter: DeadLetter) -> Event:
    """The name under which a letter lies whose bytes are no event."""
    return _bare(letter.event_id, letter.tenant_id, letter.stream, letter.sequence, letter.first_time)


def _bare(event_id: UUID, tenant_id: UUID, stream: str, sequence: int, time: datetime) -> Event:
    return Event(
        event_id=event_id,
        event_type="unreadable",
        trace_id="",
        correlation_id=stream,
        causation_id="",
        service_id="",
        tenant_id=TenantId(tenant_id),
        stream=stream,
        sequence=sequence,
        timestamp=time,
        schema=EventSchema("", "", ""),
        payload=b"",
    )
