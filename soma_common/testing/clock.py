"""A clock that a test sets.

Nothing here sleeps.
"""

from datetime import UTC, datetime, timedelta

from soma_common.kernel.clock import Clock


class SetClock(Clock):
    """Stands still until it is moved; wall time and monotonic time move together."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 1, 1, 12, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that move with `advance`."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Moves both times forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set(self, now: datetime) -> None:
        """Sets the wall time only, as when a machine's clock is corrected."""
        self._now = now
