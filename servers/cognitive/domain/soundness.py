"""Whether a mind is as it should be, one finding after the other, each with its sentence. Pure.

What is compared is read elsewhere; nothing here mends anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from servers.cognitive.domain import adaptation as learned
from servers.cognitive.domain.adaptation import LEAST_PART, RETRIEVERS, WEIGHT_NAMES, Adaptation, Line
from servers.cognitive.domain.cycles import Cycle, CycleState, counted
from servers.cognitive.domain.load import MANY_UNCONSOLIDATED, THRESHOLD, Load
from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES
from servers.cognitive.domain.sleeping import Sleep, SleepState
from servers.cognitive.domain.state import State

# A share that is so little under its least part is rounding.
_ROUNDING: Final = 1e-9
# What a cycle may take to undo what it had not finished.
TIME_TO_UNDO: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined, and what was found."""

    name: str
    sound: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What the log leads to, `lines` after a version; `state` is None where a line is missing or out of order."""

    from_version: int
    lines: int
    state: State | None


def ranges(state: State) -> Finding:
    """Values and baselines lie in their ranges."""
    wrong = [
        f"{what} {values.get(name):g} is outside {BOUNDS[name].minimum:g}-{BOUNDS[name].maximum:g}"
        for values, suffix in ((state.values, ""), (state.baseline, " baseline"))
        for name in NAMES
        for what in (f"{name}{suffix}",)
        if not BOUNDS[name].minimum <= values.get(name) <= BOUNDS[name].maximum
    ]
    return _finding("ranges", wrong, "All values and their baselines lie in their ranges")


def log(state: State, length: int, newest: int) -> Finding:
    """The log has a line for every version."""
    wrong = []
    if length != state.version or newest != state.version:
        wrong = [
            f"the log has {length} lines and ends at version {newest}, but the state is at version {state.version}"
        ]
    return _finding("log", wrong, f"The log has a line for each of {state.version} changes")


def replayed(state: State, replay: Replay) -> Finding:
    """The log leads to the stored state, bit by bit."""
    begin = f"the snapshot at version {replay.from_version}" if replay.from_version else "the beginning"
    one = replay.lines == 1
    changes = f"{counted(replay.lines, 'change', 'changes')} from {begin}"
    wrong = []
    if replay.state is None:
        wrong = [f"the log cannot be replayed from {begin}: a line is missing"]
    elif replay.state != state:
        verb = "does" if one else "do"
        wrong = [f"{changes} {verb} not lead to what is stored: {_difference(replay.state, state)}"]
    return _finding("replay", wrong, f"{changes} lead{'s' if one else ''} to the stored values")


def weights(adaptation: Adaptation) -> Finding:
    """Weights and mean shares lie in their ranges."""
    wrong = [
        f"{name} {adaptation.weights.get(name):g} is outside {bounds.minimum:g}-{bounds.maximum:g}"
        for name, bounds in ((name, learned.BOUNDS[name]) for name in WEIGHT_NAMES)
        if not bounds.minimum <= adaptation.weights.get(name) <= bounds.maximum
    ]
    wrong += [
        f"the mean share of {name} is {adaptation.mean_shares.get(name):g}"
        for name in RETRIEVERS
        if not 0.0 <= adaptation.mean_shares.get(name) <= 1.0
    ]
    return _finding("weights", wrong, f"All weights of version {adaptation.version} lie in their ranges")


def lessons(adaptation: Adaptation, lines: Sequence[Line]) -> Finding:
    """The log of lessons, oldest first and as far as it is kept, leads to the stored weights, bit by bit."""
    first = lines[0].after if lines else learned.FIRST
    try:
        after = learned.replay(first, lines[1:])
    except ValueError as problem:
        return _finding("lessons", [str(problem)], "")
    one = len(lines) == 2
    told = f"{counted(len(lines[1:]), 'lesson', 'lessons')} from version {first.version}"
    wrong = [] if after == adaptation else [f"{told} do{'es' if one else ''} not lead to the stored weights"]
    return _finding("lessons", wrong, f"{told} lead{'s' if one else ''} to the stored weights")


def entropy(adaptation: Adaptation) -> Finding:
    """No retriever is forgotten: H = −Σ p·log2 p of the four, 0-2 bits, and no p under 1 %."""
    total = sum(adaptation.weights.get(name) for name in RETRIEVERS)
    parts = {name: adaptation.weights.get(name) / total for name in RETRIEVERS} if total > 0.0 else {}
    wrong = [
        f"the weight of {name} is {part:.2%} of the sum, less than {LEAST_PART:.0%}"
        for name, part in parts.items()
        if not part >= LEAST_PART - _ROUNDING
    ]
    if not parts:
        wrong = ["the weights of the retrievers have no sum above 0"]
    bits = -sum(part * math.log2(part) for part in parts.values() if part > 0.0)
    least = min(parts.values(), default=0.0)
    return _finding("entropy", wrong, f"The weights spread over {bits:.2f} of 2 bits, the least has {least:.1%}")


def sleep(found: Sleep, logged: int | None) -> Finding:
    """The log of sleep ends with the state that is stored; `logged` is what it says of that version."""
    wrong = []
    if found.version and logged != found.state:
        told = "says nothing of it" if logged is None else f"says {SleepState(logged).word}"
        wrong = [f"the agent is {found.state.word} at version {found.version}, but the log of its sleep {told}"]
    return _finding("sleep", wrong, f"The agent is {found.state.word} since version {found.version} of its sleep")


def load(found: Load, now: datetime) -> Finding:
    """The load is a number in 0-1."""
    parts = {"load": found.load, "open turns": found.facts.open_turns, "context fill": found.facts.context_fill}
    parts["error rate"] = found.facts.error_rate
    wrong = [f"the {name} is {value:g}" for name, value in parts.items() if not 0.0 <= value <= 1.0]
    return _finding("load", wrong, f"The load is {found.relieved_at(now):.2f}; a cycle starts above {THRESHOLD:.2f}")


def memory(found: Load, places: int) -> Finding:
    """Memories that wait for a cycle are not more than the load can count."""
    waiting = found.unconsolidated
    wrong = []
    if not 0 <= waiting < MANY_UNCONSOLIDATED:
        wrong = [f"{waiting} memories wait for a cycle, and from {MANY_UNCONSOLIDATED} on the load counts no more"]
    kept = counted(places, "namespace", "namespaces")
    return _finding("memory", wrong, f"Turns kept memories in {kept}; {waiting} wait for a cycle")


def cycles(newest: Sequence[Cycle], now: datetime) -> Finding:
    """A cycle ends in its time, and tells of a coverage in 0-1; those that undo something have a few minutes more."""
    wrong = [
        f"a cycle runs since {cycle.start_time:%H:%M:%S} UTC, longer than its {cycle.wishes.max_seconds} s"
        for cycle in newest
        if cycle.state is CycleState.RUNNING and now > cycle.deadline + TIME_TO_UNDO
    ]
    wrong += [
        f"the cycle of {cycle.start_time:%H:%M:%S} UTC tells of a coverage of {cycle.coverage:g}"
        for cycle in newest
        if not 0.0 <= cycle.coverage <= 1.0
    ]
    if not newest:
        return _finding("cycles", wrong, "No cycle has run yet")
    running = any(cycle.state is CycleState.RUNNING for cycle in newest)
    told = "one runs" if running else f"the newest is {newest[0].state.name.lower()}"
    return _finding("cycles", wrong, f"{counted(len(newest), 'cycle', 'cycles')} looked at: {told}")


def _finding(name: str, wrong: list[str], sentence: str) -> Finding:
    if not wrong:
        return Finding(name, True, f"{sentence}.")
    told = "; ".join(wrong)
    return Finding(name, False, f"{told[0].upper()}{told[1:]}.")


def _difference(replayed: State, stored: State) -> str:
    told = [
        f"{name} {replayed.values.get(name)!r} and not {stored.values.get(name)!r}"
        for name in NAMES
        if replayed.values.get(name) != stored.values.get(name)
    ]
    if replayed.baseline != stored.baseline:
        told.append("another baseline")
    if replayed.as_of != stored.as_of:
        told.append("another time")
    if replayed.recent_failures != stored.recent_failures:
        told.append("other failures")
    return ", ".join(told or ["another version"])
