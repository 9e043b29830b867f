"""The servicer of memory, out of its subjects."""

from dataclasses import dataclass

from servers.memory.rpc.erasure import ErasureServicing
from servers.memory.rpc.index import IndexServicing
from servers.memory.rpc.links import LinkServicing
from servers.memory.rpc.quarantine import QuarantineServicing
from servers.memory.rpc.reading import ReadingServicing
from servers.memory.rpc.recalling import RecallServicing
from servers.memory.rpc.storing import StoringServicing
from servers.memory.rpc.transfer import TransferServicing
from servers.memory.rpc.upkeep import UpkeepServicing


@dataclass(frozen=True, kw_only=True)
class MemoryServicer(
    StoringServicing,
    RecallServicing,
    LinkServicing,
    QuarantineServicing,
    ReadingServicing,
    IndexServicing,
    TransferServicing,
    ErasureServicing,
    UpkeepServicing,
):
    """`soma.memory.v1.MemoryService`."""
