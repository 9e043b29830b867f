"""Runs the outage matrix on a stack of its own and writes what was seen into the documentation.

`python -m tests.outage` runs every cell, `--only memory` or `--only memory/paused` some. It ends with 1 where one was
wrong.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from soma_common.testing.mesh import Mesh, mesh_upstream
from tests.e2e.support.person import person_of
from tests.outage.judging import Verdict, judge
from tests.outage.matrix import CELLS, Cell
from tests.outage.page import page_of

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "outages.md"
# A model that is silent for a second is worth no longer wait here.
_SETTINGS: Final = {"SOMA_MODEL_PATIENCE_SECONDS": "1"}
_BESIDE: Final = {"signals": "--redis", "events": "--kafka"}


def chosen(patterns: Sequence[str]) -> list[Cell]:
    """The cells that a pattern names, as `memory`, `memory/paused` or `*/gone`; all without one."""
    return [
        cell
        for cell in CELLS
        if not patterns or any(fnmatch(cell.name, each) or cell.dependency == each for each in patterns)
    ]


async def run(cells: Sequence[Cell], console: Console, keep: Callable[[Verdict], object]) -> list[Verdict]:
    """Every cell, one after another, on one stack; `keep` is given each verdict as it comes."""
    beside = tuple(word for name, word in _BESIDE.items() if any(cell.dependency == name for cell in cells))
    cache = {"XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]} if "XDG_CACHE_HOME" in os.environ else {}
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    verdicts: list[Verdict] = []
    with (
        mesh_upstream() as model,
        Mesh(model, {**_SETTINGS, **cache}, beside=beside) as mesh,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("", total=len(cells))
        async with person_of(mesh, "outage", mesh.token_for("outage")) as person:
            for cell in cells:
                progress.update(task, description=cell.name)
                verdicts.append(await judge(person, cell))
                progress.console.print(told(verdicts[-1]), markup=False, highlight=False)
                progress.advance(task)
                keep(verdicts[-1])
    return verdicts


def kept(verdict: Verdict) -> None:
    """Writes a verdict into the page, so that nothing is lost with a run that is broken off."""
    PAGE.write_text(page_of([verdict], PAGE.read_text("utf-8") if PAGE.exists() else ""), "utf-8")


def told(verdict: Verdict) -> str:
    """A verdict as a line."""
    how = "; ".join(verdict.complaints) or "right"
    times = f"{verdict.seconds_to_notice:.1f} s, well again {verdict.seconds_to_recover:.1f} s"
    return f"{verdict.cell.name:<28} {times:<30} {how}"


def main() -> int:
    """Runs what was asked for; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.outage", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="CELL", help="as memory, memory/paused, */gone")
    parser.add_argument("--no-page", action="store_true", help="write nothing into the documentation")
    words = parser.parse_args()
    cells = chosen(words.only)
    if not cells:
        parser.error(f"no cell is named so; there are {', '.join(cell.name for cell in CELLS)}")
    keep = (lambda _: None) if words.no_page else kept
    verdicts = asyncio.run(run(cells, Console(), keep))
    return 1 if any(verdict.complaints for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
