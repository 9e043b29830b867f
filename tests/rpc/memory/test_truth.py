"""Truth over time through its door: keys, facts, ends, updates and corrections."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering

LISBON = "Ada lives in Lisbon, near the river."
PORTO = "Ada lives in Porto, above a bakery."


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def keep(remembering: Remembering, text: str, **fields: Any) -> service_pb.StoreMemoryResponse:
    request = service_pb.StoreMemoryRequest(**{"text": text, "request_id": str(uuid4())} | fields)
    return await remembering.user.StoreMemory(request)


async def read(remembering: Remembering, memory_id: str) -> memory_pb.Memory:
    return (await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=memory_id))).memory


async def listed(remembering: Remembering, **fields: Any) -> list[memory_pb.Memory]:
    return list((await remembering.user.ListMemories(service_pb.ListMemoriesRequest(**fields))).memories)


async def lineage(remembering: Remembering, memory_id: str) -> upkeep_pb.GetLineageResponse:
    return await remembering.user.GetLineage(upkeep_pb.GetLineageRequest(memory_id=memory_id))


async def update(
    remembering: Remembering, memory: memory_pb.Memory, *paths: str, request_id: str = ""
) -> memory_pb.Memory:
    request = service_pb.UpdateMemoryRequest(
        memory=memory, update_mask=FieldMask(paths=paths), request_id=request_id or str(uuid4())
    )
    return (await remembering.user.UpdateMemory(request)).memory


async def correct(
    remembering: Remembering, memory_id: str, text: str, **fields: Any
) -> service_pb.CorrectMemoryResponse:
    request = service_pb.CorrectMemoryRequest(
        **{"memory_id": memory_id, "text": text, "request_id": str(uuid4())} | fields
    )
    return await remembering.user.CorrectMemory(request)


async def events(remembering: Remembering, event_type: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.fetchval("select count(*) from events where event_type = $1", event_type))

    return await remembering.database.run(TENANT, work)


def stamp(remembering: Remembering, **later: float) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(remembering.clock.now() + timedelta(**later))
    return made


async def test_a_coordinate_holds_one_memory_and_names_who_took_its_place(remembering: Remembering) -> None:
    old = (await keep(remembering, LISBON, coordinate=" 4, 8.0,15 ")).memory
    assert old.coordinate == "4,8,15"
    new = await keep(remembering, PORTO, coordinate="4,8,15.00")
    assert list(new.superseded_ids) == [old.memory_id]
    closed = await read(remembering, old.memory_id)
    assert closed.superseded_by == new.memory.memory_id
    assert closed.retire_time == new.memory.learn_time == closed.valid_to_time
    assert [memory.text for memory in await listed(remembering)] == [PORTO]
    assert await events(remembering, "memory.superseded") == 1


async def test_a_fact_replaces_the_one_of_the_same_subject_and_predicate(remembering: Remembering) -> None:
    fact = {"subject": "Ada", "predicate": "lives_in"}
    old = await keep(remembering, LISBON, object="Lisbon", **fact)
    other = await keep(
        remembering, "Ben lives in Lisbon as well.", subject="Ben", predicate="lives_in", object="Lisbon"
    )
    new = await keep(remembering, PORTO, object="Porto", **fact)
    assert list(new.superseded_ids) == [old.memory.memory_id]
    assert {memory.memory_id for memory in await listed(remembering)} == {other.memory.memory_id, new.memory.memory_id}
    past = await keep(
        remembering,
        "Ada lived in Faro as a child.",
        object="Faro",
        valid_from_time=stamp(remembering, days=-9000),
        valid_to_time=stamp(remembering, days=-8000),
        **fact,
    )
    assert list(past.superseded_ids) == []


async def test_of_two_who_store_under_one_key_one_replaces_the_other(remembering: Remembering) -> None:
    texts = [f"The treasure of the island lies under palm number {number}." for number in range(8)]
    await asyncio.gather(
        *(keep(remembering, text, coordinate="treasure", subject="t", predicate="p") for text in texts)
    )
    alive = await listed(remembering)
    assert len(alive) == 1
    everything = await listed(remembering, include_retired=True)
    assert {memory.text for memory in everything} == set(texts)
    assert len((await lineage(remembering, alive[0].memory_id)).superseded) == len(texts) - 1


async def test_the_same_said_by_many_at_once_is_one_memory(remembering: Remembering) -> None:
    answers = await asyncio.gather(*(keep(remembering, LISBON) for _ in range(6)))
    assert len({answer.memory.memory_id for answer in answers}) == 1
    assert sum(answer.duplicate for answer in answers) == 5
    assert (await read(remembering, answers[0].memory.memory_id)).access_count == 5


async def test_what_has_expired_is_gone_before_any_sweep_and_may_be_said_again(remembering: Remembering) -> None:
    kept = (await keep(remembering, LISBON, ttl=Duration(seconds=60))).memory
    remembering.clock.advance(59)
    assert (await read(remembering, kept.memory_id)).expire_time == kept.expire_time
    remembering.clock.advance(1)
    with pytest.raises(SomaError) as gone:
        await read(remembering, kept.memory_id)
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND
    assert await listed(remembering, include_retired=True) == []
    again = await keep(remembering, LISBON)
    assert not again.duplicate
    assert again.memory.memory_id != kept.memory_id


async def test_what_was_replaced_is_stored_anew_when_it_is_said_again(remembering: Remembering) -> None:
    old = (await keep(remembering, LISBON, coordinate="home")).memory
    await keep(remembering, PORTO, coordinate="home")
    again = await keep(remembering, LISBON, coordinate="home")
    assert not again.duplicate
    told = await lineage(remembering, old.memory_id)
    assert [memory.text for memory in told.superseded_by] == [PORTO, LISBON]


async def test_what_is_made_of_memories_is_believed_no_more_than_they_are(remembering: Remembering) -> None:
    weak = (await keep(remembering, LISBON, trust=0.3)).memory
    made = (await keep(remembering, "Ada can walk to the Tagus.", derived_from=[weak.memory_id], trust=0.9)).memory
    assert made.trust == 0.3
    made.trust = 1.0
    assert (await update(remembering, made, "trust")).trust == 0.3
    told = await lineage(remembering, weak.memory_id)
    assert [memory.memory_id for memory in told.descendants] == [made.memory_id]
    assert [memory.memory_id for memory in (await lineage(remembering, made.memory_id)).sources] == [weak.memory_id]
    for foreign in (str(uuid4()), await _of_bob(remembering)):
        with pytest.raises(SomaError) as refused:
            await keep(remembering, PORTO, derived_from=[foreign])
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def _of_bob(remembering: Remembering) -> str:
    with acting_as(user("bob"), "test"):
        return (await keep(remembering, "Bob keeps bees behind the house.")).memory.memory_id


async def test_an_update_keeps_what_was_as_a_version(remembering: Remembering) -> None:
    kept = (await keep(remembering, LISBON, tags=["home"])).memory
    changed = memory_pb.Memory(memory_id=kept.memory_id, etag=kept.etag, text=PORTO, pinned=True, tags=["move"])
    request_id = str(uuid4())
    after = await update(remembering, changed, "text", "pinned", request_id=request_id)
    assert (after.text, after.pinned, list(after.tags), after.version) == (PORTO, True, ["home"], 2)
    assert await update(remembering, changed, "text", "pinned", request_id=request_id) == after
    [before] = (await lineage(remembering, kept.memory_id)).versions
    assert (before.text, before.pinned, before.version) == (LISBON, False, 1)
    with pytest.raises(SomaError) as stale:
        await update(remembering, changed, "pinned")
    assert stale.value.reason is Reason.ETAG_MISMATCH
    asked = service_pb.RecallMemoriesRequest(query="bakery", time_budget_milliseconds=5000)
    found = await remembering.user.RecallMemories(asked)
    assert [hit.memory.memory_id for hit in found.hits] == [kept.memory_id]
    assert await events(remembering, "memory.updated") == 1


async def test_a_correction_closes_the_old_memory_where_the_new_one_begins(remembering: Remembering) -> None:
    old = (
        await keep(remembering, LISBON, coordinate="home", subject="Ada", predicate="lives_in", object="Lisbon")
    ).memory
    since = stamp(remembering, seconds=30)
    remembering.clock.advance(60)
    done = await correct(remembering, old.memory_id, PORTO, object="Porto", valid_from_time=since, etag=old.etag)
    assert (done.memory.text, done.memory.object, done.memory.coordinate) == (PORTO, "Porto", "home")
    assert done.superseded.valid_to_time == done.memory.valid_from_time == since
    assert done.superseded.superseded_by == done.memory.memory_id
    assert (await events(remembering, "memory.stored"), await events(remembering, "memory.superseded")) == (2, 1)
    with pytest.raises(SomaError) as twice:
        await correct(remembering, old.memory_id, "Ada lives in Braga.")
    assert twice.value.reason is Reason.MEMORY_REFUSED
    assert done.memory.memory_id in twice.value.sentence


async def test_a_coordinate_that_somebody_has_is_not_taken_by_an_update(remembering: Remembering) -> None:
    await keep(remembering, LISBON, coordinate="home")
    other = (await keep(remembering, PORTO)).memory
    other.coordinate = "home"
    with pytest.raises(SomaError) as taken:
        await update(remembering, other, "coordinate")
    assert taken.value.reason is Reason.INVALID_FIELD
    assert "has it" in taken.value.sentence


async def test_a_page_of_the_list_goes_on_behind_the_last(remembering: Remembering) -> None:
    for number in range(5):
        await keep(remembering, f"Shelf number {number} holds jars of jam.", tags=["jam"])
    await keep(remembering, LISBON)
    found, token = list[str](), ""
    while True:
        asked = service_pb.ListMemoriesRequest(tags=["jam"], page_size=2, page_token=token)
        page = await remembering.user.ListMemories(asked)
        found += [memory.text for memory in page.memories]
        token = page.next_page_token
        if not token:
            break
    assert found == [f"Shelf number {number} holds jars of jam." for number in (4, 3, 2, 1, 0)]


async def test_each_of_a_batch_is_stored_strengthened_or_refused_by_itself(remembering: Remembering) -> None:
    there = (await keep(remembering, LISBON)).memory
    memories = [
        service_pb.NewMemory(text=LISBON),
        service_pb.NewMemory(text="Hello there!"),
        service_pb.NewMemory(text=PORTO, coordinate="home"),
        service_pb.NewMemory(text="Ada lives in Braga, by the stairs.", coordinate="home"),
        service_pb.NewMemory(text="x", namespace="user:bob"),
        service_pb.NewMemory(text=PORTO, coordinate="nan,1"),
    ]
    asked = service_pb.BatchStoreMemoriesRequest(memories=memories, request_id=str(uuid4()))
    done = await remembering.user.BatchStoreMemories(asked)
    assert (done.stored_count, done.duplicate_count, done.refused_count) == (2, 1, 3)
    assert done.results[0].duplicate_of == there.memory_id
    assert done.results[1].refused == "This is not kept as a memory: it only greets or thanks."
    assert done.results[4].refused == "There is no namespace user:bob."
    assert done.results[5].refused == "The field coordinate is not acceptable: its numbers must be finite."
    assert (await read(remembering, done.results[2].memory_id)).superseded_by == done.results[3].memory_id
    assert await remembering.user.BatchStoreMemories(asked) == done
    query = service_pb.RecallMemoriesRequest(query="stairs in Braga", time_budget_milliseconds=5000)
    found = await remembering.user.RecallMemories(query)
    assert found.hits[0].memory.memory_id == done.results[3].memory_id


async def test_a_deleted_memory_takes_its_versions_along(remembering: Remembering) -> None:
    kept = (await keep(remembering, LISBON)).memory
    kept.text = PORTO
    await update(remembering, kept, "text")
    await remembering.user.DeleteMemory(
        service_pb.DeleteMemoryRequest(memory_id=kept.memory_id, request_id=str(uuid4()))
    )

    async def work(connection: Connection) -> int:
        return int(await connection.fetchval("select count(*) from memory_versions"))

    assert await remembering.database.run(TENANT, work) == 0


async def test_a_hypothesis_is_believed_little_whatever_is_said_of_it(remembering: Remembering) -> None:
    guess = (await keep(remembering, LISBON, kind=memory_pb.MEMORY_KIND_HYPOTHESIS, trust=0.9)).memory
    assert guess.trust == 0.2
    guess.trust = 1.0
    assert (await update(remembering, guess, "trust")).trust == 0.2
    assert (await correct(remembering, guess.memory_id, PORTO)).memory.trust == 0.2
    told = (await keep(remembering, LISBON)).memory
    told.kind = memory_pb.MEMORY_KIND_HYPOTHESIS
    assert (await update(remembering, told, "kind")).trust == 0.2
