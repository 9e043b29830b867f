"""Moments as people say them: 1h, yesterday, 2026-11-25, 2026-11-25T14:00Z.

Pure: the present is handed in.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.exits import CommandError, Exit

_AGO: Final = re.compile(r"(\d{1,9})\s*(s|m|min|h|d|w)(\s+ago)?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORMS: Final = "1h, 30m, 2d, today, yesterday, 2026-11-25 or 2026-11-25T14:00Z (UTC unless it says otherwise)"


def moment_of(text: str, now: datetime, option: str) -> datetime:
    """The moment that is meant, in UTC. Raises CommandError (wrong use) for what is none."""
    word = text.strip().lower()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    if word in named:
        return named[word]
    try:
        ago = _AGO.fullmatch(word)
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandError(f"“{text[:80]}” is no time for {option}. Give one like {FORMS}.", Exit.WRONG_USE) from None


def check_range(since: datetime | None, until: datetime | None, options: tuple[str, str]) -> None:
    """Raises CommandError (wrong use) for a range that ends before it begins."""
    if since is not None and until is not None and until <= since:
        raise CommandError(f"{options[1]} must be later than {options[0]}: it ends before it begins.", Exit.WRONG_USE)
