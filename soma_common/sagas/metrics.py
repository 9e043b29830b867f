"""What sagas count.

Nothing here serves the numbers; the operators' face does.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)


class SagaMetrics:
    """How sagas and their steps end, how long they take, and how many wait for a person."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.stuck: Final = Gauge(
            "soma_sagas_stuck", "Sagas that wait for a person, by name.", ("name",), registry=registry
        )
        self._ended = Counter(
            "soma_sagas_ended",
            "Sagas that came to rest, by name and status: COMPLETED, COMPENSATED, COMPENSATION_STUCK or STUCK.",
            ("name", "status"),
            registry=registry,
        )
        self._tries = Counter(
            "soma_saga_step_tries",
            "Tries of steps and compensations, by saga, direction and what followed.",
            ("name", "direction", "then"),
            registry=registry,
        )
        self._seconds = Histogram(
            "soma_saga_seconds",
            "Time from the start of a saga in this process to its rest.",
            ("name",),
            buckets=_BUCKETS,
            registry=registry,
        )

    def tried(self, name: str, direction: str, then: str) -> None:
        """A step was tried, and this followed."""
        self._tries.labels(name, direction, then).inc()

    def ended(self, name: str, status: str, seconds: float) -> None:
        """A saga came to rest after so long."""
        self._ended.labels(name, status).inc()
        self._seconds.labels(name).observe(seconds)
