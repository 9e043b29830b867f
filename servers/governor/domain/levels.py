"""Which level a turn runs at: the demands of sleep, health, budget and AIQ, and how a level falls and recovers.

Nothing here knows a clock, a message or a store. The level of a turn is the worst of the four demands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.rules import Lane, Level, PlannerRules


class Health(IntEnum):
    """Whether a dependency works; a higher number is worse."""

    UNKNOWN = 0
    UP = 1
    DEGRADED = 2
    DOWN = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """What one service saw of a dependency."""

    name: str
    health: Health
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand for a level with its reason; at L0 it is a notice. `lane_off` is the lane it empties."""

    source: str
    level: Level
    sentence: str
    lane_off: Lane | None = None


# What is said of a dependency that is down. A name that is not here says that it does not answer.
DOWN_SENTENCES: Final[dict[str, str]] = {
    "model": "No model answers, so the agent's prepared answer is sent.",
    "memory": "The memory service does not answer, so nothing is recalled.",
    "memory_database": "The database of memories is down, so nothing is recalled.",
    "memory_index": "The vector index is down, so memories are found by their words only.",
    "cognitive": "The cognitive service does not answer, so the modulation is neutral.",
    "cognitive_database": "The database of moods is down, so the modulation is neutral.",
    "control": "The control service does not answer, so switches and keys stay as known.",
    "control_database": "The database of control is down, so nothing is switched.",
    "database": "The database had trouble a moment ago; the turn was still stored.",
    "governor": "The governor had trouble a moment ago; this plan is complete.",
    "signals": "Wake-ups do not arrive, so other windows follow with a short delay.",
    "events": "Events are kept here and published when the broker is back.",
}
DEGRADED_SENTENCES: Final[dict[str, str]] = {
    "model": "The model answers with restrictions; another one may take over.",
    "memory": "The memory service answers with restrictions.",
    "cognitive": "The cognitive service is not reached by everybody.",
    "control": "The control service is not reached by everybody.",
    "memory_index": "Recall did not finish in time, so some memories may be missing.",
}
# The lane of a dependency that is down has nothing to carry, whatever level is demanded.
LANES_OFF: Final[dict[str, Lane]] = {"memory": Lane.MEMORY, "memory_database": Lane.MEMORY}

# Features that empty a lane when they are switched off; others concern other services.
FEATURE_LANES: Final[dict[str, tuple[Lane, str]]] = {
    "memory": (Lane.MEMORY, "Memory is switched off, so nothing is recalled."),
    "tools": (Lane.TOOLS, "Tools are switched off, so none is offered."),
}
GOVERNOR_FEATURE: Final = "agentiq_governor"
DEEP_SLEEP: Final = "deep"


def merge_observations(*views: Iterable[Observation]) -> tuple[Observation, ...]:
    """The views of several services as one, the worst state for each name, ordered by name."""
    worst: dict[str, Observation] = {}
    for view in views:
        for seen in view:
            known = worst.get(seen.name)
            if known is None or seen.health > known.health:
                worst[seen.name] = seen
    return tuple(worst[name] for name in sorted(worst))


def health_demands(observations: Iterable[Observation], rules: PlannerRules) -> tuple[Demand, ...]:
    """What the state of the dependencies demands, worst first."""
    demands: list[Demand] = []
    for seen in observations:
        name = seen.name
        if seen.health is Health.DOWN:
            sentence = DOWN_SENTENCES.get(name) or f"{name} does not answer."
            demands.append(Demand("health", rules.down.get(name, Level.L0), sentence, LANES_OFF.get(name)))
        elif seen.health is Health.DEGRADED:
            sentence = DEGRADED_SENTENCES.get(name) or f"{name} answers with restrictions."
            demands.append(Demand("health", rules.degraded.get(name, Level.L0), sentence))
    return tuple(sorted(demands, key=lambda demand: -demand.level))


def budget_demands(budgets: Sequence[BudgetState], rules: PlannerRules) -> tuple[Demand, ...]:
    """What the use of the budgets demands: L1 at 80 % used, L2 at 95 %, for soft ones as well."""
    demands: list[Demand] = []
    for budget in budgets:
        share = budget.used_share
        for threshold in rules.budget_thresholds:
            if share >= threshold.at:
                sentence = f"{share:.0%} of the {budget.name} is used."
                demands.append(Demand("budget", threshold.level, sentence))
                break
    return tuple(sorted(demands, key=lambda demand: -demand.level))


def aiq_demand(value: float, rules: PlannerRules) -> Demand | None:
    """What the predicted AIQ demands: L1 below 70, L2 below 50, L3 below 30, L4 below 10."""
    for threshold in rules.aiq_thresholds:
        if value < threshold.at:
            sentence = f"The predicted quality is {value:.0f} of 100, below {threshold.at:g}."
            return Demand("aiq", threshold.level, sentence)
    return None


def sleep_demand(sleep_state: str) -> Demand | None:
    """What the sleep of the turn's agent demands: L4 while it sleeps deeply, for no other turn than its own."""
    if sleep_state != DEEP_SLEEP:
        return None
    return Demand("sleep", Level.L4, "The agent sleeps deeply, so it answers that it rests.")


def worst(demands: Iterable[Demand]) -> Level:
    """The level of the worst demand, L0 without one."""
    return max((demand.level for demand in demands), default=Level.L0)


@dataclass(frozen=True, slots=True)
class LevelState:
    """A tenant's level between turns: where it stands and the streak of better checks since."""

    level: Level = Level.L0
    good_checks: int = 0
    worst_of_streak: Level = Level.L0

    def after(self, demanded: Level, rules: PlannerRules, *, check_due: bool = True) -> "LevelState":
        """The state after one more check of health and budget; a good one that is not due does not count.

        A level falls at once; it recovers with the third good check in a row, to the worst level of those three. AIQ
        and sleep speak of one turn only and take no part.
        """
        if demanded >= self.level:
            return LevelState(demanded)
        if not check_due:
            return self
        streak = max(demanded, self.worst_of_streak) if self.good_checks else demanded
        if self.good_checks + 1 >= rules.good_checks_to_recover:
            return LevelState(streak)
        return LevelState(self.level, self.good_checks + 1, streak)

    def held_demand(self, demanded: Level, rules: PlannerRules) -> Demand | None:
        """The reason for a level that is kept although nothing demands it any more."""
        if demanded >= self.level:
            return None
        sentence = (
            f"The cause of {self.level.name} is gone; the level recovers after "
            f"{rules.good_checks_to_recover} good checks ({self.good_checks} so far)."
        )
        return Demand("health", self.level, sentence)
