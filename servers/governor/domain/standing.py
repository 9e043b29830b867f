"""Where a tenant's level stands between turns, and how it recovers as time passes.

Nothing here waits, stores or reads a clock. A good check is a second in which everything that is known was good: the
turns of one second are one check, and seconds without a turn count as well, as far as somebody looked at the mesh then.
What a tenant's last turn saw of its own, as its model, counts with each of them for a while: no other house can see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from servers.governor.domain.health import view_of_turn
from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.levels import (
    Demand,
    LevelState,
    Observation,
    budget_demands,
    health_demands,
    merge_observations,
    worst,
)
from servers.governor.domain.rules import Level, PlannerRules

CHECK: Final = timedelta(seconds=1)
# How far back somebody remembers; no configuration asks for more good checks.
MOST_SECONDS: Final = 100
# A model that failed rests for as long; nobody knows better before.
SIGHTS_COUNT: Final = timedelta(seconds=30)

View = tuple[Observation, ...]


class Looks(Protocol):
    """How the mesh was."""

    def at(self, moment: datetime) -> View | None:
        """What was known of it then; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's level as it is kept.

    `check_time` is when a check counted last, `change_time` since when the level holds, None where it never changed.
    `sights` are what the last turn saw that demands a level, at `sight_time`.
    """

    state: LevelState = field(default_factory=LevelState)
    check_time: datetime | None = None
    change_time: datetime | None = None
    sights: View = ()
    sight_time: datetime | None = None

    def sights_at(self, moment: datetime) -> View:
        """What the last turn saw, while it counts."""
        seen_at = self.sight_time
        return self.sights if seen_at is not None and seen_at <= moment < seen_at + SIGHTS_COUNT else ()

    def check_due(self, now: datetime) -> bool:
        """Whether a good check would count now; a bad one always does."""
        return self.check_time is None or now - self.check_time >= CHECK

    def moved(self, state: LevelState, check_time: datetime | None, now: datetime) -> "Standing":
        """With another state; since now where that is another level."""
        change_time = self.change_time if state.level is self.state.level else now
        return replace(self, state=state, check_time=check_time, change_time=change_time)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a tenant's level depends on besides its standing: its rules and budgets, and how the mesh is and was."""

    rules: PlannerRules
    budgets: Sequence[BudgetState]
    looks: Looks

    def demands(self, view: View) -> tuple[Demand, ...]:
        """What health and budget demand, worst first within each."""
        return (*health_demands(view, self.rules), *budget_demands(self.budgets, self.rules))


def caught_up(standing: Standing, basis: Basis, now: datetime) -> Standing:
    """The standing after the seconds since its last check, each a check of its own where somebody looked."""
    if standing.state.level is Level.L0 or standing.check_time is None:
        return standing
    passed = (now - standing.check_time) // CHECK
    state, checked_at = standing.state, standing.check_time
    if passed > MOST_SECONDS:
        state = LevelState(state.level)
    for second in range(max(1, passed - MOST_SECONDS + 1), passed + 1):
        moment = standing.check_time + second * CHECK
        view = basis.looks.at(moment)
        if view is None:
            # Of a second that nobody saw nothing is known, neither that it was good.
            state = LevelState(state.level)
            continue
        seen = view_of_turn(standing.sights_at(moment), view)
        state = state.after(worst(basis.demands(seen)), basis.rules)
        checked_at = moment
    return standing.moved(state, checked_at, now)


def after_plan(standing: Standing, state: LevelState, counted: bool, sights: View, now: datetime) -> Standing:
    """The standing after a plan that left this state; `counted` where the plan was a check."""
    moved = standing.moved(state, now if counted else standing.check_time, now)
    if state.level is Level.L0:
        moved = replace(moved, check_time=None)
    if sights == standing.sights and not (sights and counted):
        return moved
    return replace(moved, sights=sights, sight_time=now if sights else None)


def sights_of(seen: Sequence[Observation], rules: PlannerRules) -> View:
    """What of a turn's own view demands a level; the rest is forgotten."""
    return tuple(each for each in seen if worst(health_demands([each], rules)) > Level.L0)


@dataclass(frozen=True, slots=True)
class LevelStatus:
    """A tenant's level now, and why; `since` is None where it never changed."""

    standing: Standing
    reasons: tuple[Demand, ...]
    dependencies: View

    @property
    def level(self) -> Level:
        """The level."""
        return self.standing.state.level


def status_of(standing: Standing, basis: Basis, view: View, now: datetime) -> LevelStatus:
    """At which level a turn would be planned now, before its AIQ."""
    sights = standing.sights_at(now)
    current = caught_up(standing, basis, now)
    causes = basis.demands(view_of_turn(sights, view))
    demanded = worst(causes)
    if demanded >= current.state.level:
        state = LevelState(demanded)
        current = current.moved(state, None if demanded is Level.L0 else now, now)
    held = current.state.held_demand(demanded, basis.rules)
    found = (*causes, held) if held is not None else causes
    reasons = tuple(sorted(found, key=lambda demand: -demand.level))
    return LevelStatus(current, reasons, merge_observations(sights, view))
