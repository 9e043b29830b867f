"""How long a budget lasts and when its period starts and ends, in UTC.

Nothing here reads a clock: the moment is handed in.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

# The start of the period that never starts anew; before every moment there is.
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Period(StrEnum):
    """How long a budget lasts until it starts anew; that of a turn bounds each turn by itself and has no counter."""

    TURN = "turn"
    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


# The periods that have counters.
COUNTED: Final = (Period.DAY, Period.MONTH, Period.TOTAL)


def period_start(period: Period, now: datetime) -> datetime:
    """When the period that contains `now` began."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.DAY:
        return midnight
    return midnight.replace(day=1) if period is Period.MONTH else EVER


def period_end(period: Period, now: datetime) -> datetime | None:
    """When the period that contains `now` ends and the budget starts anew; None if it never does."""
    start = period_start(period, now)
    if period is Period.DAY:
        return start + timedelta(days=1)
    # The 1st plus 32 days lies in the next month whatever the month.
    return (start + timedelta(days=32)).replace(day=1) if period is Period.MONTH else None
