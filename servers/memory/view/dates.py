"""The dates that a query names: "on 7 May 2023", "last May", "two weeks ago". Pure; knows English words only.

A day is written as the number 20230507.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct"
        "|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_DAYS: Final = {
    name: number for number, name in enumerate("monday tuesday wednesday thursday friday saturday sunday".split())
}
_SEASONS: Final = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11)}
# The words that say when and not what: they have no meaning of their own (`view/meaning.py`).
CALENDAR: Final = frozenset((*_MONTHS, *_DAYS, "today", "yesterday", "tomorrow")) - {"may", "march", "mar"}
_NUMBERS: Final = {name: number for number, name in enumerate("a two three four five six".split(), 1)} | {"an": 1}
_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)})\.?"
_DAY: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """From one day to another, both included, as 20230507; below 10000 they are of any year: 507."""

    first: int
    last: int

    @property
    def one_day(self) -> bool:
        """Whether it is a single day."""
        return self.first == self.last


def day_number(day: date) -> int:
    """A day as a number."""
    return day.year * 10_000 + day.month * 100 + day.day


def dates_in(text: str, now: datetime) -> tuple[DateSpan, ...]:
    """The dates in a text that is said now; of expressions that overlap, the longest kind counts."""
    found: list[DateSpan] = []
    rest = text
    for pattern, read in _READERS:
        for match in pattern.finditer(rest):
            if (span := read(match, now.date())) is not None:
                found.append(span)
                rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    return tuple(dict.fromkeys(found))


def _days(first: date, last: date) -> DateSpan:
    return DateSpan(day_number(first), day_number(last))


def _month(year: int, month: int, last_month: int = 0) -> DateSpan:
    return DateSpan(year * 10_000 + month * 100, year * 10_000 + (last_month or month) * 100 + 31)


def _named(match: re.Match[str], _: date) -> DateSpan | None:
    parts = match.groupdict()
    year, month = int(parts.get("year") or 0), parts["month"]
    number = int(month) if month.isdigit() else _MONTHS[month.lower()]
    if (day := int(parts.get("day") or 0)) == 0:
        # "May" and "March" are words of their own.
        return None if month in ("may", "march", "mar") and not year else _month(year, number)
    try:
        return DateSpan(*(year * 10_000 + number * 100 + date(year or 2024, number, day).day,) * 2)
    except ValueError:
        return None


def _past_month(match: re.Match[str], now: date) -> DateSpan:
    month = _MONTHS[match["month"].lower()]
    return _month(now.year - (month >= now.month), month)


def _season(match: re.Match[str], now: date) -> DateSpan:
    first, last = _SEASONS[match["season"].lower()]
    past = now.year - (last >= now.month)
    return _month(int(match["year"]) if match["year"] else past if match["last"] else 0, first, last)


def _year(match: re.Match[str], _: date) -> DateSpan:
    return _month(int(match["year"]), 1, 12)


def _single(match: re.Match[str], now: date) -> DateSpan:
    back = {"today": 0, "yesterday": 1, "the day before yesterday": 2}[" ".join(match[0].lower().split())]
    return _days(now - timedelta(back), now - timedelta(back))


def _weekday(match: re.Match[str], now: date) -> DateSpan:
    back = (now.weekday() - _DAYS[match["weekday"].lower()] - 1) % 7 + 1
    return _days(now - timedelta(back), now - timedelta(back))


def _unit(match: re.Match[str], now: date) -> DateSpan:
    return _back(match["unit"].lower(), int(match["which"].lower() != "this"), now)


def _ago(match: re.Match[str], now: date) -> DateSpan | None:
    said = match["count"].lower()
    return _back(match["unit"].lower(), int(said) if said.isdigit() else _NUMBERS[said], now)


def _back(unit: str, count: int, now: date) -> DateSpan:
    """The day, the week from Monday, the month or the year that lies so many back."""
    if unit == "day":
        day = now - timedelta(min(count, now.toordinal() - 1))
        return _days(day, day)
    if unit in ("week", "weekend"):
        monday = now - timedelta(min(now.weekday() + 7 * count, now.toordinal() - 1))
        return _days(monday + timedelta(5 if unit == "weekend" else 0), monday + timedelta(6))
    if unit == "month":
        months = now.year * 12 + now.month - 1 - count
        return _month(max(1, months // 12), months % 12 + 1)
    return _month(max(1, now.year - count), 1, 12)


_Read = Callable[[re.Match[str], date], DateSpan | None]


def _readers() -> Iterator[tuple[re.Pattern[str], _Read]]:
    weekdays, seasons, numbers = ("|".join(words) for words in (_DAYS, _SEASONS, _NUMBERS))
    rules: tuple[tuple[str, _Read], ...] = (
        (r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", _named),
        (rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}", _named),
        (rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}", _named),
        (rf"{_DAY}\s+(?:of\s+)?{_MONTH}", _named),
        (rf"{_MONTH}\s+{_DAY}(?!\d)", _named),
        (rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}", _named),
        (rf"last\s+{_MONTH}", _past_month),
        (rf"(?P<last>last\s+)?(?P<season>{seasons})(?:\s+(?:of\s+)?{_YEAR})?", _season),
        (r"the\s+day\s+before\s+yesterday|yesterday|today", _single),
        (rf"(?:last|on)\s+(?P<weekday>{weekdays})", _weekday),
        (r"(?P<which>last|this)\s+(?P<unit>weekend|week|month|year)", _unit),
        (rf"(?P<count>\d{{1,3}}|{numbers})\s+(?P<unit>day|week|month|year)s?\s+ago", _ago),
        (_MONTH, _named),
        (rf"(?:in|of|since|during|before|after|until)\s+{_YEAR}", _year),
    )
    for pattern, read in rules:
        yield re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), read


_READERS: Final = tuple(_readers())
