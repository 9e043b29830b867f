"""How loaded an agent is, 0-1, and when that starts a cycle of sleep. Pure.

    told by a turn   raw = 0.4 open turns + 0.3 context fill + 0.2 error rate + 0.1 min(1, unconsolidated/1000)
    smoothed         load ← load + 0.5 (raw − load), once a turn
    pause            load ← rest + (load − rest) 2^(−t/1800): without turns only what is unconsolidated is left,
                     rest = 0.1 min(1, unconsolidated/1000)
    relief           0.3 after a cycle, fading in a straight line over an hour; it brings no load under 0.3
    due              above 0.8 for 3 turns in a row, or for 5 minutes: one spike puts no agent to sleep;
                     once it asked for a cycle it asks again after 10 minutes at the earliest

With half of the way each turn, an agent under full load is above 0.8 after three turns, and due after five.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from servers.cognitive.domain.sleeping import SleepState

SMOOTHING: Final = 0.5
HALF_LIFE_SECONDS: Final = 1800.0
THRESHOLD: Final = 0.8
TURNS_ABOVE: Final = 3
TIME_ABOVE: Final = timedelta(minutes=5)
RELIEF: Final = 0.3
LEAST_RELIEVED: Final = 0.3
RELIEF_FADES: Final = timedelta(hours=1)
ASKS_AGAIN: Final = timedelta(minutes=10)
MANY_UNCONSOLIDATED: Final = 1000
_OPEN_TURNS: Final = 0.4
_CONTEXT_FILL: Final = 0.3
_ERROR_RATE: Final = 0.2
_UNCONSOLIDATED: Final = 0.1


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """What a turn tells of the load: open turns of their limit, context fill and the part of turns that fail, 0-1."""

    open_turns: float = 0.0
    context_fill: float = 0.0
    error_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """The load after the last turn, at `time`; `load` is without what a cycle took off.

    `unconsolidated` counts memories, `above_since` is when a turn first left the load above the threshold, `asked_time`
    when it last started a cycle by itself.
    """

    time: datetime
    load: float = 0.0
    facts: LoadFacts = LoadFacts()
    unconsolidated: int = 0
    turns_above: int = 0
    above_since: datetime | None = None
    relief: float = 0.0
    relief_time: datetime | None = None
    last_nrem_time: datetime | None = None
    last_rem_time: datetime | None = None
    asked_time: datetime | None = None

    @property
    def unconsolidated_share(self) -> float:
        """Unconsolidated memories as a part of 1000, at most 1."""
        return min(1.0, max(0, self.unconsolidated) / MANY_UNCONSOLIDATED)

    def relief_at(self, now: datetime) -> float:
        """What the last cycle still takes off."""
        if self.relief_time is None:
            return 0.0
        faded = max(timedelta(), now - self.relief_time) / RELIEF_FADES
        return self.relief * max(0.0, 1.0 - faded)

    def unrelieved_at(self, now: datetime) -> float:
        """The load after a pause, without what a cycle took off; a clock that ran backwards counts as no time."""
        rest = _UNCONSOLIDATED * self.unconsolidated_share
        share = 2.0 ** (-max(0.0, (now - self.time).total_seconds()) / HALF_LIFE_SECONDS)
        return _part(rest + (self.load - rest) * share)

    def relieved_at(self, now: datetime) -> float:
        """The load as it counts."""
        load = self.unrelieved_at(now)
        return max(min(load, LEAST_RELIEVED), load - self.relief_at(now))

    @property
    def asks_again(self) -> datetime | None:
        """Before when it starts no further cycle."""
        return None if self.asked_time is None else self.asked_time + ASKS_AGAIN

    def due(self, now: datetime) -> bool:
        """Whether a cycle starts by itself."""
        if self.relieved_at(now) <= THRESHOLD or (self.asks_again is not None and now < self.asks_again):
            return False
        return self.turns_above >= TURNS_ABOVE or (
            self.above_since is not None and now - self.above_since >= TIME_ABOVE
        )


def first_load(now: datetime) -> Load:
    """The load of an agent that had no turn."""
    return Load(now)


def after_turn(load: Load, facts: LoadFacts, now: datetime) -> Load:
    """The load that a turn leaves."""
    facts = LoadFacts(_part(facts.open_turns), _part(facts.context_fill), _part(facts.error_rate))
    raw = (
        _OPEN_TURNS * facts.open_turns
        + _CONTEXT_FILL * facts.context_fill
        + _ERROR_RATE * facts.error_rate
        + _UNCONSOLIDATED * load.unconsolidated_share
    )
    before = load.unrelieved_at(now)
    after = replace(load, time=now, load=_part(before + SMOOTHING * (raw - before)), facts=facts)
    if after.relieved_at(now) <= THRESHOLD:
        return replace(after, turns_above=0, above_since=None)
    return replace(after, turns_above=load.turns_above + 1, above_since=load.above_since or now)


def relieved(load: Load, now: datetime) -> Load:
    """The load after a cycle."""
    return replace(load, relief=RELIEF, relief_time=now)


def starts_cycle(load: Load, state: SleepState, now: datetime) -> bool:
    """Whether a load starts a cycle of an agent in this state; one that is frozen is left as it is."""
    return state is not SleepState.FREEZE and load.due(now)


def outlook(load: Load, state: SleepState, now: datetime) -> str:
    """Why no cycle starts by itself now, or when one will, as a sentence."""
    if state is SleepState.FREEZE:
        return "None starts by itself while the agent is frozen."
    counts = load.relieved_at(now)
    if counts <= THRESHOLD:
        return f"None starts by itself: the load is {counts:.2f}, and one starts above {THRESHOLD:.2f}."
    if load.due(now):
        return f"One starts within seconds: the load is {counts:.2f}, above {THRESHOLD:.2f} for long enough."
    if load.asks_again is not None and now < load.asks_again:
        return f"The load of {counts:.2f} started one lately; it starts the next at {_clock(load.asks_again)} or later."
    left = TURNS_ABOVE - load.turns_above
    turns = "1 more turn" if left == 1 else f"{left} more turns"
    begin = (load.above_since or now) + TIME_ABOVE
    return f"The load is {counts:.2f}: one starts after {turns} above {THRESHOLD:.2f}, or at {_clock(begin)}."


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"


def _part(value: float) -> float:
    """The nearest number in 0-1; what is none is 0."""
    return 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
