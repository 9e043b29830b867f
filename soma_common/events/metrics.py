"""What the delivery of events counts.

Nothing here serves the numbers; the operators' face does.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)


class RelayMetrics:
    """What waits in the outbox, how long it waited, and what does not go out."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.waiting: Final = Gauge(
            "soma_events_unpublished",
            "Events in the outbox of this house, counted up to ten thousand.",
            registry=registry,
        )
        self.oldest_seconds: Final = Gauge(
            "soma_events_oldest_unpublished_seconds",
            "Age of the oldest event that the relay has read and not published; 0 when there is none.",
            registry=registry,
        )
        self.stopped: Final = Gauge(
            "soma_events_stopped_streams", "Streams that this relay cannot publish at present.", registry=registry
        )
        self._published = Counter("soma_events_published", "Events published, by topic.", ("topic",), registry=registry)
        self._failures = Counter(
            "soma_events_publish_failures",
            "Failures to publish: of the transport, the database, one stream, or by a defect.",
            ("kind",),
            registry=registry,
        )
        self._lag = Histogram(
            "soma_events_relay_seconds",
            "Time from writing to acknowledgement by the transport, of the oldest event of a stream in a batch.",
            buckets=_BUCKETS,
            registry=registry,
        )

    def published(self, topic: str, amount: int, seconds: float) -> None:
        """So many events of a stream are safe in the transport; the first of them was written so long ago."""
        self._published.labels(topic).inc(amount)
        self._lag.observe(seconds)

    def failed(self, kind: str) -> None:
        """Publishing failed: `transport`, `database`, `stream` or `defect`."""
        self._failures.labels(kind).inc()


class ConsumerMetrics:
    """What became of the events that a consumer got."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._consumed = Counter(
            "soma_events_consumed",
            "Events by consumer and outcome: fresh, done, behind, retrying, parked or recovered.",
            ("consumer", "outcome"),
            registry=registry,
        )

    def consumed(self, consumer: str, outcome: str) -> None:
        """An event was looked at, and this became of it."""
        self._consumed.labels(consumer, outcome).inc()
