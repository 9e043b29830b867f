"""Time, read only through a `Clock` that is handed in.

Nothing here sleeps or schedules.
"""

import time
from datetime import UTC, datetime
from typing import Final


class Clock:
    """The system's clock; tests hand in `soma_common.testing.clock.SetClock`."""

    def now(self) -> datetime:
        """The wall time, in UTC and aware of it."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""
        return time.monotonic()


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_and_nanos(moment: datetime) -> tuple[int, int]:
    """A moment as a Timestamp of the contract counts it; a tenth of the time that `FromDatetime` takes."""
    since = moment - _EPOCH
    return since.days * 86_400 + since.seconds, since.microseconds * 1000
