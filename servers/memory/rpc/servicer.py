"""The servicer of memory, out of its subjects."""

from dataclasses import dataclass

from servers.memory.rpc.erasure import ErasureServicing
from servers.memory.rpc.recalling import RecallServicing
from servers.memory.rpc.storing import StoringServicing


@dataclass(frozen=True, kw_only=True)
class MemoryServicer(StoringServicing, RecallServicing, ErasureServicing):
    """`soma.memory.v1.MemoryService`."""
