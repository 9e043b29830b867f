"""A configuration from its message, upon the one that held before.

Nothing is checked here that the contract's own rules check before a call arrives; what is wrong with values says
`domain/configuration.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from servers.governor.domain.configuration import BUILT_IN, Configuration
from servers.governor.domain.levels import Health
from servers.governor.domain.rates import RateRules
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
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma_common.kernel.errors import FieldViolation

_PROFILES: Final = {
    plan_pb.LANE_PROFILE_AUTO: LaneProfile.AUTO,
    plan_pb.LANE_PROFILE_CLASSIC: LaneProfile.CLASSIC,
    plan_pb.LANE_PROFILE_WIDE: LaneProfile.WIDE,
}
# Fields of the message that are a number of the rules by the same name.
_NUMBERS: Final = (
    "good_checks_to_recover",
    "tool_relevance_floor",
    "tool_success_prior",
    "wide_from_tokens",
    "low_risk_tools_ceiling",
)


def kept_configuration(stored: bytes, version: int) -> Configuration:
    """A configuration that was kept; what a newer release knows besides has the value that comes with the system."""
    kept = merged(BUILT_IN, config_pb.GovernorConfig.FromString(stored))
    return replace(kept, rules=replace(kept.rules, version=version))


def retention_days(stored: bytes | None) -> int:
    """How long receipts are kept under a configuration; None is what comes with the system."""
    kept = BUILT_IN if stored is None else kept_configuration(stored, 0)
    return kept.receipt_retention_days


def merged(base: Configuration, change: config_pb.GovernorConfig) -> Configuration:
    """The configuration with the fields that are set in the change. Its rows must be complete."""
    found: dict[str, Any] = {name: getattr(change, name) for name in _NUMBERS if change.HasField(name)}
    if change.HasField("weights"):
        weights = change.weights
        found["weights"] = AiqWeights(weights.context_quality, weights.tool_relevance, weights.budget_efficiency)
    if change.levels:
        found["levels"] = dict(sorted(map(_level, change.levels)))
    if change.bounds:
        bounds = {row.lane: LaneBound(row.floor, row.ceiling) for row in change.bounds}
        found["bounds"] = {lane: bounds[lane.value] for lane in Lane}
    if change.aiq_thresholds:
        found["aiq_thresholds"] = _thresholds(change.aiq_thresholds)
    if change.budget_thresholds:
        found["budget_thresholds"] = _thresholds(change.budget_thresholds)
    if change.lane_profile:
        found["lane_profile"] = _PROFILES[change.lane_profile]
    rules = replace(base.rules, **found)
    return Configuration(
        rules=_with_health(rules, change.health),
        rates=_rates(change.rates) if change.HasField("rates") else base.rates,
        receipt_retention_days=(
            change.receipt_retention_days if change.HasField("receipt_retention_days") else base.receipt_retention_days
        ),
    )


def missing_rows(change: config_pb.GovernorConfig) -> list[FieldViolation]:
    """Tables that are given in part or with a row twice; only whole ones can be merged."""
    tables = (
        ("config.levels", [Level(row.level - 1).name for row in change.levels], [level.name for level in Level]),
        ("config.bounds", [row.lane for row in change.bounds], [lane.value for lane in Lane]),
    )
    found = [
        FieldViolation(name, f"it needs one row for each of {', '.join(wanted)}, or none to keep them")
        for name, given, wanted in tables
        if given and sorted(given) != sorted(wanted)
    ]
    rows = [(row.dependency, row.state) for row in change.health]
    if len(set(rows)) < len(rows):
        found.append(FieldViolation("config.health", "a dependency has two rows for the same state"))
    return found


def _level(row: config_pb.LevelRule) -> tuple[Level, LevelRow]:
    shares = {lane: getattr(row.shares, lane.value) for lane in Lane}
    return Level(row.level - 1), LevelRow(row.tool_k, row.budget_efficiency, shares)


def _thresholds(rows: Iterable[config_pb.LevelThreshold]) -> tuple[Threshold, ...]:
    return tuple(Threshold(row.at, Level(row.level - 1)) for row in rows)


def _with_health(rules: PlannerRules, rows: Sequence[config_pb.HealthRule]) -> PlannerRules:
    if not rows:
        return rules
    return replace(
        rules,
        down={**rules.down, **_levels_at(Health.DOWN, rows)},
        degraded={**rules.degraded, **_levels_at(Health.DEGRADED, rows)},
    )


def _levels_at(health: Health, rows: Iterable[config_pb.HealthRule]) -> Mapping[str, Level]:
    return {row.dependency: Level(row.level - 1) for row in rows if row.state == int(health)}


def _rates(rates: config_pb.RateRules) -> RateRules:
    return RateRules(**{name: getattr(rates, name) for name in RateRules.__slots__})
