"""Memories through their doors: kept, found by meaning and by words, explained, forgotten, and nobody else's."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.struct_pb2 import Struct

from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering

FACTS = (
    "My daughter Clara plays the violin in the school orchestra.",
    "I am allergic to peanuts and carry an adrenaline pen.",
    "Our production database runs on PostgreSQL in Frankfurt.",
    "Next summer we want to walk through the Dolomites.",
    "The quarterly report is due on the third Friday of October.",
)


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


def storing(text: str, **fields: Any) -> service_pb.StoreMemoryRequest:
    return service_pb.StoreMemoryRequest(**{"text": text, "request_id": str(uuid4())} | fields)


async def keep(remembering: Remembering, text: str, **fields: Any) -> memory_pb.Memory:
    return (await remembering.user.StoreMemory(storing(text, **fields), timeout=30)).memory


async def recall(remembering: Remembering, query: str, **fields: Any) -> service_pb.RecallMemoriesResponse:
    # More time than a busy machine needs.
    wanted: dict[str, Any] = {"query": query, "time_budget_milliseconds": 5000} | fields
    return await remembering.user.RecallMemories(service_pb.RecallMemoriesRequest(**wanted), timeout=30)


async def test_what_is_stored_is_read_back(remembering: Remembering) -> None:
    payload = Struct()
    payload.update({"city": "Trento", "nights": 3})
    kept = await keep(
        remembering, FACTS[3], payload=payload, tags=["travel"], importance=0.8, kind=memory_pb.MEMORY_KIND_SEMANTIC
    )
    found = (await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=kept.memory_id))).memory
    assert found == kept
    assert found.namespace == "user:ada"
    assert found.payload["nights"] == 3
    assert found.token_count > 5
    assert found.source_class == memory_pb.SOURCE_CLASS_USER_SAID
    assert found.index_state == memory_pb.INDEX_STATE_PENDING


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Which instrument does my child play?", 0),
        ("What food must I avoid because of an allergy?", 1),
        ("Where is the PostgreSQL database hosted?", 2),
        ("holiday plans in the mountains", 3),
        ("When is the report due?", 4),
    ],
)
async def test_the_fact_that_answers_comes_first(remembering: Remembering, query: str, expected: int) -> None:
    for fact in FACTS:
        await keep(remembering, fact)
    answer = await recall(remembering, query)
    assert answer.hits[0].memory.text == FACTS[expected]
    assert not answer.partial


async def test_a_greeting_recalls_nothing(remembering: Remembering) -> None:
    for fact in FACTS:
        await keep(remembering, fact)
    assert list((await recall(remembering, "hello there!")).hits) == []


async def test_each_hit_says_how_it_got_its_score(remembering: Remembering) -> None:
    await keep(remembering, FACTS[0])
    (hit,) = (await recall(remembering, "violin orchestra")).hits
    assert hit.parts.lexical == 1.0
    assert 0.0 < hit.parts.vector <= 1.0
    assert (hit.parts.vector_rank, hit.parts.lexical_rank) == (1, 1)
    assert 0.0 < hit.score <= 1.0


async def test_words_that_no_table_knows_are_found_by_their_letters(remembering: Remembering) -> None:
    await keep(remembering, "The ticket is QX-7741-ZB.")
    await keep(remembering, FACTS[2])
    assert (await recall(remembering, "QX-7741-ZB")).hits[0].memory.text.startswith("The ticket")


async def test_weights_of_the_caller_move_the_order(remembering: Remembering) -> None:
    await keep(remembering, "The car needs new tyres before winter.")
    await keep(remembering, "Automobile wheels are stored in the cellar.")
    words = common_pb.RetrievalWeights(vector=0.1, lexical=5.0)
    assert "needs new tyres" in (await recall(remembering, "car tyres", weights=words)).hits[0].memory.text


async def test_the_token_budget_and_top_k_hold(remembering: Remembering) -> None:
    for number in range(12):
        await keep(remembering, f"The violin lesson number {number} takes place on a Tuesday in room {number}.")
    assert len((await recall(remembering, "violin lesson", top_k=3)).hits) == 3
    small = await recall(remembering, "violin lesson", token_budget=40)
    assert 0 < small.token_count <= 40


async def test_filters_hold_in_every_retriever(remembering: Remembering) -> None:
    conversation = str(uuid4())
    await keep(remembering, "Violin strings cost forty euros.", tags=["music", "cost"], importance=0.9)
    await keep(remembering, "Violin bows need rosin.", tags=["music"], conversation_id=conversation, importance=0.2)
    await keep(remembering, "Violin makers live in Cremona.", kind=memory_pb.MEMORY_KIND_SEMANTIC)

    async def texts(**fields: Any) -> set[str]:
        return {hit.memory.text.split()[1] for hit in (await recall(remembering, "violin", **fields)).hits}

    assert await texts() == {"strings", "bows", "makers"}
    assert await texts(tags=["music", "cost"]) == {"strings"}
    assert await texts(conversation_id=conversation) == {"bows"}
    assert await texts(kinds=[memory_pb.MEMORY_KIND_SEMANTIC]) == {"makers"}
    assert await texts(min_importance=0.8) == {"strings"}


async def test_the_same_thing_said_twice_is_one_memory(remembering: Remembering) -> None:
    first = await keep(remembering, FACTS[1])
    again = await remembering.user.StoreMemory(storing("I am allergic to PEANUTS, and carry an adrenaline pen"))
    assert again.duplicate
    assert again.memory.memory_id == first.memory_id
    assert again.memory.importance > first.importance
    assert len((await recall(remembering, "peanuts")).hits) == 1


async def test_the_same_thing_said_by_many_at_once_is_one_memory(remembering: Remembering) -> None:
    answers = await asyncio.gather(*(remembering.user.StoreMemory(storing(FACTS[1])) for _ in range(6)))
    assert len({answer.memory.memory_id for answer in answers}) == 1
    assert sorted(answer.duplicate for answer in answers) == [False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("text", "why"),
    [("Hello, thank you!", "greets"), ("?!…", "no words"), ("As an AI language model, I cannot.", "boiler")],
)
async def test_noise_is_refused_with_the_reason(remembering: Remembering, text: str, why: str) -> None:
    with pytest.raises(SomaError) as refused:
        await keep(remembering, text)
    assert refused.value.reason is Reason.MEMORY_REFUSED
    assert why in refused.value.metadata["why"]


async def test_what_was_recalled_in_the_turn_is_not_learned_again(remembering: Remembering) -> None:
    known = await keep(remembering, FACTS[2])
    with pytest.raises(SomaError) as refused:
        await keep(remembering, "PostgreSQL in Frankfurt", recalled_memory_ids=[known.memory_id])
    assert refused.value.reason is Reason.MEMORY_REFUSED


async def test_a_deleted_memory_is_gone_from_every_retriever(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    request = service_pb.DeleteMemoryRequest(memory_id=kept.memory_id, request_id=str(uuid4()))
    deleted = await remembering.user.DeleteMemory(request)
    assert await remembering.user.DeleteMemory(request) == deleted
    assert (await recall(remembering, "violin orchestra")).hits == []
    with pytest.raises(SomaError) as refused:
        await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=kept.memory_id))
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_a_repeated_store_answers_the_same_and_keeps_one(remembering: Remembering) -> None:
    request = storing(FACTS[4])
    first = await remembering.user.StoreMemory(request)
    assert await remembering.user.StoreMemory(request) == first
    request.text = FACTS[3]
    with pytest.raises(SomaError) as refused:
        await remembering.user.StoreMemory(request)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_other_people_and_other_tenants_see_nothing_of_it(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    for stranger in (user("bob"), user("ada", OTHER_TENANT), user("root", OTHER_TENANT, ("admin",))):
        with acting_as(stranger, "test"):
            found = await recall(remembering, "violin", namespaces=["user:ada", "shared"])
            assert list(found.hits) == []
            wanted = service_pb.GetMemoryRequest(memory_id=kept.memory_id)
            unwanted = service_pb.DeleteMemoryRequest(memory_id=kept.memory_id, request_id=str(uuid4()))
            for call in (remembering.user.GetMemory(wanted), remembering.user.DeleteMemory(unwanted)):
                with pytest.raises(SomaError) as refused:
                    await call
                assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    with acting_as(user("root", TENANT, ("admin",)), "test"):
        assert len((await recall(remembering, "violin", namespaces=["user:ada"])).hits) == 1


async def test_shared_memories_are_everybodys_and_an_agents_only_where_it_asks(remembering: Remembering) -> None:
    agent = str(uuid4())
    await keep(remembering, "The office closes at six.", namespace="shared")
    await keep(remembering, "The office plants are watered on Mondays.", namespace=f"agent:{agent}")
    with acting_as(user("bob"), "test"):
        assert len((await recall(remembering, "office")).hits) == 1
        assert len((await recall(remembering, "office", agent_id=agent)).hits) == 2


async def test_recalls_are_counted(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    await recall(remembering, "violin")
    await recall(remembering, "orchestra")
    await remembering.accesses.write()
    found = (await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=kept.memory_id))).memory
    assert found.access_count == 2
    assert found.HasField("access_time")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 40_000}, "text"),
        ({"text": "fine", "namespace": "elsewhere"}, "namespace"),
        ({"text": "fine", "importance": 1.5}, "importance"),
        ({"text": "fine", "request_id": "no"}, "request_id"),
    ],
)
async def test_bad_input_names_the_field(remembering: Remembering, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(SomaError) as refused:
        await remembering.user.StoreMemory(service_pb.StoreMemoryRequest(**{"request_id": str(uuid4())} | fields))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in refused.value.violations] == [field]


async def test_a_payload_that_is_too_large_is_refused(remembering: Remembering) -> None:
    payload = Struct()
    payload.update({"blob": "x" * 300_000})
    with pytest.raises(SomaError) as refused:
        await keep(remembering, "A memory with a large payload.", payload=payload)
    assert refused.value.reason is Reason.PAYLOAD_TOO_LARGE


async def test_every_change_has_its_event_without_a_word_of_text(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    await remembering.user.DeleteMemory(
        service_pb.DeleteMemoryRequest(memory_id=kept.memory_id, request_id=str(uuid4()))
    )
    async with remembering.database.transaction(TENANT) as connection:
        rows = await connection.fetch("select event_type, payload from events order by sequence")
    assert [row["event_type"] for row in rows] == ["memory.stored", "memory.forgotten"]
    assert all(b"violin" not in row["payload"] for row in rows)


async def test_what_the_caller_may_not_read_does_not_answer_whether_it_says_the_same(remembering: Remembering) -> None:
    foreign = await keep(remembering, FACTS[1])
    with acting_as(user("bob"), "test"):
        kept = await keep(remembering, FACTS[1], recalled_memory_ids=[foreign.memory_id])
    assert kept.namespace == "user:bob"


async def test_of_two_deletions_at_once_one_finds_nothing(remembering: Remembering) -> None:
    for number in range(6):
        kept = await keep(remembering, f"{FACTS[2]} It is number {number}.")
        orders = [service_pb.DeleteMemoryRequest(memory_id=kept.memory_id, request_id=str(uuid4())) for _ in range(4)]
        answers = await asyncio.gather(*map(remembering.user.DeleteMemory, orders), return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        assert len(failures) == 3
        assert all(isinstance(f, SomaError) and f.reason is Reason.RESOURCE_NOT_FOUND for f in failures)


async def test_a_weight_that_is_not_given_is_the_usual_one(remembering: Remembering) -> None:
    for fact in FACTS:
        await keep(remembering, fact)
    usual = await recall(remembering, "the database in Frankfurt")
    given = await recall(remembering, "the database in Frankfurt", weights=common_pb.RetrievalWeights(recency=0.1))
    assert [hit.score for hit in given.hits] == pytest.approx([hit.score for hit in usual.hits])


@pytest.mark.parametrize(("page", "memories"), [("y" * 250_000, 20), ([1] * 50_000, 7)], ids=["text", "numbers"])
async def test_an_answer_stays_small_enough_to_be_received(remembering: Remembering, page: Any, memories: int) -> None:
    payload = Struct()
    payload.update({"page": page})
    for number in range(memories):
        await keep(remembering, f"The boiler number {number} is in the cellar.", payload=payload)
    found = await recall(remembering, "boiler", top_k=200, time_budget_milliseconds=5000)
    assert found.ByteSize() < 4 * 1024 * 1024
    assert len(found.hits) > 1
    assert "left out" in found.degraded_reasons[0]
    assert not found.partial


async def test_a_shared_memory_is_deleted_by_who_stored_it_or_by_an_operator_only(remembering: Remembering) -> None:
    first, second = [await keep(remembering, text, namespace="shared") for text in (FACTS[2], FACTS[4])]

    async def forget(memory_id: str) -> None:
        request = service_pb.DeleteMemoryRequest(memory_id=memory_id, request_id=str(uuid4()))
        await remembering.user.DeleteMemory(request)

    with acting_as(user("bob"), "test"), pytest.raises(SomaError) as refused:
        await forget(first.memory_id)
    assert refused.value.reason is Reason.SCOPE_MISSING
    await forget(first.memory_id)
    with acting_as(user("olga", roles=("operator",)), "test"):
        await forget(second.memory_id)
