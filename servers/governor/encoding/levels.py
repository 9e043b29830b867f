"""Levels, their reasons and the state of dependencies as messages.

Nothing here decides a level.
"""

from collections.abc import Iterable

from servers.governor.domain.levels import Demand, Observation
from servers.governor.domain.rules import Level
from soma.common.v1 import level_pb2 as level_pb


def level_message(level: Level) -> level_pb.DegradationLevel.ValueType:
    """The level as the contract has it."""
    return level_pb.DegradationLevel.ValueType(int(level) + 1)


def reason_messages(demands: Iterable[Demand]) -> list[level_pb.LevelReason]:
    """Demands and notices, in their order."""
    return [
        level_pb.LevelReason(source=demand.source, level=level_message(demand.level), sentence=demand.sentence)
        for demand in demands
    ]


def dependency_messages(observations: Iterable[Observation]) -> list[level_pb.ObservedDependency]:
    """What was seen of dependencies, in its order."""
    return [
        level_pb.ObservedDependency(
            name=seen.name, state=level_pb.DependencyState.ValueType(int(seen.health)), detail=seen.detail
        )
        for seen in observations
    ]
