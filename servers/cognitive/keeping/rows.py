"""Rows of states and of their log as values. Nothing is decided here."""

from datetime import datetime
from typing import Any

from servers.cognitive.domain.neuromodulators import Signal, Values
from servers.cognitive.domain.state import LogLine, State, first_state


def state_of(row: Any, now: datetime) -> State:
    """A state as it was stored; the first one where there is no row, or one of nulls only."""
    if row is None or row["version"] is None:
        return first_state(None, now)
    return State(
        version=row["version"],
        values=Values(*row["state_values"]),
        baseline=Values(*row["baseline"]),
        as_of=row["as_of"],
        recent_failures=tuple(row["recent_failures"]),
    )


def line_of(row: Any) -> LogLine:
    """A line of the log, of columns in the order of `list_log`: by place, as a log may have a million of them."""
    version, kind, turn_id, changed_by, time, baseline, before, after, names, upward, strengths, causes, failed = row
    return LogLine(
        version,
        kind,
        turn_id,
        changed_by,
        time,
        Values(*baseline),
        Values(*before),
        Values(*after),
        tuple(map(Signal, names, upward, strengths, causes)),
        failed,
    )
