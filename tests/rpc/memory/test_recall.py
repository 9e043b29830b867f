"""Recall is true: filters hold in every retriever, changes are seen everywhere at once, time cuts and never breaks."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.struct_pb2 import Struct

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.recaller import Recall, Recalled, Recaller
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering, recaller_of

OWN = "user:ada"
SECONDS = 20.0


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def keep(remembering: Remembering, text: str, **fields: Any) -> memory_pb.Memory:
    request = service_pb.StoreMemoryRequest(**{"text": text, "request_id": str(uuid4())} | fields)
    return (await remembering.user.StoreMemory(request, timeout=30)).memory


async def recall(remembering: Remembering, query: str, **fields: Any) -> service_pb.RecallMemoriesResponse:
    wanted: dict[str, Any] = {"query": query, "time_budget_milliseconds": 5000} | fields
    return await remembering.user.RecallMemories(service_pb.RecallMemoriesRequest(**wanted), timeout=30)


async def forget(remembering: Remembering, memory_id: str) -> None:
    request = service_pb.DeleteMemoryRequest(memory_id=memory_id, request_id=str(uuid4()))
    await remembering.user.DeleteMemory(request, timeout=30)


async def another(remembering: Remembering, indexer: Indexer, megabytes: float = 64) -> Recaller:
    """What another process has, or the same one after a restart."""
    return await recaller_of(
        remembering.database, indexer, remembering.accesses, remembering.clock, int(megabytes * 1024 * 1024)
    )


async def ask(recaller: Recaller, query: str, *namespaces: str, seconds: float = SECONDS) -> Recalled:
    request = Recall(query, RecallFilter(namespaces=namespaces or (OWN,)), 10, 0, Weights(), seconds)
    return await recaller.recall(TENANT, request, lambda _: 100)


async def texts(recaller: Recaller, query: str, *namespaces: str) -> list[str]:
    return [hit.memory.text for hit in (await ask(recaller, query, *namespaces)).hits]


def struct(**fields: Any) -> Struct:
    made = Struct()
    made.update(fields)
    return made


CONVERSATION = str(uuid4())
# Each filter with what a memory needs to pass it.
FILTERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "kinds": ({"kinds": [memory_pb.MEMORY_KIND_SEMANTIC]}, {"kind": memory_pb.MEMORY_KIND_SEMANTIC}),
    "tags": ({"tags": ["music"]}, {"tags": ["music", "other"]}),
    "conversation": ({"conversation_id": CONVERSATION}, {"conversation_id": CONVERSATION}),
    "importance": ({"min_importance": 0.8}, {"importance": 0.9}),
    "trust": ({"min_trust": 0.95}, {"trust": 1.0}),
    "subject": ({"subject": "Clara"}, {"subject": "Clara"}),
    "metadata": (
        {"metadata": struct(room="hall", seats=40, open=True)},
        {"payload": struct(room="hall", seats=40, open=True, more=[1])},
    ),
}
# What each retriever alone would find first: by its words, its meaning, its time, its link.
CANARIES = {
    "lexical": "The violin is in the cellar, the violin of the orchestra.",
    "vector": "A cello and a viola were played by the musicians.",
    "time": "Something happened on 7 March 2021.",
    "graph": "The roof was mended by a carpenter.",
}
QUERY = "violin orchestra on 7 March 2021"


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_holds_in_every_retriever(remembering: Remembering, name: str) -> None:
    wanted, fitting = FILTERS[name]
    fit = await keep(remembering, "The violin lesson is in the school.", **fitting)
    canaries = {how: await keep(remembering, text) for how, text in CANARIES.items()}
    link = linking(fit.memory_id, canaries["graph"].memory_id)
    await remembering.user.LinkMemories(link, timeout=30)
    unfiltered = {hit.memory.memory_id for hit in (await recall(remembering, QUERY)).hits}
    assert {canaries[how].memory_id for how in ("lexical", "vector", "time")} <= unfiltered
    assert [hit.memory.memory_id for hit in (await recall(remembering, QUERY, **wanted)).hits] == [fit.memory_id]


def linking(source: str, target: str) -> graph_pb.LinkMemoriesRequest:
    return graph_pb.LinkMemoriesRequest(
        memory_id=source, target_memory_id=target, type="about", strength=1.0, request_id=str(uuid4())
    )


async def test_times_of_the_world_are_filtered(remembering: Remembering) -> None:
    now = remembering.clock.now()
    old = await keep(
        remembering,
        "The violin was in Cremona.",
        valid_from_time=now - timedelta(days=900),
        valid_to_time=now - timedelta(days=500),
    )
    new = await keep(remembering, "The violin is in Trento.", valid_from_time=now - timedelta(days=100))

    async def ids(**fields: Any) -> list[str]:
        return [hit.memory.memory_id for hit in (await recall(remembering, "violin", **fields)).hits]

    assert await ids() == [new.memory_id]
    assert await ids(as_of_valid_time=now - timedelta(days=600)) == [old.memory_id]
    assert await ids(valid_before_time=now - timedelta(days=200)) == []
    assert await ids(as_of_learn_time=now - timedelta(days=1)) == []


async def test_a_filter_that_makes_no_sense_is_refused(remembering: Remembering) -> None:
    with pytest.raises(SomaError) as refused:
        await recall(remembering, "violin", metadata=struct(rooms=["a", "b"]))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in refused.value.violations] == ["metadata.rooms"]


async def test_every_process_sees_every_change_at_once(remembering: Remembering, indexer: Indexer) -> None:
    one, two = await another(remembering, indexer), await another(remembering, indexer)
    for number in range(4):
        kept = await keep(remembering, f"The violin number {number} is in the cellar.")
        assert kept.text in await texts(one, "violin cellar")
        assert kept.text in await texts(two, "violin cellar")
        await forget(remembering, kept.memory_id)
        assert await texts(one, "violin cellar") == []
        assert await texts(two, "violin cellar") == []


async def test_a_shelf_that_was_dropped_is_loaded_again_and_answers_the_same(
    remembering: Remembering, indexer: Indexer
) -> None:
    for number in range(6):
        await keep(remembering, f"The violin number {number} is in the cellar.")
        await keep(remembering, f"The boiler number {number} is in the cellar.", namespace="shared")
    wide, narrow = await another(remembering, indexer), await another(remembering, indexer, megabytes=0.1)
    for _ in range(2):
        for namespace, word in ((OWN, "violin"), ("shared", "boiler")):
            seen = await ask(narrow, f"{word} number 3", namespace)
            expected = await ask(wide, f"{word} number 3", namespace)
            assert [hit.memory for hit in seen.hits] == [hit.memory for hit in expected.hits]
            assert [hit.score for hit in seen.hits] == [hit.score for hit in expected.hits]
            assert not seen.partial
    assert narrow.finder.shelves.nbytes <= 0.1 * 1024 * 1024 < wide.finder.shelves.nbytes


AS_BEFORE = """
with kept as (
  insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, payload, subject, speaker,
    source_class, source_id, conversation_id, turn_id, trust, importance, tags, token_count, term_count, learn_time,
    valid_from, embedding_version)
  select $1, gen_random_uuid(), $2, 'ada', 1, 'The harpsichord number ' || number || ' is in the cellar.',
    sha256(number::text::bytea), null, '', '', 1, '', null, null, 0.9, 0.5, '{}', 9, 4, $4, $4, ''
  from generate_series(1, $3) as number
  returning term_count
)
insert into namespace_sizes (tenant_id, namespace, memories, terms)
select $1, $2, count(*), sum(term_count) from kept
on conflict (tenant_id, namespace) do update
set memories = namespace_sizes.memories + excluded.memories, terms = namespace_sizes.terms + excluded.terms
"""


async def as_before(remembering: Remembering, count: int) -> None:
    """Store as the release before does, which writes no entry."""

    async def work(connection: Connection) -> None:
        await connection.execute(AS_BEFORE, TENANT, OWN, count, remembering.clock.now())

    await remembering.database.run(TENANT, work)


async def entries(remembering: Remembering) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.fetchval("select count(*) from memory_entries"))

    return await remembering.database.run(TENANT, work)


async def test_what_the_release_before_stores_is_found_and_gets_its_entry(
    remembering: Remembering, indexer: Indexer
) -> None:
    follower = await another(remembering, indexer)
    assert await texts(follower, "harpsichord") == []
    await as_before(remembering, 3)
    assert len(await texts(follower, "harpsichord")) == 3

    async def kept() -> bool:
        return await entries(remembering) == 3

    await eventually(kept)
    assert len(await texts(await another(remembering, indexer), "harpsichord")) == 3


async def test_a_large_namespace_is_loaded_in_pages_and_answers_with_its_vectors_until_then(
    remembering: Remembering, indexer: Indexer
) -> None:
    kept = await keep(remembering, "The violin is in the school.")
    await as_before(remembering, 1_000)
    recaller = await another(remembering, indexer)
    first = await ask(recaller, "violin school", seconds=0.3)
    if first.partial:
        assert any("being loaded" in reason or "out of time" in reason for reason in first.reasons)
    whole = await ask(recaller, "harpsichord number 700")
    assert not whole.partial
    assert whole.hits[0].memory.text == "The harpsichord number 700 is in the cellar."
    await forget(remembering, kept.memory_id)
    assert kept.text not in await texts(recaller, "violin school")


async def test_a_shelf_that_is_older_than_the_log_is_loaded_anew(remembering: Remembering, indexer: Indexer) -> None:
    old = await keep(remembering, "The violin is in the school.")
    recaller = await another(remembering, indexer)
    assert await texts(recaller, "violin") == [old.text]
    await forget(remembering, old.memory_id)
    new = await keep(remembering, "The violin is in the cellar.")

    async def prune(connection: Connection) -> None:
        await connection.execute("delete from memory_changes")
        await connection.execute("update namespace_sizes set pruned_seq = change_seq")

    await remembering.database.run(TENANT, prune)
    assert await texts(recaller, "violin") == [new.text]


async def test_time_cuts_a_recall_short_and_never_breaks_it(remembering: Remembering) -> None:
    kept = await keep(remembering, "The violin is in the school.")
    async with remembering.database.transaction(TENANT) as connection:
        await connection.execute("lock table namespace_sizes in access exclusive mode")
        cut = await recall(remembering, "violin", time_budget_milliseconds=200)
    assert cut.partial
    assert "changes of memories: out of time" in cut.degraded_reasons
    after = await recall(remembering, "violin")
    assert [hit.memory.memory_id for hit in after.hits] == [kept.memory_id]
    assert not after.partial


async def test_what_is_on_the_shelves_is_answered_where_changes_cannot_be_read_in_time(
    remembering: Remembering,
) -> None:
    kept = await keep(remembering, "The violin is in the school.")
    assert len((await recall(remembering, "violin")).hits) == 1
    async with remembering.database.transaction(TENANT) as connection:
        await connection.execute("lock table namespace_sizes in access exclusive mode")
        cut = await recall(remembering, "violin", time_budget_milliseconds=4000)
    assert cut.partial
    assert [hit.memory.memory_id for hit in cut.hits] == [kept.memory_id]


async def test_a_recall_that_is_cancelled_leaves_nothing_behind(remembering: Remembering, indexer: Indexer) -> None:
    await as_before(remembering, 1_000)
    recaller = await another(remembering, indexer)
    for pause in (0.0, 0.002, 0.01, 0.03):
        task = asyncio.create_task(ask(recaller, "harpsichord"))
        await asyncio.wait((task,), timeout=pause)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    seen = await ask(recaller, "harpsichord number 17")
    assert not seen.partial
    assert seen.hits[0].memory.text == "The harpsichord number 17 is in the cellar."


async def test_a_stream_says_what_words_find_and_then_what_all_find(remembering: Remembering) -> None:
    await keep(remembering, "The violin is in the school.")
    await keep(remembering, "A cello and a viola were played by the musicians.")
    wanted = service_pb.RecallMemoriesRequest(query="violin", time_budget_milliseconds=5000)
    answers = [each async for each in remembering.user.StreamRecall(service_pb.StreamRecallRequest(recall=wanted))]
    assert [each.stage for each in answers] == [service_pb.RECALL_STAGE_LEXICAL, service_pb.RECALL_STAGE_FUSED]
    words, whole = ([hit.memory.text for hit in each.recalled.hits] for each in answers)
    assert words == ["The violin is in the school."]
    assert whole[0] == words[0]
    assert len(whole) == 2
    for hit in answers[0].recalled.hits:
        assert not hit.parts.HasField("vector")


async def test_a_recall_notes_for_which_turn_it_was(remembering: Remembering) -> None:
    kept = await keep(remembering, "The violin is in the school.")
    turn = str(uuid4())
    await recall(remembering, "violin", turn_id=turn)
    await recall(remembering, "violin", turn_id=turn)
    await remembering.accesses.write()

    async def uses(connection: Connection) -> list[tuple[UUID, UUID]]:
        return [tuple(row) for row in await connection.fetch("select memory_id, turn_id from memory_uses")]

    assert await remembering.database.run(TENANT, uses) == [(UUID(kept.memory_id), UUID(turn))]
