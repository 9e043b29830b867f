"""What the commands on memories ask of the memory service.

Nothing here prints.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from cli.doors import Doors
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub

# Sweeps, consolidations and erasures look at thousands of memories and, at the latest, at every house.
LONG_SECONDS: Final = 120.0
# Exports, imports and rebuilds last as long as there is something to carry.
CARRY_SECONDS: Final = 24 * 3600.0


def memory(doors: Doors) -> MemoryServiceStub:
    """The stub."""
    return doors.stub("memory", MemoryServiceStub)


def stamp(moment: datetime | None) -> Timestamp | None:
    """A moment as messages have it."""
    if moment is None:
        return None
    found = Timestamp()
    found.FromDatetime(moment)
    return found


def kind_number(word: str) -> memory_pb.MemoryKind.ValueType:
    """A kind by its name in small letters."""
    return memory_pb.MemoryKind.Value(f"MEMORY_KIND_{word.upper()}")


async def one(doors: Doors, memory_id: str) -> memory_pb.Memory:
    """A memory. Raises SomaError."""
    return (await memory(doors).GetMemory(service_pb.GetMemoryRequest(memory_id=memory_id))).memory


async def lineage(doors: Doors, memory_id: str) -> upkeep_pb.GetLineageResponse:
    """Where a memory comes from and what became of it. Raises SomaError."""
    return await memory(doors).GetLineage(upkeep_pb.GetLineageRequest(memory_id=memory_id))


async def newest(doors: Doors, most: int) -> list[memory_pb.Memory]:
    """The newest memories. Raises SomaError."""
    return list((await memory(doors).ListMemories(service_pb.ListMemoriesRequest(page_size=most))).memories)


async def listed(doors: Doors, request: service_pb.ListMemoriesRequest, most: int) -> service_pb.ListMemoriesResponse:
    """As many memories as are wanted, over as many pages as that takes. Raises SomaError."""
    found = service_pb.ListMemoriesResponse()
    while len(found.memories) < most:
        request.page_size = min(200, most - len(found.memories))
        page = await memory(doors).ListMemories(request)
        found.memories.extend(page.memories)
        found.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found


async def changed(doors: Doors, wanted: memory_pb.Memory, paths: list[str]) -> memory_pb.Memory:
    """Change the named fields of a memory as it was seen. Raises SomaError."""
    request = service_pb.UpdateMemoryRequest(memory=wanted, request_id=doors.request_id())
    request.update_mask.paths.extend(paths)
    return (await memory(doors).UpdateMemory(request)).memory


async def exported(
    doors: Doors, request: transfer_pb.ExportMemoriesRequest
) -> AsyncIterator[transfer_pb.ExportMemoriesResponse]:
    """The pieces of an export as they come. Raises SomaError."""
    async for piece in memory(doors).ExportMemories(request, timeout=CARRY_SECONDS):
        yield piece


async def stats(doors: Doors, namespaces: list[str]) -> transfer_pb.GetMemoryStatsResponse:
    """How much is remembered. Raises SomaError."""
    return await memory(doors).GetMemoryStats(transfer_pb.GetMemoryStatsRequest(namespaces=namespaces))
