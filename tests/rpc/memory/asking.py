"""What is asked of a house so that its statements run: requests, and what a process does by itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np
from google.protobuf.field_mask_pb2 import FieldMask

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.clock import SetClock
from tests.rpc.memory.attacks import Estate
from tests.rpc.memory.conftest import House
from tests.rpc.memory.past import ELSEWHERE, QUARANTINE, held
from tests.rpc.memory.twins import ONE


@dataclass(frozen=True)
class Request:
    """A call, and what is changed before what it asked is asked again."""

    method: str
    request: Any
    before: str = ""


def chosen(estate: Estate) -> list[Request]:
    """What random requests hardly come to."""
    memories = estate.ids["memories"]
    taken = memory_pb.Memory(memory_id=memories[9], text=f"{estate.canary} moved to the harbour.", coordinate="2,4")
    pieces = [
        transfer_pb.ImportMemoriesRequest(begin=transfer_pb.ImportBegin(request_id=str(uuid4()))),
        transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(memory_id=memories[2], text="The harbour froze.")),
        transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(memory_id=str(uuid4()), text="The harbour is open.")),
    ]
    told = [f"{estate.canary} told the gardener about tree number {number}." for number in range(24)]
    batch = service_pb.BatchStoreMemoriesRequest(request_id=str(uuid4()))
    batch.memories.add(namespace="shared", text=told[1], source_id="one more")
    batch.memories.add(
        namespace="user:ada",
        text=told[21],
        source_id=estate.ids["sources"][0],
        conversation_id=estate.ids["conversations"][0],
    )
    batch.memories.add(namespace="user:ada", text=told[5], source_id="another", conversation_id=str(ELSEWHERE))
    for number in (9, 17, 18):
        batch.memories.add(namespace="shared", text=told[number], source_id="another")
    batch.memories.add(namespace="shared", text="The flag is on the map.", coordinate="1,2")
    batch.memories.add(namespace="shared", text="Ada likes coffee.", subject="ada", predicate="likes", object="coffee")
    batch.memories.add(namespace="shared", text="A gardener and a tree.", derived_from=[memories[5], memories[15]])
    batch.memories.add(namespace="agent:00000000-0000-7000-8000-00000000000f", text="There is a new place.")
    batch.memories.add(namespace="shared", text="It was told elsewhere.", source_id="elsewhere")
    again = service_pb.StoreMemoryRequest(namespace="user:ada", text=told[21])
    return [
        Request("BatchStoreMemories", batch),
        Request("BatchStoreMemories", batch, QUARANTINE),
        Request("BatchStoreMemories", batch, held("coordinate", memories)),
        Request("CorrectMemory", service_pb.CorrectMemoryRequest(memory_id=memories[10], text="The tree was felled.")),
        Request(
            "UpdateMemory",
            service_pb.UpdateMemoryRequest(memory=taken, update_mask=FieldMask(paths=["text", "coordinate"])),
        ),
        Request("StoreMemory", again, f"delete from memories_to_index where tenant_id = '{ONE}'"),
        Request("UpdateMemory", weighed(memories[15])),
        Request("UpdateMemory", weighed(memories[21]), held("text_key", memories, 21)),
        Request("ListMemories", service_pb.ListMemoriesRequest()),
        Request("ImportMemories", pieces),
        Request("Consolidate", upkeep_pb.ConsolidateRequest(namespace="user:ada")),
        Request(
            "RecallMemories",
            service_pb.RecallMemoriesRequest(query="Who told the gardener?", time_budget_milliseconds=5_000),
        ),
        Request("DeleteMemory", service_pb.DeleteMemoryRequest(memory_id=memories[15])),
        *(Request(name, memories) for name in ACTS),
    ]


def weighed(memory_id: str) -> service_pb.UpdateMemoryRequest:
    memory = memory_pb.Memory(memory_id=memory_id, importance=0.7)
    return service_pb.UpdateMemoryRequest(memory=memory, update_mask=FieldMask(paths=["importance"]))


async def a_night(house: House, _: Sequence[str]) -> None:
    """A month later, so that what was swept and consolidated goes for good."""
    later = SetClock()
    later.advance(timedelta(days=31).total_seconds())
    await replace(house.upkeep.nightly, clock=later).look_after(TenantId(ONE), sweeps=True)


async def accesses(house: House, memories: Sequence[str]) -> None:
    house.accesses.note(TenantId(ONE), map(UUID, memories), UUID(memories[0]))
    await house.accesses.write()


async def following(house: House, memories: Sequence[str]) -> None:
    queue, ids = house.vectors.queue, [UUID(it) for it in memories]
    texts = await queue.texts(TenantId(ONE), ids, house.vectors.spaces.built_in.space.version)
    await queue.keep_embeddings(TenantId(ONE), "another/1", [(it, np.ones(4, dtype=np.float32)) for it in texts])


# What a process does by itself for one tenant.
ACTS: Final[dict[str, Callable[[House, Sequence[str]], Awaitable[object]]]] = {
    "a night": a_night,
    "accesses": accesses,
    "following": following,
}
