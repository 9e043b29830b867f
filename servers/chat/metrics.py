"""What chat counts about its turns.

Nothing here serves the numbers; the operators' face does.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class TurnMetrics:
    """Running turns, their ends, the time to their first token, calls in the place of others, intents that gave up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._running = Gauge("soma_chat_running_turns", "Turns that this process runs now.", registry=registry)
        self._ended = Counter("soma_chat_turns", "Turns that ended, by how.", ("status",), registry=registry)
        self._first_token = Histogram(
            "soma_chat_first_token_seconds",
            "Time from the arrival of a turn to the first token of its model.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
            registry=registry,
        )
        self._switched = Counter(
            "soma_chat_switched_calls",
            "Model calls that were followed by another one in their place, by whether an answer had begun.",
            ("amid",),
            registry=registry,
        )
        self._intents = Counter(
            "soma_chat_intents", "Deliveries of intents, by kind and outcome.", ("kind", "outcome"), registry=registry
        )

    def running(self, turns: int) -> None:
        """So many turns run."""
        self._running.set(turns)

    def ended(self, status: str) -> None:
        """A turn ended."""
        self._ended.labels(status).inc()

    def first_token(self, seconds: float) -> None:
        """A model said its first word."""
        self._first_token.observe(seconds)

    def switched(self, *, amid: bool) -> None:
        """Another call took the place of one that failed."""
        self._switched.labels("yes" if amid else "no").inc()

    def intent(self, kind: str, outcome: str) -> None:
        """A delivery was tried: delivered, postponed, parked, or recovered out of the dead letters."""
        self._intents.labels(kind, outcome).inc()
