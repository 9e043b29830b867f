"""What waits to be sent over one socket: bounded, with neighbouring deltas of a turn merged while they wait.

Nothing here sends or encodes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edge.actions import Hang
from edge.frames import ServerFrame, TurnNews

Merge = Callable[[TurnNews, TurnNews], TurnNews | None]


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much may wait: frames and their sizes in all.

    From `merge_from` waiting frames on deltas are merged, to at most `merged_size` each.
    """

    frames: int = 512
    size: int = 2_000_000
    merged_size: int = 32_768
    merge_from: int = 1


class Outbox:
    """A queue of frames, and at its end the wish to close."""

    __slots__ = ("_limits", "_merge", "_size", "_waiting")

    def __init__(self, merge: Merge, limits: OutboxLimits) -> None:
        self._merge = merge
        self._limits = limits
        # Short as a rule and empty for most sockets; an empty deque is ten times the size.
        self._waiting: list[ServerFrame | Hang] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: ServerFrame | Hang) -> bool:
        """Adds a frame; False when the reader lags so far behind that there is no room left."""
        if isinstance(frame, TurnNews):
            if self._merged(frame):
                return self._has_room()
            self._size += frame.size
        self._waiting.append(frame)
        return self._has_room()

    def take(self) -> ServerFrame | Hang | None:
        """The oldest frame, or None."""
        if not self._waiting:
            return None
        frame = self._waiting.pop(0)
        if isinstance(frame, TurnNews):
            self._size -= frame.size
        return frame

    def clear(self) -> None:
        """Drops everything that waits."""
        self._waiting.clear()
        self._size = 0

    def _merged(self, news: TurnNews) -> bool:
        if len(self._waiting) < self._limits.merge_from:
            return False
        last = self._waiting[-1]
        if not isinstance(last, TurnNews) or last.frame_id != news.frame_id:
            return False
        before = last.size
        if before + news.size > self._limits.merged_size:
            return False
        both = self._merge(last, news)
        if both is None:
            return False
        self._waiting[-1] = both
        self._size += both.size - before
        return True

    def _has_room(self) -> bool:
        return len(self._waiting) <= self._limits.frames and self._size <= self._limits.size
