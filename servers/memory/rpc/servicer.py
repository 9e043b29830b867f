"""The servicer of memory, out of its subjects."""

from dataclasses import dataclass

from servers.memory.rpc.erasure import ErasureServicing
from servers.memory.rpc.links import LinkServicing
from servers.memory.rpc.quarantine import QuarantineServicing
from servers.memory.rpc.reading import ReadingServicing
from servers.memory.rpc.recalling import RecallServicing
from servers.memory.rpc.storing import StoringServicing


@dataclass(frozen=True, kw_only=True)
class MemoryServicer(
    StoringServicing, RecallServicing, LinkServicing, QuarantineServicing, ReadingServicing, ErasureServicing
):
    """`soma.memory.v1.MemoryService`."""
