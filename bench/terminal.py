"""The table of a run for a terminal or a pipe."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from bench.rows import HEADS, Row, Verdict

_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.NO_PEER: "yellow", Verdict.NONE: ""}


def show(rows: Iterable[Row], missing: Iterable[str]) -> None:
    """Print the rows, then what could not be had."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, head in enumerate(HEADS):
        table.add_column(head, justify="right" if position in (1, 3, 4) else "left", overflow="fold")
    for row in rows:
        cells = row.cells()
        table.add_row(*cells[:-1], f"[{_COLOURS[row.verdict]}]{cells[-1]}[/]" if cells[-1] else "")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 170
    console.print(table)
    for sentence in missing:
        console.print(f"skipped: {sentence}", markup=False)
