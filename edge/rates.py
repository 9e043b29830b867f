"""How much a connection and a user may do: limits, and token buckets of messages shared by all doors of this process.

Nothing here reads a clock or knows a request; times are handed in.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one connection may do: `requests` are stops and submissions under way, `titles` are titles waited for."""

    content_bytes: int = 65536
    turns: int = 16
    requests: int = 16
    titles: int = 4
    frames_per_second: float = 50.0
    frames_at_once: int = 200


class Bucket:
    """Holds `size` and gets `per_second` back evenly; full at first."""

    __slots__ = ("_filled_at", "_left", "_per_second", "_size")

    def __init__(self, size: float, per_second: float, now: float) -> None:
        self._size = self._left = size
        self._per_second = per_second
        self._filled_at = now

    def take(self, now: float) -> float | None:
        """Takes one: None when there was one, else the seconds until there is."""
        self._left = min(self._size, self._left + max(0.0, now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._left < 1.0:
            return (1.0 - self._left) / self._per_second
        self._left -= 1.0
        return None


class Allowances:
    """Buckets of `per_minute` messages that fill evenly; the longest unused one is forgotten first."""

    def __init__(self, per_minute: int) -> None:
        self.sentence: Final = f"{per_minute} messages a minute"
        self._size = float(per_minute)
        self._rate = per_minute / 60.0
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def take(self, user: Hashable, now: float) -> float | None:
        """Takes one message off the user's bucket: None when there was one, else the seconds until there is."""
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = self._buckets[user] = Bucket(self._size, self._rate, now)
            if len(self._buckets) > _KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(user)
        return bucket.take(now)
