"""Words that nobody says but one person, planted in every store of memory by its doors; and which tables got none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask

from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.clock import Clock
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.integration.chat.dump import where
from tests.integration.chat.person import Person
from tests.integration.erasure.stores import OWN, tables_of


class Canaries:
    """Words that nobody says but the person, each with where it was planted."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def plant(self, place: str) -> str:
        """A new one."""
        return self.words.setdefault(place, f"canary{uuid4().hex}")

    def not_in(self, rows: dict[str, list[str]], *names: str) -> set[str]:
        """The tables that can hold words or names, by what the houses know of themselves, and have none of these."""
        seen = {table for word in (*self.words.values(), *names) for table in where(rows, word)}
        able = {
            f"{house}.{name}" for house in OWN for name, table in tables_of(house).items() if table.names or table.words
        }
        return {table for table in able if not any(each == table or each.startswith(f"{table}_") for each in seen)}


def request_id() -> str:
    return str(uuid4())


async def keep(person: Person, text: str, **fields: object) -> memory_pb.Memory:
    order = service_pb.StoreMemoryRequest(text=text, request_id=request_id())
    order.MergeFrom(service_pb.StoreMemoryRequest(**fields))  # type: ignore[arg-type]  # as a test names them
    with person.acting():
        answer: service_pb.StoreMemoryResponse = await person.memory.StoreMemory(order)
    return answer.memory


async def remember(person: Person, canaries: Canaries) -> None:
    """Memories of each kind, alone and in common, with whatever a memory carries."""
    for kind in (memory_pb.MEMORY_KIND_EPISODIC, memory_pb.MEMORY_KIND_SEMANTIC, memory_pb.MEMORY_KIND_PROCEDURAL):
        for namespace in ("", "shared"):
            place = f"memory {kind} {namespace}"
            order = service_pb.StoreMemoryRequest(
                text=f"The key number {canaries.plant(place)} hangs in the hall of {kind}.",
                kind=kind,
                namespace=namespace,
                tags=[canaries.plant("tag")],
                subject=person.sub,
                source_id=canaries.plant("source"),
                request_id=request_id(),
            )
            order.payload.update({"note": canaries.plant("payload"), "by": person.sub})
            with person.acting():
                await person.memory.StoreMemory(order)
    # As a member: what an admin has forgotten is fenced for everybody, and nobody's.
    fenced = service_pb.DeleteBySourceRequest(source_id=canaries.plant("forgotten source"), request_id=request_id())
    with acting_as(user(person.sub, person.tenant, ("member",)), "a-correlation"):
        await person.memory.DeleteBySource(fenced)


async def tend(person: Person, canaries: Canaries) -> None:
    """Facts made of memories, versions, links, keys, an import, a quarantine, a sweep."""
    for namespace in ("", "shared"):
        await consolidate(person, canaries, namespace)
    key = canaries.plant("coordinate")
    placed = await keep(person, f"The lamp of {canaries.plant('version')} is green.", coordinate=key)
    fact = await keep(
        person,
        "The cat of the house is old.",
        subject="cat",
        predicate=canaries.plant("predicate"),
        object=canaries.plant("object"),
    )
    changed = memory_pb.Memory(memory_id=placed.memory_id, text="The lamp is blue.", tags=["lamp"])
    update = service_pb.UpdateMemoryRequest(
        memory=changed, update_mask=FieldMask(paths=["text", "tags"]), request_id=request_id()
    )
    link = graph_pb.LinkMemoriesRequest(
        memory_id=placed.memory_id,
        target_memory_id=fact.memory_id,
        type=canaries.plant("link"),
        request_id=request_id(),
    )
    hidden = await keep(person, "The well is deep.", namespace="shared")
    hide = upkeep_pb.QuarantineSourceRequest(
        subject=upkeep_pb.QuarantineSubject(memory_id=hidden.memory_id),
        reason=canaries.plant("reason of a quarantine"),
        request_id=request_id(),
    )
    # The one that has faded: what is important stays.
    faded = memory_pb.Memory(text=f"The mill of {canaries.plant('import')} turns.", importance=0.01)
    faded.learn_time.FromDatetime(Clock().now() - timedelta(days=4000))
    sweep = upkeep_pb.SweepMemoriesRequest(namespaces=[f"user:{person.sub}"], request_id=request_id())
    with person.acting():
        await person.memory.UpdateMemory(update)
        await person.memory.LinkMemories(link)
        await person.memory.QuarantineSource(hide)
        assert (await person.memory.ImportMemories(brought(faded))).stored_count == 1
        assert (await person.memory.SweepMemories(sweep)).swept_count == 1


async def consolidate(person: Person, canaries: Canaries, namespace: str) -> None:
    """What was said three times becomes a fact."""
    word = canaries.plant(f"consolidated {namespace}")
    said = (f"The ship {word} sails on Monday.", f"On Monday the ship {word} sails.", f"Monday the ship {word} sails.")
    await asyncio.gather(*(keep(person, text, namespace=namespace) for text in said))
    order = upkeep_pb.ConsolidateRequest(namespace=namespace, request_id=request_id())
    with person.acting():
        done = (await person.memory.Consolidate(order)).consolidation
    assert done.state == upkeep_pb.CONSOLIDATION_STATE_COMMITTED, done


async def brought(*memories: memory_pb.Memory) -> AsyncIterator[transfer_pb.ImportMemoriesRequest]:
    yield transfer_pb.ImportMemoriesRequest(begin=transfer_pb.ImportBegin(request_id=request_id()))
    for memory in memories:
        yield transfer_pb.ImportMemoriesRequest(memory=memory)
