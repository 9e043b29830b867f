"""The servicer of memory, out of its subjects."""

from dataclasses import dataclass

from servers.memory.rpc.recalling import RecallServicing
from servers.memory.rpc.storing import StoringServicing
from servers.memory.rpc.upkeep import UpkeepServicing


@dataclass(frozen=True, kw_only=True)
class MemoryServicer(StoringServicing, RecallServicing, UpkeepServicing):
    """`soma.memory.v1.MemoryService`."""
