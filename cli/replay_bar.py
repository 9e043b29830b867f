"""The bar of a replay on standard error: how much of its time is behind it, how many events, what rate.

Nothing here asks a service.
"""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cli.views.words import count
from soma.control.v1 import event_service_pb2 as event_pb

_PARTS: Final = 1000


class ReplayBar:
    """Moves on a terminal, and is nothing elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
        self._task = self._bar.add_task("replaying", total=_PARTS)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._bar.stop()

    def show(self, message: event_pb.ReplayEventsResponse) -> None:
        """Move to what a replay says."""
        words = f"{count(message.done)} new · {count(message.had)} had"
        self._bar.update(self._task, description=words, completed=round(share_done(message) * _PARTS))


def share_done(message: event_pb.ReplayEventsResponse) -> float:
    """How much of the time that a replay goes over is behind it, 0 to 1."""
    if message.finished:
        return 1.0
    if not message.HasField("since") or not message.HasField("current_time"):
        return 0.0
    begin, end = message.since.ToNanoseconds(), message.until.ToNanoseconds()
    done = message.current_time.ToNanoseconds() - begin
    return min(max(done / (end - begin), 0.0), 1.0) if end > begin else 0.0
