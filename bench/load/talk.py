"""What one turn looks like from outside: the beginning, every message that brings text, the end.

Nothing here knows a protocol.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class TurnError(Exception):
    """The turn did not end as it should; the text says how."""


@dataclass(slots=True)
class Seen:
    """One turn as its client sees it. A chunk of the upstream is a space and a word, so spaces tell how many came."""

    on_text: Callable[[int, float | None], None] = lambda _chunks, _gap: None
    begun: float = field(default_factory=time.perf_counter)
    chunks: int = 0
    times: list[float] = field(default_factory=list)

    def text(self, text: str) -> None:
        """A message with text came."""
        now = time.perf_counter()
        gap = now - self.times[-1] if self.times else None
        self.times.append(now)
        came = text.count(" ")
        self.chunks += came
        self.on_text(came, gap)


class Talker(Protocol):
    """One session: it asks, one turn after the other."""

    async def ask(self, question: str, seen: Seen) -> None:
        """Run one turn to its end; raises TurnError."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


Open = Callable[[str], Talker]
