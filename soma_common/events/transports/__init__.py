"""Where published events go and from where consumers read them: the bus in PostgreSQL, or Kafka."""

from soma_common.events.transports.port import Delivery, Envelope, Outcome, Subscription, Transport, TransportError

__all__ = ["Delivery", "Envelope", "Outcome", "Subscription", "Transport", "TransportError"]
