"""A snapshot as plain values and back: what a receipt keeps, so that the same plan can be computed again.

Values are those of JSON. Whole numbers that may exceed 2^53 (counters, limits) are strings, others are numbers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.levels import Health, LevelState, Observation
from servers.governor.domain.periods import Period
from servers.governor.domain.request import CallCounts, OutputCounts, Snapshot
from servers.governor.domain.rules import (
    AiqWeights,
    Lane,
    LaneBound,
    LaneProfile,
    Level,
    LevelRow,
    PlannerRules,
    Threshold,
)
from servers.governor.domain.scopes import Scope

Values = Mapping[str, Any]

# Rules that are single numbers, whole or not.
_WHOLE: Final = (
    "version",
    "method",
    "good_checks_to_recover",
    "wide_from_tokens",
    "wide_reference_tokens",
    "low_risk_tools_ceiling",
    "rescue_system_policy_tokens",
    "rescue_buffer_tokens",
    "least_output_tokens",
)
_REAL: Final = (
    "tool_relevance_floor",
    "tool_success_prior",
    "tool_success_prior_calls",
    "output_prior_tokens",
    "output_prior_turns",
)


def values_of_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot without its rules, which `values_of_rules` gives."""
    state = snapshot.level_state
    return {
        "health": [[seen.name, int(seen.health), seen.detail] for seen in snapshot.observations],
        "budgets": [_values_of_budget(budget) for budget in snapshot.budgets],
        "scoped_budgets": [_values_of_budget(budget) for budget in snapshot.scoped_budgets],
        "level": [int(state.level), state.good_checks, int(state.worst_of_streak)],
        "check_due": snapshot.check_due,
        "tool_calls": {
            name: [str(calls.attempts), str(calls.successes)] for name, calls in sorted(snapshot.tool_calls.items())
        },
        "output": [str(snapshot.output.turns), str(snapshot.output.tokens)],
    }


def snapshot_of_values(values: Values) -> Snapshot:
    """The snapshot again; `rules` must be among the values. Raises KeyError or ValueError for others."""
    level, good_checks, worst_of_streak = (int(part) for part in values["level"])
    turns, tokens = (int(part) for part in values["output"])
    return Snapshot(
        observations=tuple(Observation(name, Health(int(health)), detail) for name, health, detail in values["health"]),
        budgets=tuple(_budget_of_values(budget) for budget in values["budgets"]),
        # Receipts of earlier releases have none.
        scoped_budgets=tuple(_budget_of_values(budget) for budget in values.get("scoped_budgets", ())),
        level_state=LevelState(Level(level), good_checks, Level(worst_of_streak)),
        check_due=bool(values["check_due"]),
        tool_calls={
            name: CallCounts(int(attempts), int(successes))
            for name, (attempts, successes) in values["tool_calls"].items()
        },
        output=OutputCounts(turns, tokens),
        rules=rules_of_values(values["rules"]),
    )


def _values_of_budget(budget: BudgetState) -> dict[str, Any]:
    amounts = {"limit": budget.limit, "used": budget.used, "held": budget.held, "debt": budget.debt}
    return {
        "period": budget.period.value,
        "start": budget.start.isoformat(),
        "hard": budget.hard,
        **({} if budget.scope is Scope.TENANT else {"scope": budget.scope.value, "scope_id": budget.scope_id}),
        **{name: [str(amount.tokens), str(amount.micros)] for name, amount in amounts.items()},
    }


def _budget_of_values(values: Values) -> BudgetState:
    def amount(name: str) -> Amount:
        tokens, micros = values[name]
        return Amount(int(tokens), int(micros))

    return BudgetState(
        scope=Scope(values.get("scope", Scope.TENANT)),
        scope_id=values.get("scope_id", ""),
        period=Period(values["period"]),
        start=datetime.fromisoformat(values["start"]),
        limit=amount("limit"),
        hard=bool(values["hard"]),
        used=amount("used"),
        held=amount("held"),
        debt=amount("debt"),
    )


def values_of_rules(rules: PlannerRules) -> dict[str, Any]:
    """All numbers of the planner."""
    weights = rules.weights
    return {
        **{name: getattr(rules, name) for name in (*_WHOLE, *_REAL)},
        "weights": [weights.context_quality, weights.tool_relevance, weights.budget_efficiency],
        "levels": {
            level.name: [row.tool_k, row.budget_efficiency, *(row.shares[lane] for lane in Lane)]
            for level, row in rules.levels.items()
        },
        "bounds": {lane.value: [bound.floor, bound.ceiling] for lane, bound in rules.bounds.items()},
        "aiq_thresholds": _values_of_thresholds(rules.aiq_thresholds),
        "budget_thresholds": _values_of_thresholds(rules.budget_thresholds),
        "down": {name: level.name for name, level in sorted(rules.down.items())},
        "degraded": {name: level.name for name, level in sorted(rules.degraded.items())},
        "lane_profile": rules.lane_profile.value,
    }


def rules_of_values(values: Values) -> PlannerRules:
    """The rules again."""
    numbers: dict[str, Any] = {name: int(values[name]) for name in _WHOLE}
    numbers.update({name: float(values[name]) for name in _REAL})
    return PlannerRules(
        **numbers,
        weights=AiqWeights(*values["weights"]),
        levels={
            level: LevelRow(int(row[0]), row[1], dict(zip(Lane, row[2:], strict=True)))
            for level in Level
            for row in [list(values["levels"][level.name])]
        },
        bounds={lane: LaneBound(*(int(part) for part in values["bounds"][lane.value])) for lane in Lane},
        aiq_thresholds=_thresholds_of_values(values["aiq_thresholds"]),
        budget_thresholds=_thresholds_of_values(values["budget_thresholds"]),
        down={name: Level[level] for name, level in values["down"].items()},
        degraded={name: Level[level] for name, level in values["degraded"].items()},
        lane_profile=LaneProfile(values["lane_profile"]),
    )


def _values_of_thresholds(thresholds: Sequence[Threshold]) -> list[list[Any]]:
    return [[threshold.at, threshold.level.name] for threshold in thresholds]


def _thresholds_of_values(values: Sequence[Sequence[Any]]) -> tuple[Threshold, ...]:
    return tuple(Threshold(at, Level[name]) for at, name in values)
