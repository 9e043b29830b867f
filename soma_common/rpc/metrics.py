"""What a server counts about its calls.

Nothing here serves the numbers; `ops_http.py` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, PlatformCollector, ProcessCollector

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


def process_registry() -> CollectorRegistry:
    """A registry with the numbers of this process (CPU, memory, open files) and nothing else."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class RpcMetrics:
    """Latency by method and code, and calls in flight by method."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "soma_rpc_server_seconds",
            "Time from the first byte of a call to its status, by method and status code.",
            ("method", "code"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "soma_rpc_server_in_flight",
            "Calls that have started and not ended, by method.",
            ("method",),
            registry=registry,
        )
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    @contextmanager
    def in_flight(self, method: str) -> Iterator[None]:
        """Counts the call as running inside the block."""
        gauge = self._gauges.get(method)
        if gauge is None:
            gauge = self._gauges[method] = self._in_flight.labels(method)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def observe(self, method: str, code: str, seconds: float) -> None:
        """Records a finished call."""
        histogram = self._histograms.get((method, code))
        if histogram is None:
            histogram = self._histograms[method, code] = self._seconds.labels(method, code)
        histogram.observe(seconds)
