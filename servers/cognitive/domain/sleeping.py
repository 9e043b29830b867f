"""States of sleep: which follows which, how a time to live ends, and what each state scales. Pure.

    from / to   active   light   deep   freeze
    active        -       yes      no     yes
    light        yes       -      yes     yes
    deep         wake     yes      -      yes
    freeze       wake     yes      no      -

A time to live takes an agent back to the state before, whatever the table says of the way there. It is applied by
`Sleep.at` whenever a sleep is read; nothing here knows when it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

# So many times to live may lie in one another.
MOST_RETURNS: Final = 8


class SleepState(IntEnum):
    """A state; the numbers of `soma.cognitive.v1.SleepState`."""

    ACTIVE = 1
    LIGHT = 2
    DEEP = 3
    FREEZE = 4

    @property
    def word(self) -> str:
        """As people and requests name it."""
        return self.name.lower()


class Cause:
    """Why a sleep changed, as events and the log say it."""

    BY_HAND: Final = "by hand"
    TIME_TO_LIVE: Final = "time to live"
    WAKE: Final = "wake"
    LOAD: Final = "load"


_ALLOWED: Final[Mapping[SleepState, frozenset[SleepState]]] = {
    SleepState.ACTIVE: frozenset((SleepState.LIGHT, SleepState.FREEZE)),
    SleepState.LIGHT: frozenset((SleepState.ACTIVE, SleepState.DEEP, SleepState.FREEZE)),
    SleepState.DEEP: frozenset((SleepState.LIGHT, SleepState.FREEZE)),
    SleepState.FREEZE: frozenset((SleepState.LIGHT,)),
}


def allowed(state: SleepState, target: SleepState, wake: bool = False) -> bool:
    """Whether an agent may go from one state to another; to stay where it is is no transition."""
    return target in _ALLOWED[state] or (wake and target is SleepState.ACTIVE and state is not SleepState.ACTIVE)


def ways_from(state: SleepState) -> str:
    """Where an agent may go from a state, in words."""
    ways = [target.word for target in SleepState if allowed(state, target)]
    if not allowed(state, SleepState.ACTIVE) and allowed(state, SleepState.ACTIVE, wake=True):
        ways.append("active by wake")
    return ", ".join(ways)


@dataclass(frozen=True, slots=True)
class Stay:
    """A state to go back to, and until when it lasts then; None where it stays."""

    state: SleepState
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Sleep:
    """How an agent sleeps; `version` is dense from 0, `previous` the state before.

    `until` is there exactly where `returns` are: what it goes back to, the nearest first.
    """

    version: int
    state: SleepState
    previous: SleepState
    since: datetime
    until: datetime | None = None
    returns: tuple[Stay, ...] = ()

    @property
    def returns_to(self) -> SleepState | None:
        """The state that follows by itself."""
        return self.returns[0].state if self.returns else None

    def ended(self, now: datetime) -> "Sleep | None":
        """What a time to live that ran out led to first; None where none did."""
        if self.until is None or now < self.until:
            return None
        stay, rest = self.returns[0], self.returns[1:]
        return Sleep(self.version + 1, stay.state, self.state, self.until, stay.until, rest)

    def ended_early(self, now: datetime) -> "Sleep":
        """The sleep where its time to live, which has not run out, ends now. Raises IndexError where it has none."""
        return Sleep(self.version + 1, self.returns[0].state, self.state, now, self.returns[0].until, self.returns[1:])

    def at(self, now: datetime) -> "Sleep":
        """The sleep at a later moment, after every time to live that ran out by then."""
        sleep = self
        while (after := sleep.ended(now)) is not None:
            sleep = after
        return sleep


def first_sleep(since: datetime) -> Sleep:
    """The sleep of an agent that was never told to sleep."""
    return Sleep(0, SleepState.ACTIVE, SleepState.ACTIVE, since)


def moved(sleep: Sleep, target: SleepState, now: datetime, ttl: timedelta | None) -> Sleep:
    """The sleep after a transition at `now`, to which `sleep` was brought before (`at`).

    With a time to live the agent goes back to where it was, for as long as it would have been there. In the state that
    it has already only the time to live is set, or taken away; the same sleep is answered where nothing changes.
    """
    stays = target is sleep.state
    until: datetime | None = None
    returns: tuple[Stay, ...] = ()
    if ttl is not None:
        behind = (
            (sleep.returns or (Stay(sleep.previous, None),))
            if stays
            else (Stay(sleep.state, sleep.until), *sleep.returns)
        )
        until, returns = _ends(target, now + ttl, behind)
    if not stays:
        return Sleep(sleep.version + 1, target, sleep.state, now, until, returns)
    if (until, returns) == (sleep.until, sleep.returns):
        return sleep
    return replace(sleep, version=sleep.version + 1, until=until, returns=returns)


def _ends(state: SleepState, until: datetime, behind: tuple[Stay, ...]) -> tuple[datetime | None, tuple[Stay, ...]]:
    """When a state ends and what follows: what is over by then is passed over, the same state again is one stay."""
    while True:
        stay, rest = behind[0], behind[1:]
        if stay.until is not None and stay.until <= until:
            behind = rest
        elif stay.state is not state:
            return until, behind
        elif stay.until is None:
            return None, ()
        else:
            until, behind = stay.until, rest


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a state scales, each as a ratio to its value at s = 0; only the barrier is a difference."""

    scalar: float
    recall_width: float
    time_budget: float
    temperature: float
    learning_rate: float
    barrier: float
    forgetting: float


_WIDTH, _LEAST_WIDTH = 100, 1
_SECONDS, _LEAST_SECONDS = 1.0, 0.1
_TAU, _LEAST_TAU = 0.1, 1e-6


def _schedule(s: float, forgetting: float) -> Schedule:
    """The formulas of a scalar s, each divided by its value at s = 0.

    width        max(1, int((1 - 0.8 s) 100))    time         max(0.1, (1 - 0.5 s) 1)
    temperature  max(1e-6, (1 - 0.5 s) 0.1)      learning     max(0, (1 - s) 0.01), 0 from s = 1
    barrier      1 + 0.5 s, less 1
    """
    # In whole numbers: 1 - 0.8 is a little less than 0.2.
    width = max(_LEAST_WIDTH, int(_WIDTH - 80 * s))
    return Schedule(
        scalar=s,
        recall_width=width / _WIDTH,
        time_budget=max(_LEAST_SECONDS / _SECONDS, 1.0 - 0.5 * s),
        temperature=max(_LEAST_TAU / _TAU, 1.0 - 0.5 * s),
        learning_rate=max(0.0, 1.0 - s),
        barrier=0.5 * s,
        forgetting=forgetting,
    )


SCHEDULES: Final[Mapping[SleepState, Schedule]] = {
    SleepState.ACTIVE: _schedule(0.0, 1.0),
    SleepState.LIGHT: _schedule(0.5, 0.8),
    SleepState.DEEP: _schedule(1.0, 0.5),
    SleepState.FREEZE: _schedule(10.0, 0.0),
}
