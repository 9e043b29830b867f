"""What usage is, and which days are asked for.

Pure: nothing here knows a table, an event or the clock.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from soma_common.kernel.errors import invalid_field

USUAL_DAYS: Final = 30
MOST_DAYS: Final = 400


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used: turns that ended, those of them that failed or were cancelled, tokens, and money in micros."""

    turns: int
    failed_turns: int
    cancelled_turns: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What an agent used on a day in UTC."""

    day: date
    agent_id: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row, both ends included."""

    first: date
    last: date

    @classmethod
    def of(cls, first_day: str, last_day: str, today: date) -> "Days":
        """The days of two texts; an empty one means today, or 30 days in all. Raises SomaError(INVALID_FIELD)."""
        last = _day("last_day", last_day) if last_day else today
        first = _day("first_day", first_day) if first_day else _before(last, USUAL_DAYS - 1)
        if first > last:
            raise invalid_field("last_day", "it must not be earlier than first_day")
        if (last - first).days >= MOST_DAYS:
            raise invalid_field("first_day", f"at most {MOST_DAYS} days can be looked at together")
        return cls(first, last)


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid_field(field, "it must be a day like 2026-11-25") from None


def _before(day: date, days: int) -> date:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        return date.min
