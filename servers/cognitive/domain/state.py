"""An agent's state and the lines of its log, as values; folding the lines gives the state back, bit by bit. Pure.

The laws stand in `neuromodulators.py`; nothing here knows where a line is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from servers.cognitive.domain.neuromodulators import (
    BASELINE,
    NAMES,
    Signal,
    Values,
    after_turn,
    clamp,
    decay_over_time,
    pull,
)
from servers.cognitive.domain.signals import ERROR_WINDOW, feedback_signals


@dataclass(frozen=True, slots=True)
class State:
    """The values at a moment; `version` is dense from 0, `recent_failures` newest first."""

    version: int
    values: Values
    baseline: Values
    as_of: datetime
    recent_failures: tuple[bool, ...] = ()

    def at(self, now: datetime) -> Values:
        """The values decayed to a later moment."""
        return decay_over_time(self.values, self.baseline, (now - self.as_of).total_seconds())


@dataclass(frozen=True, slots=True)
class LogLine:
    """One change of a state: what caused it and what came of it. `kind` is turn, feedback, set or reset."""

    version: int
    kind: str
    turn_id: UUID | None
    changed_by: str
    time: datetime
    baseline: Values
    before: Values
    after: Values
    signals: tuple[Signal, ...] = ()
    failed: bool = False


def first_state(baseline: Values | None, now: datetime) -> State:
    """The state of an agent to which nothing has happened."""
    values = clamp(baseline or BASELINE)
    return State(0, values, values, now)


def with_baseline(state: State, baseline: Values) -> State:
    """The state under another baseline; one to which nothing has happened stands at it."""
    base = clamp(baseline)
    return replace(state, baseline=base, values=state.values if state.version else base)


def observe(
    state: State, turn_id: UUID, now: datetime, baseline: Values, signals: tuple[Signal, ...], failed: bool
) -> LogLine:
    """The line that a turn writes."""
    decayed = decay_over_time(state.values, baseline, (now - state.as_of).total_seconds())
    after = after_turn(decayed, baseline, signals)
    return LogLine(state.version + 1, "turn", turn_id, "chat", now, baseline, state.values, after, signals, failed)


def feel(state: State, turn_id: UUID | None, now: datetime, reward: float) -> LogLine:
    """The line that feedback writes: it pulls on dopamine and is no turn, so that the decay of a turn is left out.

    `reward` is -1 to 1.
    """
    signals = feedback_signals(reward)
    after = _felt(state, state.baseline, now, signals)
    return LogLine(
        state.version + 1, "feedback", turn_id, "feedback", now, state.baseline, state.values, after, signals
    )


def _felt(state: State, baseline: Values, now: datetime, signals: tuple[Signal, ...]) -> Values:
    return pull(decay_over_time(state.values, baseline, (now - state.as_of).total_seconds()), signals)


def set_values(state: State, now: datetime, values: Values, changed_by: str, kind: str = "set") -> LogLine:
    """The line that a change by hand writes; the values are clamped."""
    return LogLine(state.version + 1, kind, None, changed_by, now, state.baseline, state.at(now), clamp(values))


def apply(state: State, line: LogLine) -> State:
    """The state after a line, computed anew from the line's causes. Raises ValueError for a line out of order."""
    if line.version != state.version + 1:
        raise ValueError(f"line {line.version} does not follow version {state.version}")
    failures = state.recent_failures
    after = line.after
    if line.kind == "turn":
        elapsed = (line.time - state.as_of).total_seconds()
        after = after_turn(decay_over_time(state.values, line.baseline, elapsed), line.baseline, line.signals)
        failures = (line.failed, *failures)[:ERROR_WINDOW]
    elif line.kind == "feedback":
        after = _felt(state, line.baseline, line.time, line.signals)
    return State(line.version, after, line.baseline, line.time, failures)


def state_before(line: LogLine) -> State:
    """The state that a first line moved on: nothing had happened, and its time was the line's own."""
    return State(0, line.before, line.baseline, line.time)


def replay(first: State, lines: Iterable[LogLine]) -> State:
    """The state after all lines, in the order of their versions."""
    for line in lines:
        first = apply(first, line)
    return first


@dataclass(frozen=True, slots=True)
class Change:
    """One value that moved, and why."""

    name: str
    before: float
    after: float
    cause: str
    line: LogLine


def changes_of(line: LogLine) -> tuple[Change, ...]:
    """The values that a line moved, with their causes in words."""
    return tuple(
        Change(name, line.before.get(name), line.after.get(name), _cause(line, name), line)
        for name in NAMES
        if line.before.get(name) != line.after.get(name)
    )


def _cause(line: LogLine, name: str) -> str:
    if line.kind == "set":
        return f"set by {line.changed_by}"
    if line.kind == "reset":
        return f"reset by {line.changed_by}"
    causes = [signal.cause for signal in line.signals if signal.name == name]
    return ", ".join([*causes, "decay"])
