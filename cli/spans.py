"""Spans of time as people write them: 90s, 30m, 1h, 7d.

Nothing here knows a command.
"""

import re
from typing import Final

from cli.exits import CommandError, Exit

_SPAN: Final = re.compile(r"^(\d{1,6})([smhd])$")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str, longest_seconds: int) -> int:
    """How many seconds a span has. Raises CommandError (wrong use) for what is none, or none that long."""
    match = _SPAN.match(text.strip())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= longest_seconds:
        raise CommandError(
            f"“{text}” is no span of time up to {_in_short(longest_seconds)}. Write it like 90s, 30m or 1h.",
            Exit.WRONG_USE,
        )
    return seconds


def _in_short(seconds: int) -> str:
    """A span in the largest unit that divides it: 7d, 1h."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
