"""Time, read only through a `Clock` that is handed in.

Nothing here sleeps or schedules.
"""

import time
from datetime import UTC, datetime


class Clock:
    """The system's clock; tests hand in `soma_common.testing.clock.SetClock`."""

    def now(self) -> datetime:
        """The wall time, in UTC and aware of it."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""
        return time.monotonic()
