"""The turns that one connection follows, by number: what is known of each, and which make room for which.

Nothing here awaits, sends or decides what a client is told.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Stream:
    """One followed turn. `whole`: its events come from the first on, so that `text` becomes the whole answer."""

    frame_id: str
    turn_id: str = ""
    whole: bool = True
    # A turn that stops when its caller leaves is not left for a second follower, only no longer heard.
    lasts: bool = True
    heard: bool = True
    untitled: str = ""
    text: list[str] = field(default_factory=list)


class Streams:
    """Streams by number; numbers are never used again."""

    __slots__ = ("_last", "_open")

    def __init__(self) -> None:
        self._open: dict[int, Stream] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._open)

    def open(self, stream: Stream) -> int:
        """Takes a stream in and gives it a number."""
        self._last += 1
        self._open[self._last] = stream
        return self._last

    def find(self, number: int) -> Stream | None:
        """The stream of a number, while it is followed."""
        return self._open.get(number)

    def end(self, number: int) -> Stream | None:
        """The stream of a number, which is no longer followed."""
        return self._open.pop(number, None)

    def end_all(self) -> list[int]:
        """Ends all; answers their numbers."""
        numbers = list(self._open)
        self._open.clear()
        return numbers

    def without(self, turn_id: str) -> int:
        """How many there are beside those that would be left for a new follower of a turn."""
        return sum(not (each.turn_id == turn_id and each.lasts) for each in self._open.values())

    def make_way(self, turn_id: str) -> list[int]:
        """A new follower of a turn comes: ends the older ones that may be left, and hushes the others."""
        twins = [number for number, each in self._open.items() if each.turn_id == turn_id]
        for number in twins:
            self._open[number].heard = False
        return [number for number in twins if self._open[number].lasts and self.end(number) is not None]
