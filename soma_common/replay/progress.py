"""How far a replay is: what it came across, and what of it was new to its target.

Plain values: nothing here reads or writes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(slots=True)
class Counts:
    """Events by what became of them.

    `matched` were meant and for this target; of those `had` were had before, `done` had their effect now (in a dry run:
    would have it), `failed` could not, and `left` wait in their stream behind one that failed. `by_type` tells `done`
    apart.
    """

    matched: int = 0
    had: int = 0
    done: int = 0
    failed: int = 0
    left: int = 0
    by_type: dict[str, int] = field(default_factory=dict)

    def note_done(self, event_type: str) -> None:
        """One more that had its effect."""
        self.done += 1
        self.by_type[event_type] = self.by_type.get(event_type, 0) + 1

    def to_object(self) -> dict[str, Any]:
        """The counts as values of JSON."""
        return asdict(self)

    @classmethod
    def of_object(cls, values: Mapping[str, Any]) -> Self:
        """The counts that `to_object` wrote; what is not there is none."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """A replay at one moment. `until` is where it ends, `current_time` the time of the event it came to last."""

    name: str
    target: str
    since: datetime | None
    until: datetime
    dry_run: bool
    resumed: bool
    counts: Counts
    current_time: datetime | None = None
    finished: bool = False
