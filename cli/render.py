"""What people see: tables, progress, sentences of failure. Colours only on a terminal, and never where NO_COLOR is set.

Nothing here knows the stack.
"""

import re
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_WIDE: Final = 100  # cells; only there can an id be kept whole, so that it can be copied
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|–")
_GOOD: Final = ("RUNNING", "GOOD", "COMPLETED", "DONE")
_MIDDLE: Final = (
    *("STARTING", "STOPPING", "DEGRADED", "SKIPPED", "HINT"),
    *("RETRYING", "WAITING", "DISCARDED", "COMPENSATING", "COMPENSATED"),
)


class Progress:
    """Steps of a longer command, on standard error: a moving line on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live: Status | Bar | None = None
        self._current = ""
        self._since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._finish(good=kind is None)

    def step(self, sentence: str) -> None:
        """The step before is done and this one begins."""
        self._finish(good=True)
        self._current, self._since = sentence, time.monotonic()
        if self._console.is_terminal:
            self._show(self._console.status(Text(sentence)))
        else:
            self._console.print(f"{sentence} …", soft_wrap=True, markup=False)

    def measure(self, sentence: str, total_bytes: int) -> Callable[[int], None]:
        """A step whose size is known; gives what is told how many bytes were done since. With rate and rest."""
        return self._bar(sentence, total_bytes, in_bytes=True)

    def count(self, sentence: str, total: int) -> Callable[[int], None]:
        """A step of so many things; gives what is told how many were done since. With count and rest."""
        return self._bar(sentence, total, in_bytes=False)

    def _bar(self, sentence: str, total: int, *, in_bytes: bool) -> Callable[[int], None]:
        if not self._console.is_terminal:
            self.step(sentence)
            return lambda _done: None
        from rich import progress

        self._finish(good=True)
        self._current, self._since = sentence, time.monotonic()
        amounts = (
            (progress.DownloadColumn(), progress.TransferSpeedColumn())
            if in_bytes
            else (progress.MofNCompleteColumn(),)
        )
        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            *amounts,
            progress.TimeRemainingColumn(),
        )
        bar = progress.Progress(*columns, console=self._console, transient=True)
        task = bar.add_task(sentence, total=total)
        self._show(bar)
        return lambda done: bar.advance(task, done)

    def _show(self, live: "Status | Bar") -> None:
        live.start()
        self._live = live

    def note(self, sentence: str) -> None:
        """A line besides the steps."""
        self._console.print(Text(f"  {sentence}"), soft_wrap=True)

    def _finish(self, *, good: bool) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
            mark = Text("✓ ", "green") if good else Text("✗ ", "red")
            took = Text(f"  {time.monotonic() - self._since:.1f} s", "dim")
            self._console.print(mark + Text(self._current) + took, soft_wrap=True)
        self._current = ""


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], state_column: int | None = None) -> None:
    """A table for people: aligned columns, one line a row when it is piped."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        ids = console.width >= _WIDE and all(_ID.fullmatch(row[number]) for row in rows)
        table.add_column(heading, overflow="fold", no_wrap=ids or not console.is_terminal)
    for row in rows:
        cells = [Text(cell) for cell in row]
        if state_column is not None:
            cells[state_column].stylize(_style(row[state_column]))
        table.add_row(*cells)
    if console.is_terminal:
        console.print(table)
    else:
        widths = [max(len(row[n]) for row in [headings, *rows]) for n in range(len(headings))]
        for row in [headings, *rows]:
            line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print(line.rstrip())


def screen_width() -> int | None:
    """How many cells a line of the screen has; None where nobody looks at one."""
    console = Console()
    return console.width if console.is_terminal else None


def print_failure(sentence: str) -> None:
    """What went wrong, on standard error."""
    console = Console(stderr=True, highlight=False)
    console.print(Text(sentence, "red" if console.is_terminal else ""), soft_wrap=True)


def print_line(text: str) -> None:
    """One line of result, on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def size(count_bytes: int) -> str:
    """An amount of data as people say it: 812 B, 4.2 MB."""
    amount, units = float(count_bytes), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def duration(seconds: int) -> str:
    """A span of time as people say it: 12 s, 4 min, 3 h 20 min, 2 d 5 h."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 1:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def _style(state: str) -> str:
    if state in _GOOD:
        return "green"
    return "yellow" if state in _MIDDLE else "red"
