"""How many messages a user may send: one token bucket a user, shared by all doors of this process.

Nothing here reads a clock or knows a request; times are handed in.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class Allowances:
    """Buckets of `per_minute` messages that fill evenly; the longest unused one is forgotten first."""

    def __init__(self, per_minute: int) -> None:
        self.sentence: Final = f"{per_minute} messages a minute"
        self._size = float(per_minute)
        self._rate = per_minute / 60.0
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def take(self, user: Hashable, now: float) -> float | None:
        """Takes one message off the user's bucket: None when there was one, else the seconds until there is."""
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = self._buckets[user] = _Bucket(self._size, now)
            if len(self._buckets) > _KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(user)
        bucket.left = min(self._size, bucket.left + max(0.0, now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / self._rate
        bucket.left -= 1.0
        return None
