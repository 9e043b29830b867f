"""How many events wait for a person, as a number that operators can be woken by.

Nothing here serves the number; the operators' face does.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from soma_common.dlq.handler import DLQHandler

LOOK_SECONDS: Final = 15.0


class ParkedLetters:
    """The gauge of parked events, by consumer; looked up in the table now and then."""

    def __init__(self, letters: DLQHandler, registry: CollectorRegistry | None = None) -> None:
        self._letters = letters
        self._parked = Gauge(
            "soma_dead_letters_parked",
            "Events that a consumer has parked, by consumer: `somastack dlq list` shows them.",
            ("consumer",),
            registry=registry,
        )
        self._seen: set[str] = set()

    async def look(self) -> None:
        """Count anew; a consumer that had some and has none any more reads 0. Raises SomaError."""
        found = await self._letters.parked()
        for consumer in self._seen - found.keys():
            self._parked.labels(consumer).set(0)
        for consumer, amount in found.items():
            self._parked.labels(consumer).set(amount)
        self._seen |= found.keys()
