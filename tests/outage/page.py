"""The page of outages for the documentation: the table of what was seen, a row a cell. Pure.

Rows of cells that were not run stay as they were.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tests.outage.judging import Verdict
from tests.outage.matrix import CELLS, WITHIN_SECONDS, Cell, Expected, Outcome

_ABOUT: Final = f"""\
# Outages

<!-- Made by `poe outages`; edit tests/outage/, not this page. -->

What a person sees of a turn while something below it is paused, slowed, failing or gone. Each row was run on a whole
stack on one machine, with PostgreSQL, a scripted model, and for their rows Redis and Kafka: a fault, turns until one is
as expected (within {WITHIN_SECONDS:g} seconds), one more turn, the end of the fault, and turns until all is well and
stays so. `python -m tests.outage` runs it and writes this page; what is expected stands in `tests/outage/matrix.py`.

Paused means that the processes are there and say nothing, slowed that they run for a fraction of the time, failing that
they answer with errors, gone that they were killed and stay away. A refused turn is UNAVAILABLE with the time after
which to try again; nothing was begun and nothing is held. The model may be silent for a second here, and its breaker
rests for thirty seconds, which is most of its recovery. Recovering from a level takes three good seconds.
"""
_HEADINGS: Final = (
    "Dependency",
    "Fault",
    "Expected",
    "Seen",
    "Noticed after",
    "What the person reads",
    "Well again after",
    "Verdict",
)
_NOT_RUN: Final = "not run"


def page_of(verdicts: Iterable[Verdict], before: str) -> str:
    """The page with these verdicts, and the rows of the page before for all other cells."""
    rows = {**_rows_of(before), **{verdict.cell.name: _row(verdict) for verdict in verdicts}}
    lines = [_line(_HEADINGS), _line("---" for _ in _HEADINGS)]
    lines += [rows.get(cell.name) or _line(_unknown(cell)) for cell in CELLS]
    return "\n".join((_ABOUT, *lines)) + "\n"


def _rows_of(page: str) -> Mapping[str, str]:
    """The rows of a page by the names of their cells."""
    found: dict[str, str] = {}
    for line in page.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) == len(_HEADINGS) + 2:
            found[f"{parts[1]}/{parts[2]}"] = line
    return found


def _row(verdict: Verdict) -> str:
    seen, cell = verdict.seen, verdict.cell
    outcome = "none" if seen.outcome is None else seen.outcome.value
    level = "" if seen.level is None else f", L{seen.level}"
    return _line(
        (
            cell.dependency,
            cell.fault.value,
            expectation(cell.expected),
            f"{outcome}{level}",
            f"{verdict.seconds_to_notice:.1f} s",
            " ".join(seen.sentences) or "nothing",
            f"{verdict.seconds_to_recover:.1f} s",
            "; ".join(verdict.complaints) or "right",
        )
    )


def expectation(expected: Expected) -> str:
    """What is expected, in a few words."""
    if expected.outcome is Outcome.REFUSED:
        return "refused"
    levels = " or ".join(f"L{level}" for level in expected.levels)
    notice = "" if not expected.sentence else ", with a notice"
    lane = ", no memories" if expected.no_memories else ""
    return f"{expected.outcome.value}, {levels}{notice}{lane}"


def _unknown(cell: Cell) -> tuple[str, ...]:
    return (cell.dependency, cell.fault.value, expectation(cell.expected), *(_NOT_RUN for _ in range(5)))


def _line(parts: Iterable[str]) -> str:
    return f"| {' | '.join(part.replace('|', '/') for part in parts)} |"
