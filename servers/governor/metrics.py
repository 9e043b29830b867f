"""What the governor counts about its plans and settlements.

Nothing here serves the numbers; the operators' face does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from servers.governor.domain.rules import Lane, Level
from soma_common.kernel.clock import Clock

_AIQ: Final = tuple(float(value) for value in range(10, 101, 10))
_SHARE: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_RECENT_SECONDS: Final = 60.0
_DRIFT: Final = (-1.0, -0.9, -0.75, -0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5, 1.0)


class GovernorMetrics:
    """The metrics of one process, in its registry."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._predicted = Histogram("agentiq_aiq_pred", "AIQ as predicted, 0-100.", buckets=_AIQ, registry=registry)
        self._observed = Histogram("agentiq_aiq_obs", "AIQ as observed, 0-100.", buckets=_AIQ, registry=registry)
        # By tenant these would be as many series as there are tenants; of one tenant its level and its events tell.
        self._plans = Counter("agentiq_plans", "Plans by level, L0 to L4.", ("level",), registry=registry)
        self._seen_at = dict.fromkeys(Level, float("-inf"))
        worst = "The worst level of any tenant's plan within the last minute, 0-4."
        Gauge("agentiq_degradation_level", worst, registry=registry).set_function(self._worst_recent)
        self._version = Gauge(
            "agentiq_config_version", "The version of the configuration that the last plan used.", registry=registry
        )
        self._paths = Counter("agentiq_path_mode", "Plans by path, FAST or RESCUE.", ("path",), registry=registry)
        self._lanes = Histogram(
            "agentiq_lane_utilization",
            "The used share of a lane's plan, of lanes that were planned.",
            ("lane",),
            buckets=_SHARE,
            registry=registry,
        )
        self._seconds = Histogram(
            "agentiq_governor_latency_seconds",
            "Time of a use case.",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._drift = Histogram(
            "agentiq_reserve_settle_drift",
            "What was used beyond the holds (negative: less), as a share of the holds.",
            buckets=_DRIFT,
            registry=registry,
        )

    @contextmanager
    def timed(self, method: str) -> Iterator[None]:
        """Measures a use case, also when it fails."""
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self._seconds.labels(method).observe(self._clock.monotonic() - start)

    def planned(self, aiq: float, level: Level, rescue: bool, version: int) -> None:
        """Counts a plan and the version of the configuration that it used."""
        self._predicted.observe(aiq)
        self._seen_at[level] = self._clock.monotonic()
        self._plans.labels(level.name).inc()
        self._version.set(version)
        self._paths.labels("RESCUE" if rescue else "FAST").inc()

    def _worst_recent(self) -> float:
        since = self._clock.monotonic() - _RECENT_SECONDS
        return float(max((level for level, at in self._seen_at.items() if at > since), default=Level.L0))

    def observed(self, aiq: float, planned: Mapping[Lane, int], used: Mapping[Lane, int]) -> None:
        """Counts a settled turn."""
        self._observed.observe(aiq)
        for lane, tokens in planned.items():
            if tokens and lane is not Lane.BUFFER:
                self._lanes.labels(lane.value).observe(used[lane] / tokens)

    def drifted(self, held_tokens: int, used_tokens: int) -> None:
        """Counts how far a settlement was from its holds."""
        if held_tokens:
            self._drift.observe((used_tokens - held_tokens) / held_tokens)
