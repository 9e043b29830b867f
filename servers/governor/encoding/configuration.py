"""A configuration and its versions as messages.

Nothing is decided here. Serialising is deterministic, so that equal configurations are equal bytes.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from servers.governor.configuration.versions import Version
from servers.governor.domain.configuration import Configuration
from servers.governor.domain.levels import Health
from servers.governor.domain.rules import LaneProfile, Level, LevelRow, PlannerRules, Threshold
from servers.governor.encoding.levels import level_message
from servers.governor.encoding.moments import timestamp
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import plan_pb2 as plan_pb

_PROFILES: Final = {
    LaneProfile.AUTO: plan_pb.LANE_PROFILE_AUTO,
    LaneProfile.CLASSIC: plan_pb.LANE_PROFILE_CLASSIC,
    LaneProfile.WIDE: plan_pb.LANE_PROFILE_WIDE,
}


def version_message(version: Version, configuration: Configuration | None = None) -> config_pb.ConfigVersion:
    """A version, with its values where they are given."""
    return config_pb.ConfigVersion(
        version=version.number,
        config=None if configuration is None else configuration_message(configuration),
        changed_by=version.changed_by,
        comment=version.comment,
        create_time=None if version.create_time is None else timestamp(version.create_time),
        restores_version=version.restores or 0,
        changed_fields=version.changed_fields,
    )


def stored_configuration(configuration: Configuration) -> bytes:
    """The whole configuration as it is kept."""
    return configuration_message(configuration).SerializeToString(deterministic=True)


def configuration_message(configuration: Configuration) -> config_pb.GovernorConfig:
    """All values, every field set."""
    rules, rates = configuration.rules, configuration.rates
    weights = rules.weights
    return config_pb.GovernorConfig(
        weights=config_pb.AiqWeights(
            context_quality=weights.context_quality,
            tool_relevance=weights.tool_relevance,
            budget_efficiency=weights.budget_efficiency,
        ),
        levels=[_level(level, row) for level, row in sorted(rules.levels.items())],
        bounds=[
            config_pb.LaneBound(lane=lane.value, floor=bound.floor, ceiling=bound.ceiling)
            for lane, bound in rules.bounds.items()
        ],
        aiq_thresholds=_thresholds(rules.aiq_thresholds),
        budget_thresholds=_thresholds(rules.budget_thresholds),
        health=_health(rules),
        good_checks_to_recover=rules.good_checks_to_recover,
        tool_relevance_floor=rules.tool_relevance_floor,
        tool_success_prior=rules.tool_success_prior,
        lane_profile=_PROFILES[rules.lane_profile],
        wide_from_tokens=rules.wide_from_tokens,
        low_risk_tools_ceiling=rules.low_risk_tools_ceiling,
        rates=config_pb.RateRules(**{name: getattr(rates, name) for name in rates.__slots__}),
        receipt_retention_days=configuration.receipt_retention_days,
    )


def _level(level: Level, row: LevelRow) -> config_pb.LevelRule:
    return config_pb.LevelRule(
        level=level_message(level),
        tool_k=row.tool_k,
        budget_efficiency=row.budget_efficiency,
        shares=config_pb.LaneShares(**{lane.value: share for lane, share in row.shares.items()}),
    )


def _thresholds(thresholds: Iterable[Threshold]) -> list[config_pb.LevelThreshold]:
    return [config_pb.LevelThreshold(at=each.at, level=level_message(each.level)) for each in thresholds]


def _health(rules: PlannerRules) -> list[config_pb.HealthRule]:
    return [*_health_rows(rules.degraded, Health.DEGRADED), *_health_rows(rules.down, Health.DOWN)]


def _health_rows(levels: Mapping[str, Level], health: Health) -> list[config_pb.HealthRule]:
    state = level_pb.DependencyState.ValueType(int(health))
    return [
        config_pb.HealthRule(dependency=name, state=state, level=level_message(levels[name])) for name in sorted(levels)
    ]
