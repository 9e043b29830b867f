"""A person is forgotten in memory: its own goes, what others told stays, and late words are refused."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from servers.memory.erasing import STORES, MemoriesEraser
from servers.memory.erasure.rows import ErasureRows
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.operations.erasing import TableEraser
from soma_common.operations.subjects import Found, Subject, pseudonym
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.test_consolidations import TEA, some
from tests.rpc.memory.upkeep_acts import consolidate, put

LEE = "lee-the-forgotten"
KEPT = "The tide tables hang beside the door."


@pytest.fixture(autouse=True)
def as_lee() -> Iterator[None]:
    with acting_as(user(LEE), "test"):
        yield


async def keep(remembering: Remembering, text: str, **fields: Any) -> memory_pb.Memory:
    request = service_pb.StoreMemoryRequest(**{"text": text, "request_id": str(uuid4())} | fields)
    return (await remembering.user.StoreMemory(request)).memory


async def read(remembering: Remembering, memory: memory_pb.Memory) -> memory_pb.Memory:
    return (await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=memory.memory_id))).memory


async def erase(remembering: Remembering) -> dict[str, Found]:
    """As the house does it; what is found afterwards by store."""
    subject = Subject(TENANT, uuid4(), LEE, pseudonym())
    first, *others = STORES
    memories = MemoriesEraser(remembering.database, first, EventStore("memory"))
    erasers = [memories, *(TableEraser(remembering.database, store) for store in others)]
    for eraser in erasers:
        await eraser.erase(subject)
    return {eraser.store: await eraser.find(subject) for eraser in erasers}


async def rows(remembering: Remembering, statement: str) -> list[Any]:
    async with remembering.database.transaction(TENANT) as connection:
        return [row[0] for row in await connection.fetch(statement)]


async def test_what_others_told_too_stays_theirs_without_what_the_person_added(remembering: Remembering) -> None:
    alone = await keep(remembering, "Lee owns a boat.", namespace="shared")
    common = await keep(remembering, KEPT, namespace="shared", tags=["from lee"])
    mine = await keep(remembering, "The oars are in the shed.")
    with acting_as(user("eve"), "test"):
        again = await keep(remembering, KEPT, namespace="shared")
        about = await keep(remembering, "Lee sails on Sundays.", subject=LEE)
        own = await keep(remembering, "I keep herons.")
    with acting_as(user(LEE, OTHER_TENANT), "test"):
        elsewhere = await keep(remembering, "Another tenant's boat.")
    assert again.memory_id == common.memory_id
    before = await rows(remembering, "select memories from namespace_sizes where namespace = 'shared'")
    found = await erase(remembering)
    assert set(found.values()) == {Found()}
    assert await rows(remembering, "select memories from namespace_sizes where namespace = 'shared'") == [before[0] - 1]
    with acting_as(user("eve"), "test"):
        for gone in (alone, about, mine):
            with pytest.raises(SomaError) as refused:
                await read(remembering, gone)
            assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
        kept = await read(remembering, common)
        assert (kept.text, kept.owner_sub, list(kept.tags)) == (KEPT, "eve", [])
        assert (await read(remembering, own)).text == "I keep herons."
        query = service_pb.RecallMemoriesRequest(query="tide tables boat", time_budget_milliseconds=5000)
        hits = (await remembering.user.RecallMemories(query, timeout=30)).hits
        assert [hit.memory.text for hit in hits if "oat" in hit.memory.text] == []
    with acting_as(user(LEE, OTHER_TENANT), "test"):
        assert (await read(remembering, elsewhere)).text == "Another tenant's boat."


async def test_what_others_could_read_is_told_to_be_gone_and_no_event_names_the_person(
    remembering: Remembering,
) -> None:
    now = remembering.clock.now()
    async with remembering.upkeep.running():
        for namespace in ("shared", f"user:{LEE}"):
            await put(remembering, *some(now, *TEA, namespace=namespace, owner_sub=LEE))
            await consolidate(remembering, namespace=namespace)
    shared = await rows(remembering, "select memory_id::text from memories where namespace = 'shared'")
    assert len(shared) == len(TEA) + 1
    assert set((await erase(remembering)).values()) == {Found()}
    told = await rows(remembering, "select stream from events where event_type = 'memory.forgotten'")
    assert sorted(told) == sorted(f"memory/{memory_id}" for memory_id in shared)
    assert await rows(remembering, "select memory_id from memories") == []
    assert await rows(remembering, "select memory_id from lost_memories") == []


async def test_words_that_the_person_gave_a_memory_of_another_are_taken_back(remembering: Remembering) -> None:
    with acting_as(user("eve"), "test"):
        first = await keep(remembering, KEPT, namespace="shared")
    changed = memory_pb.Memory(memory_id=first.memory_id, text="Lee was here.", etag=first.etag)
    with acting_as(user(LEE, TENANT, ("operator",)), "test"):
        update = service_pb.UpdateMemoryRequest(
            memory=changed, update_mask=FieldMask(paths=["text"]), request_id=str(uuid4())
        )
        await remembering.user.UpdateMemory(update)
    found = await erase(remembering)
    assert set(found.values()) == {Found()}
    with acting_as(user("eve"), "test"):
        assert (await read(remembering, first)).text == KEPT
        query = service_pb.RecallMemoriesRequest(query="tide tables", time_budget_milliseconds=5000)
        assert [hit.memory.text for hit in (await remembering.user.RecallMemories(query, timeout=30)).hits] == [KEPT]
    assert await rows(remembering, "select text from memory_versions where text like 'Lee%'") == []


async def test_what_began_before_is_refused_and_what_begins_after_is_kept(remembering: Remembering) -> None:
    old, clock = Ids().uuid7(), Clock()

    async def work(connection: Any) -> bool:
        return await ErasureRows().begin(connection, TENANT, uuid4(), LEE, clock.now())

    assert await remembering.database.run(TENANT, work)
    with pytest.raises(SomaError) as refused:
        await keep(remembering, "I said this before.", turn_id=str(old))
    assert refused.value.reason is Reason.MEMORY_REFUSED
    for turn_id in (str(Ids().uuid7()), ""):
        text = f"I said this afterwards, in {turn_id or 'no turn'}."
        assert (await keep(remembering, text, turn_id=turn_id)).text == text
    with acting_as(user("eve"), "test"):
        assert (await keep(remembering, "Eve said this before.", turn_id=str(old))).owner_sub == "eve"


async def test_whom_an_erasure_was_for_is_a_salted_hash_for_a_month_and_then_nothing(remembering: Remembering) -> None:
    rows_, first, clock = ErasureRows(), uuid4(), Clock()

    async def begin(erasure_id: UUID, sub: str) -> None:
        async def work(connection: Any) -> None:
            await rows_.begin(connection, TENANT, erasure_id, sub, clock.now())
            await rows_.end(connection, erasure_id, clock.now())

        await remembering.database.run(TENANT, work)

    await begin(first, LEE)
    everything = await rows(remembering, "select erasures::text from erasures")
    assert not any(LEE in row for row in everything)
    found = await remembering.database.run(TENANT, lambda it: rows_.find(it, first, LEE))
    assert found is not None
    assert found.of_asker
    await rows(remembering, "update erasures set end_time = end_time - interval '31 days' returning true")
    await begin(uuid4(), "somebody-else")
    assert await rows(remembering, f"select subject_hash from erasures where erasure_id = '{first}'") == [None]


async def test_no_shelf_holds_what_was_erased_for_long_though_nobody_recalls(remembering: Remembering) -> None:
    await keep(remembering, "Lee owns a boat.", namespace="shared")
    await keep(remembering, "The oars are in the shed.")
    with acting_as(user("eve"), "test"):
        await keep(remembering, KEPT, namespace="shared")
    query = service_pb.RecallMemoriesRequest(query="tide tables boat oars", time_budget_milliseconds=5000)
    assert len((await remembering.user.RecallMemories(query, timeout=30)).hits) == 3
    shelves = remembering.servicer.recaller.finder.shelves

    def held() -> dict[str, int]:
        places = shelves.places(TENANT, ("shared", f"user:{LEE}"))
        return {place.namespace: len(place.shelf) for place in places}

    assert held() == {"shared": 2, f"user:{LEE}": 1}
    await erase(remembering)
    await shelves.keep_up()
    assert held() == {"shared": 1, f"user:{LEE}": 0}


async def brought(text: str) -> AsyncIterator[transfer_pb.ImportMemoriesRequest]:
    yield transfer_pb.ImportMemoriesRequest(begin=transfer_pb.ImportBegin(request_id=str(uuid4())))
    yield transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(text=text))


async def test_whole_lines_of_memories_go_at_once_whatever_hides_them(remembering: Remembering) -> None:
    """What was made of what was made of one, facts among them, while a quarantine hides some."""
    async with remembering.upkeep.running():
        await put(remembering, *some(remembering.clock.now(), *TEA, namespace="shared", owner_sub=LEE))
        await consolidate(remembering, namespace="shared")
    line = [await keep(remembering, "Link 0 of the chain is rusty.", namespace="shared")]
    for number in range(1, 5):
        text = f"Link {number} of the chain is rusty."
        line.append(await keep(remembering, text, namespace="shared", derived_from=[line[-1].memory_id]))
    with acting_as(user("olga", roles=("operator",)), "test"):
        hide = upkeep_pb.QuarantineSourceRequest(
            subject=upkeep_pb.QuarantineSubject(memory_id=line[2].memory_id), reason="rust", request_id=str(uuid4())
        )
        await remembering.user.QuarantineSource(hide)
    await rows(
        remembering,
        "insert into memory_sources (tenant_id, memory_id, owner_sub, speaker, source_class, source_id, learn_time)"
        f" select tenant_id, memory_id, '{LEE}', '', 1, 'letter', now() from memories returning 1",
    )
    assert (await remembering.user.ImportMemories(brought("The anchor is heavy."))).stored_count == 1
    assert set((await erase(remembering)).values()) == {Found()}
    assert await rows(remembering, "select memory_id from memories") == []
    for table in ("memory_origins", "memory_ghosts", "quarantine_members", "memory_sources", "memory_imports"):
        assert await rows(remembering, f"select 1 from {table}") == [], table
