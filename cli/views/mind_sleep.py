"""How an agent sleeps, what that changes, its load, and its cycles, as lines and tables.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from typing import Final

from cli.render import duration
from cli.views.words import NONE, enum_word, gauge, moment
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

CYCLE_HEADINGS: Final = ("CYCLE", "STATE", "BEGAN", "CAUSE", "REPLAYED", "FACTS", "HYPOTHESES", "SWEPT", "LOAD")
_MEANINGS: Final = {
    "active": "awake",
    "light": "answers, and learns at half the rate",
    "deep": "answers that it rests, unless it is woken",
    "freeze": "refuses turns",
}


def state_word(state: int) -> str:
    """A state of sleep in small letters."""
    return enum_word(sleep_pb.SleepState.DESCRIPTOR, state, "SLEEP_STATE_").lower()


def cycle_word(cycle: sleep_pb.SleepCycle) -> str:
    """How far a cycle is."""
    return enum_word(sleep_pb.SleepCycleState.DESCRIPTOR, cycle.state, "SLEEP_CYCLE_STATE_")


def headline(status: sleep_pb.SleepStatus, now: datetime) -> str:
    """The state, since when, and until when."""
    word = state_word(status.state)
    since = f" since {moment(status, 'since_time')}" if status.HasField("since_time") else ""
    until = ""
    if status.HasField("until_time"):
        rest = max(ceil((status.until_time.ToDatetime(UTC) - now).total_seconds()), 0)
        until = f"; {state_word(status.returns_to)} again in {duration(rest)}"
    return f"Sleep: {word} ({_MEANINGS.get(word, 'unknown')}){since}{until}"


def lines(status: sleep_pb.SleepStatus, now: datetime) -> Iterator[str]:
    """A status for people."""
    yield headline(status, now)
    if status.state not in (sleep_pb.SLEEP_STATE_ACTIVE, sleep_pb.SLEEP_STATE_UNSPECIFIED):
        yield f"  {schedule(status.schedule)}"
    yield from load_lines(status.load)
    yield f"Cycles: {cycle_line(status)}"
    nrem, rem = moment(status, "last_nrem_time"), moment(status, "last_rem_time")
    yield f"  last consolidated {_or_never(nrem)}, last recombined {_or_never(rem)}"


def schedule(scaled: sleep_pb.SleepSchedule) -> str:
    """What a state scales, against the active one."""
    barrier = f", {scaled.store_barrier:+.2f} on the bar for new memories" if scaled.store_barrier else ""
    return (
        f"against active: recall ×{scaled.recall_width:.2f}, its time ×{scaled.time_budget:.2f}, "
        f"temperature ×{scaled.temperature:.2f}, learning ×{scaled.learning_rate:.2f}, "
        f"forgetting ×{scaled.forgetting:.2f}{barrier}"
    )


def load_lines(load: sleep_pb.CognitiveLoad) -> Iterator[str]:
    """The load with its threshold as a gauge, and what it is made of."""
    relief = f"; a cycle takes {load.relief:.2f} off" if load.relief else ""
    drawn = gauge(load.load, load.threshold, (0.0, 1.0))
    yield f"Load: {load.load:.2f} {drawn} ┼ a cycle begins above {load.threshold:.2f}"
    yield (
        f"  0.4 × open turns {load.open_turns:.2f} + 0.3 × context {load.context_fill:.2f} + "
        f"0.2 × errors {load.error_rate:.2f} + 0.1 × unconsolidated {load.unconsolidated:.2f}, smoothed{relief}"
    )


def cycle_line(status: sleep_pb.SleepStatus) -> str:
    """The cycle that runs, or when one will."""
    if status.HasField("current_cycle"):
        cycle = status.current_cycle
        return f"one runs, at {cycle.step or 'its beginning'}, started {cycle.cause} ({cycle.cycle_id})"
    return status.next_cycle or "none runs."


def change(status: sleep_pb.SleepStatus, now: datetime) -> str:
    """A status on one line, for a watch."""
    running = f" · cycle at {status.current_cycle.step}" if status.HasField("current_cycle") else ""
    return f"{headline(status, now).removeprefix('Sleep: ')} · load {status.load.load:.2f}{running}"


def cycle_row(cycle: sleep_pb.SleepCycle) -> tuple[str, ...]:
    """A cycle under the headings."""
    over = cycle.state != sleep_pb.SLEEP_CYCLE_STATE_RUNNING
    return (
        cycle.cycle_id,
        cycle_word(cycle),
        moment(cycle, "start_time"),
        cycle.cause,
        str(cycle.replayed_count),
        str(cycle.fact_count),
        str(cycle.hypothesis_count),
        str(cycle.swept_count),
        f"{cycle.load_before:.2f} → {cycle.load_after:.2f}" if over else f"{cycle.load_before:.2f}",
    )


def cycle_lines(cycle: sleep_pb.SleepCycle) -> Iterator[tuple[str, str]]:
    """What a cycle did, as names and values."""
    yield ("cycle", cycle.cycle_id)
    yield ("state", cycle_word(cycle).lower())
    yield ("began", f"{moment(cycle, 'start_time')}, {cycle.cause}")
    yield ("ended", moment(cycle, "end_time"))
    yield ("replayed", f"{cycle.replayed_count:,} memories in {cycle.group_count:,} groups")
    yield ("made", f"{cycle.fact_count:,} facts, {cycle.hypothesis_count:,} hypotheses")
    yield ("coverage", f"{cycle.coverage:.2f}")
    yield ("swept", f"{cycle.swept_count:,}")
    yield ("tokens", f"{cycle.used_tokens:,}")
    yield ("load", f"{cycle.load_before:.2f} → {cycle.load_after:.2f}")


def step_words(cycle: sleep_pb.SleepCycle) -> str:
    """The step of a cycle that runs, with what it counts."""
    done = f"{cycle.replayed_count:,} replayed, {cycle.fact_count:,} facts, {cycle.hypothesis_count:,} hypotheses"
    return f"{cycle.step or 'beginning'} ({done})"


def _or_never(word: str) -> str:
    return "never" if word == NONE else word
