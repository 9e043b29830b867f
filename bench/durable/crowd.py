"""Callers who ask again as soon as they are answered, and how long each answer took.

Knows nothing of what is asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from bench.numbers import percentile


@dataclass(frozen=True, slots=True)
class Seen:
    """What callers saw: how many answers came a second, and within how many milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, waits: list[float], seconds: float) -> "Seen":
        """From the seconds that each answer took, all within `seconds`."""
        return cls(len(waits) / seconds, percentile(waits, 50) * 1000, percentile(waits, 99) * 1000)

    def to_json(self) -> dict[str, float]:
        """As a program tells it."""
        return asdict(self)


async def crowd(
    callers: int, call: Callable[[int], Awaitable[object]], seconds: float, warm_seconds: float = 1.0
) -> Seen:
    """So many callers for so long; what is answered in the warm time, or after the end, does not count."""
    begin = time.perf_counter() + warm_seconds
    end = begin + seconds
    waits: list[float] = []

    async def ask(number: int) -> None:
        while (asked := time.perf_counter()) < end:
            await call(number)
            answered = time.perf_counter()
            if asked >= begin and answered <= end:
                waits.append(answered - asked)

    await asyncio.gather(*(ask(number) for number in range(callers)))
    return Seen.of(waits, seconds)
