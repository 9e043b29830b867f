"""Memories out of a tenant and into another through the doors, and what is counted on the way."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration

from servers.memory.domain.memory import HYPOTHESIS_TRUST
from servers.memory.encoding.memories import stamp
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering

OLGA = user("olga", roles=("operator",))
FAR_OLGA = user("olga", tenant_id=OTHER_TENANT, roles=("operator",))
Piece = memory_pb.Memory | graph_pb.MemoryLink


@pytest.fixture(autouse=True)
def as_olga() -> Iterator[None]:
    with acting_as(OLGA, "test"):
        yield


async def export(remembering: Remembering, **fields: Any) -> list[transfer_pb.ExportMemoriesResponse]:
    request = transfer_pb.ExportMemoriesRequest(**fields)
    return [item async for item in remembering.user.ExportMemories(request)]


def pieces_of(exported: Sequence[transfer_pb.ExportMemoriesResponse]) -> list[Piece]:
    return [item.memory if item.HasField("memory") else item.link for item in exported if not item.HasField("end")]


async def bring(
    remembering: Remembering,
    pieces: Sequence[Piece],
    request_id: str = "",
    broken_after: int | None = None,
    **begin: Any,
) -> transfer_pb.ImportMemoriesResponse:
    async def requests() -> AsyncIterator[transfer_pb.ImportMemoriesRequest]:
        yield transfer_pb.ImportMemoriesRequest(
            begin=transfer_pb.ImportBegin(request_id=request_id or str(uuid4()), **begin)
        )
        for number, piece in enumerate(pieces):
            if number == broken_after:
                await eventually(lambda: counted(remembering, 400))
                raise ConnectionError("the importer went away")
            if isinstance(piece, memory_pb.Memory):
                yield transfer_pb.ImportMemoriesRequest(memory=piece)
            else:
                yield transfer_pb.ImportMemoriesRequest(link=piece)

    return await remembering.user.ImportMemories(requests())


async def counted(remembering: Remembering, amount: int) -> bool:
    stats = await remembering.user.GetMemoryStats(transfer_pb.GetMemoryStatsRequest())
    return sum(figures.memory_count for figures in stats.namespaces) == amount


async def fill(remembering: Remembering, seed: int, amount: int) -> list[str]:
    """A random set: facts, places, ends, sources, duplicates, links."""
    chance = random.Random(seed)
    ids: list[str] = []
    for number in range(amount):
        fields: dict[str, Any] = {"text": f"Entry {chance.randrange(amount)} of the ledger, seed {seed}."}
        fields["namespace"] = chance.choice(["shared", "user:olga", "user:ada"])
        if chance.random() < 0.3:
            fields["coordinate"] = f"{chance.randrange(4)},0"
        if chance.random() < 0.3:
            fields |= {"subject": f"s{chance.randrange(3)}", "predicate": "is", "object": f"o{number}"}
        if chance.random() < 0.2:
            fields["ttl"] = Duration(seconds=chance.randrange(1, 200))
        if ids and chance.random() < 0.3:
            fields["derived_from"] = chance.sample(ids, 1)
        fields["importance"] = chance.random()
        fields["pinned"] = chance.random() < 0.2
        fields["tags"] = chance.sample(["a", "b", "c"], chance.randrange(3))
        # What it was made of may have expired.
        with suppress(SomaError):
            request = service_pb.StoreMemoryRequest(**fields, request_id=str(uuid4()))
            ids.append((await remembering.user.StoreMemory(request)).memory.memory_id)
        remembering.clock.advance(chance.randrange(10))
    for _ in range(amount // 4):
        source, target = chance.sample(ids, 2)
        link = graph_pb.LinkMemoriesRequest(
            memory_id=source, target_memory_id=target, strength=0.5, request_id=str(uuid4())
        )
        with suppress(SomaError):
            await remembering.user.LinkMemories(link)
    return ids


@pytest.mark.parametrize("seed", range(2))
async def test_what_is_brought_into_another_tenant_is_what_was_taken_out(remembering: Remembering, seed: int) -> None:
    await fill(remembering, seed, 40)
    exported = await export(remembering, include_retired=True)
    assert exported[-1].end.memory_count == sum(item.HasField("memory") for item in exported) > 20
    with acting_as(FAR_OLGA, "test"):
        done = await bring(remembering, pieces_of(exported))
        assert (done.stored_count, done.link_count) == (exported[-1].end.memory_count, exported[-1].end.link_count)
        assert (done.duplicate_count, done.refused_count, list(done.refusals)) == (0, 0, [])
        assert await export(remembering, include_retired=True) == exported


async def test_ids_that_are_taken_are_given_anew_and_links_follow_them(remembering: Remembering) -> None:
    ids: list[str] = []
    for number in range(3):
        request = service_pb.StoreMemoryRequest(
            text=f"Chest {number} holds linen.", derived_from=ids[:1], namespace="shared", request_id=str(uuid4())
        )
        ids.append((await remembering.user.StoreMemory(request)).memory.memory_id)
    asked = graph_pb.LinkMemoriesRequest(memory_id=ids[0], target_memory_id=ids[2], request_id=str(uuid4()))
    await remembering.user.LinkMemories(asked)
    exported = pieces_of(await export(remembering))
    moved = await bring(remembering, exported, namespace="user:bea")
    assert (moved.stored_count, moved.link_count, moved.duplicate_count) == (3, 1, 0)
    *brought, link, _ = await export(remembering, namespaces=["user:bea"])
    by_text = {item.memory.text: item.memory for item in brought}
    assert not {memory.memory_id for memory in by_text.values()} & set(ids)
    listed = await remembering.user.ListMemories(service_pb.ListMemoriesRequest(namespaces=["user:bea"]))
    assert [memory.text for memory in listed.memories] == [f"Chest {number} holds linen." for number in (2, 1, 0)]
    first, last = by_text["Chest 0 holds linen."], by_text["Chest 2 holds linen."]
    assert list(last.derived_from) == [first.memory_id]
    assert (link.link.source_memory_id, link.link.target_memory_id) == (first.memory_id, last.memory_id)
    again = await bring(remembering, exported)
    assert (again.stored_count, again.duplicate_count, again.refused_count) == (0, 3, 0)


async def test_a_list_goes_by_when_memories_became_known_whatever_their_ids_are(remembering: Remembering) -> None:
    """Ids of another system tell no time: these are in no order, and two became known at once."""
    now, days, token = remembering.clock.now(), (3, 9, 1, 9, 5), ""
    given = [
        memory_pb.Memory(
            memory_id=str(uuid4()), text=f"The ladder {number} was oiled.", learn_time=stamp(now - timedelta(day))
        )
        for number, day in enumerate(days)
    ]
    assert (await bring(remembering, given)).stored_count == len(days)
    await remembering.user.StoreMemory(
        service_pb.StoreMemoryRequest(text="The ladder is safe.", request_id=str(uuid4()))
    )
    listed = list[str]()
    while True:
        asked = service_pb.ListMemoriesRequest(page_size=1, page_token=token)
        page = await remembering.user.ListMemories(asked)
        listed += [memory.text for memory in page.memories]
        if not (token := page.next_page_token):
            break
    pairs = sorted(zip(days, given, strict=True), key=lambda it: (-it[0], it[1].memory_id), reverse=True)
    assert listed == ["The ladder is safe.", *(memory.text for _, memory in pairs)]


async def test_a_broken_import_keeps_whole_batches_and_a_repeat_goes_on(remembering: Remembering) -> None:
    pieces = [memory_pb.Memory(text=f"Box {number} stands in the attic.", namespace="shared") for number in range(450)]
    request_id = str(uuid4())
    with pytest.raises(SomaError):
        await bring(remembering, pieces, request_id, broken_after=430)
    assert await counted(remembering, 400)
    done = await bring(remembering, pieces, request_id)
    assert (done.stored_count, done.duplicate_count, done.refused_count) == (450, 0, 0)
    assert await bring(remembering, pieces, request_id) == done
    stats = await remembering.user.GetMemoryStats(transfer_pb.GetMemoryStatsRequest())
    [figures] = stats.namespaces
    assert (figures.namespace, figures.memory_count, figures.episodic_count) == ("shared", 450, 450)
    assert (stats.stored_today, stats.daily_limit, stats.vector_index_up) == (450, 600, True)


async def test_what_makes_no_sense_is_refused_by_itself_and_named(remembering: Remembering) -> None:
    good = memory_pb.Memory(text="The attic has a window to the north.", namespace="shared")
    with acting_as(user("ada"), "test"):
        done = await bring(
            remembering,
            [
                memory_pb.Memory(text="Hello!", namespace="shared"),
                memory_pb.Memory(text="Bob hides the key under a stone.", namespace="user:bob"),
                memory_pb.Memory(text="one\0two", namespace="shared"),
                memory_pb.Memory(memory_id="1", text="A name that is none.", namespace="shared"),
                memory_pb.Memory(text="Hidden poison.", namespace="shared", quarantined=True),
                memory_pb.Memory(text="Believed too much.", namespace="shared", trust=2),
                good,
                graph_pb.MemoryLink(source_memory_id=str(uuid4()), target_memory_id=str(uuid4()), strength=1),
                graph_pb.MemoryLink(source_memory_id=str(uuid4()), target_memory_id=str(uuid4()), strength=7),
            ],
        )
    assert (done.stored_count, done.refused_count, done.link_count) == (1, 8, 0)
    assert "memory 1: This is not kept as a memory: it only greets or thanks." in done.refusals
    assert "memory 2: There is no namespace user:bob." in done.refusals
    assert "link 8: one of its ends was not imported" in done.refusals
    [kept, _] = await export(remembering)
    assert kept.memory.owner_sub == "ada"


async def test_a_hypothesis_is_believed_little_wherever_it_comes_from(remembering: Remembering) -> None:
    given = memory_pb.Memory(
        text="The attic may be haunted.", namespace="shared", trust=0.9, kind=memory_pb.MEMORY_KIND_HYPOTHESIS
    )
    assert (await bring(remembering, [given])).stored_count == 1
    [kept, _] = await export(remembering)
    assert (kept.memory.kind, kept.memory.trust) == (memory_pb.MEMORY_KIND_HYPOTHESIS, HYPOTHESIS_TRUST)


async def test_a_person_exports_what_is_theirs_to_read(remembering: Remembering) -> None:
    await fill(remembering, 3, 12)
    with acting_as(user("ada"), "test"):
        mine = await export(remembering, include_retired=True)
        assert {item.memory.namespace for item in mine if item.HasField("memory")} <= {"shared", "user:ada"}
        none = await export(remembering, namespaces=["user:olga"])
        assert [item.WhichOneof("item") for item in none] == ["end"]


async def test_an_import_without_its_beginning_is_refused(remembering: Remembering) -> None:
    async def requests() -> AsyncIterator[transfer_pb.ImportMemoriesRequest]:
        yield transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(text="Too early, by one piece."))

    with pytest.raises(SomaError) as refused:
        await remembering.user.ImportMemories(requests())
    assert refused.value.sentence == "The field begin is not acceptable: it must come first."


async def test_the_limit_of_a_day_is_exact_and_says_until_when(remembering: Remembering) -> None:
    def batch(begin: int) -> service_pb.BatchStoreMemoriesRequest:
        memories = [service_pb.NewMemory(text=f"Crate {number} holds apples.") for number in range(begin, begin + 130)]
        return service_pb.BatchStoreMemoriesRequest(memories=memories, request_id=str(uuid4()))

    answers = await asyncio.gather(
        *(remembering.user.BatchStoreMemories(batch(begin)) for begin in range(0, 650, 130)), return_exceptions=True
    )
    [limited] = [answer for answer in answers if isinstance(answer, SomaError)]
    assert limited.reason is Reason.RATE_LIMITED
    assert "at most 600 memories a day" in limited.sentence
    assert limited.retry_after_seconds is not None
    assert 0 < limited.retry_after_seconds <= 86_400
    stats = await remembering.user.GetMemoryStats(transfer_pb.GetMemoryStatsRequest())
    assert stats.stored_today == 520
    remembering.clock.advance(86_400)
    assert (await remembering.user.BatchStoreMemories(batch(9_000))).stored_count == 130


async def test_a_tenant_has_no_more_namespaces_than_it_may(remembering: Remembering) -> None:
    memories = [
        service_pb.NewMemory(text=f"Room {number} is painted blue.", namespace=f"user:guest{number}")
        for number in range(21)
    ]
    done = await remembering.user.BatchStoreMemories(
        service_pb.BatchStoreMemoriesRequest(memories=memories, request_id=str(uuid4()))
    )
    assert (done.stored_count, done.refused_count) == (20, 1)
    [why] = [result.refused for result in done.results if result.refused]
    assert why.startswith("This is not kept as a memory: the tenant has 20 namespaces, and no more are allowed")
    assert OLGA.tenant_id == TENANT
