"""The places at which a saga may be cut short, by name, so that tests can cut it at every one of them.

What happens there is handed in by a test; a served process hands in nothing and passes by.
"""

from collections.abc import Callable
from enum import StrEnum


class SagaFailpoint(StrEnum):
    """A place between two effects of a saga."""

    STARTED = "saga.started"  # it is stored
    CLAIMED = "saga.claimed"  # a process holds it and has not called anything
    ACTED = "saga.acted"  # an action or a compensation had its effect, which is not recorded
    RECORDED = "saga.recorded"  # a local step is recorded and not committed
    MOVED = "saga.moved"  # what came of a step is stored, with what comes next
    PARKING = "saga.parking"  # it is stuck, with its dead letter, and that is not committed


Reached = Callable[[SagaFailpoint], None]


def pass_by(point: SagaFailpoint) -> None:
    """What happens at a failpoint of a served process: nothing."""
