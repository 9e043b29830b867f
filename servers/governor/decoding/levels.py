"""Messages on dependencies as values.

Nothing is decided here.
"""

from collections.abc import Iterable

from servers.governor.domain.levels import Health, Observation
from soma.common.v1 import level_pb2 as level_pb


def observations(seen: Iterable[level_pb.ObservedDependency]) -> tuple[Observation, ...]:
    """What a service saw of its dependencies."""
    return tuple(Observation(each.name, Health(each.state), each.detail) for each in seen)
