"""Events: facts that are committed together with the change they tell of, and their outbox."""

from soma_common.events.models import Event, EventDraft
from soma_common.events.publisher import EventPublisher
from soma_common.events.store import EventStore

__all__ = ["Event", "EventDraft", "EventPublisher", "EventStore"]
