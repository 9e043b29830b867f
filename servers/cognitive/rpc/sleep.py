"""The servicer of sleep, put together of its subjects."""

from dataclasses import dataclass

from servers.cognitive.rpc.cycles import CycleServicing
from servers.cognitive.rpc.sleeping import SleepServicing


@dataclass(frozen=True, kw_only=True)
class SleepServicer(SleepServicing, CycleServicing):
    """`soma.cognitive.v1.SleepService`."""
