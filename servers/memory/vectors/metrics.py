"""What operators see of the index of vectors."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge


class IndexMetrics:
    """How far the index is behind, and what was done."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.waiting: Final = Gauge(
            "soma_memory_index_waiting",
            "Memories that the index of vectors does not have yet as they are, counted up to a hundred thousand.",
            registry=registry,
        )
        self.behind_seconds: Final = Gauge(
            "soma_memory_index_behind_seconds",
            "For how long the first of them has waited; 0 when there is none.",
            registry=registry,
        )
        self._followed = Counter(
            "soma_memory_index_followed",
            "Memories that were put into the index, taken out, or given back for another try, by space.",
            ("space", "outcome"),
            registry=registry,
        )

    def followed(self, space: str, outcome: str, amount: int) -> None:
        """So many had this outcome: put, removed or given_back."""
        if amount:
            self._followed.labels(space, outcome).inc(amount)
