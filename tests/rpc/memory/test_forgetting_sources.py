"""Forgetting a source through its door: all of it goes, nothing else does, and it does not come back."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.memory.storing import forgetting
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.postgres.pool import Connection
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering

BOILER = "The boiler in the cellar was replaced in March."
CLARA = "My daughter Clara plays the violin in the school orchestra."


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


@pytest.fixture
def conversation() -> str:
    return str(uuid4())


async def keep(remembering: Remembering, text: str, **fields: Any) -> memory_pb.Memory:
    request = service_pb.StoreMemoryRequest(**{"text": text, "request_id": str(uuid4())} | fields)
    return (await remembering.user.StoreMemory(request)).memory


async def keep_shelves(remembering: Remembering, amount: int, conversation: str) -> None:
    """So many memories of a conversation, a few at a time."""
    texts = [f"Shelf number {number} holds jars of jam." for number in range(amount)]
    for begin in range(0, amount, 10):
        some = texts[begin : begin + 10]
        await asyncio.gather(*(keep(remembering, text, conversation_id=conversation) for text in some))


async def forget(remembering: Remembering, **fields: Any) -> service_pb.DeleteBySourceResponse:
    request = service_pb.DeleteBySourceRequest(**{"request_id": str(uuid4())} | fields)
    return await remembering.user.DeleteBySource(request)


async def recalled(remembering: Remembering, query: str) -> list[str]:
    request = service_pb.RecallMemoriesRequest(query=query, top_k=200, time_budget_milliseconds=5000)
    found = await remembering.user.RecallMemories(request, timeout=30)
    return [hit.memory.text for hit in found.hits]


async def read(remembering: Remembering, memory_id: str) -> memory_pb.Memory:
    return (await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=memory_id))).memory


def turn_at(moment: datetime) -> str:
    """The id of a turn that began then."""
    return str(UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | 1))


async def rows_of(remembering: Remembering, table: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.fetchval(f"select count(*) from {table}"))

    return await remembering.database.run(TENANT, work)


async def test_what_a_conversation_taught_is_gone_with_what_recall_held_of_it(
    remembering: Remembering, conversation: str
) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    await keep(remembering, CLARA, conversation_id=conversation)
    other = await keep(remembering, "The boiler is inspected each autumn.", conversation_id=str(uuid4()))
    done = await forget(remembering, conversation_id=conversation)
    assert (done.forgotten_count, done.kept_count) == (2, 0)
    assert done.HasField("delete_time")
    assert await recalled(remembering, "boiler violin") == [other.text]
    assert await rows_of(remembering, "memory_entries") == 1
    assert await rows_of(remembering, "namespace_sizes where memories = 1") == 1


async def test_a_single_message_is_forgotten_without_its_neighbours(
    remembering: Remembering, conversation: str
) -> None:
    await keep(remembering, BOILER, conversation_id=conversation, source_id="message 1")
    kept = await keep(remembering, CLARA, conversation_id=conversation, source_id="message 2")
    assert (await forget(remembering, source_id="message 1")).forgotten_count == 1
    assert await recalled(remembering, "boiler violin") == [kept.text]


async def test_many_are_forgotten_in_batches(remembering: Remembering, conversation: str) -> None:
    amount = forgetting.BATCH + 7
    await keep_shelves(remembering, amount, conversation)
    assert (await forget(remembering, conversation_id=conversation)).forgotten_count == amount
    assert await rows_of(remembering, "memories") == 0
    assert await rows_of(remembering, "events where event_type = 'memory.forgotten'") == amount


async def test_a_repeat_answers_the_same_and_a_second_request_finds_nothing(
    remembering: Remembering, conversation: str
) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    request_id = str(uuid4())
    first = await forget(remembering, conversation_id=conversation, request_id=request_id)
    assert await forget(remembering, conversation_id=conversation, request_id=request_id) == first
    assert (await forget(remembering, conversation_id=conversation)).forgotten_count == 0


async def test_a_call_that_was_cut_off_goes_on_counting_where_it_ended(
    remembering: Remembering, conversation: str
) -> None:
    amount = forgetting.BATCH + 1
    await keep_shelves(remembering, amount, conversation)
    asked = service_pb.DeleteBySourceRequest(conversation_id=conversation, request_id=str(uuid4()))
    async with remembering.database.transaction(TENANT) as connection:
        # The last one is in the second batch, which has to wait for us.
        await connection.execute("select from memories order by memory_id desc limit 1 for update")
        with pytest.raises(SomaError):
            await remembering.user.DeleteBySource(asked, timeout=4)
    assert await rows_of(remembering, "memories") == 1
    done = await remembering.user.DeleteBySource(asked)
    assert done.forgotten_count == amount


async def test_a_memory_that_others_told_too_loses_only_this_source(
    remembering: Remembering, conversation: str
) -> None:
    elsewhere = str(uuid4())
    first = await keep(remembering, BOILER, conversation_id=conversation, source_id="message 1", speaker="ada")
    await keep(remembering, BOILER, conversation_id=elsewhere, source_id="message 9", speaker="Ada on the phone")
    done = await forget(remembering, conversation_id=conversation)
    assert (done.forgotten_count, done.kept_count) == (0, 1)
    left = await read(remembering, first.memory_id)
    assert (left.conversation_id, left.source_id, left.speaker) == (elsewhere, "message 9", "Ada on the phone")
    assert left.version > first.version
    assert await recalled(remembering, "boiler") == [BOILER]
    assert (await forget(remembering, conversation_id=elsewhere)).forgotten_count == 1
    assert await recalled(remembering, "boiler") == []


async def test_what_was_told_without_a_source_survives_every_source(
    remembering: Remembering, conversation: str
) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    await keep(remembering, BOILER)
    assert (await forget(remembering, conversation_id=conversation)).kept_count == 1
    assert await recalled(remembering, "boiler") == [BOILER]


async def test_a_further_source_goes_and_the_first_stays(remembering: Remembering, conversation: str) -> None:
    first = await keep(remembering, BOILER, source_id="letter")
    for _ in range(2):
        await keep(remembering, BOILER, conversation_id=conversation, source_id="message 1")
    assert await rows_of(remembering, "memory_sources") == 1
    assert (await forget(remembering, conversation_id=conversation)).kept_count == 1
    assert (await read(remembering, first.memory_id)).source_id == "letter"
    assert await rows_of(remembering, "memory_sources") == 0


async def test_each_memory_has_its_event_and_no_event_has_its_text(remembering: Remembering, conversation: str) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    await keep(remembering, CLARA, conversation_id=conversation)
    await keep(remembering, CLARA, conversation_id=str(uuid4()))
    await forget(remembering, conversation_id=conversation)
    async with remembering.database.transaction(TENANT) as connection:
        rows = await connection.fetch("select event_type, payload from events order by event_type")
    told = [row["event_type"] for row in rows]
    assert told == ["memory.forgotten", "memory.stored", "memory.stored", "memory.stored", "memory.updated"]
    assert not any(b"violin" in row["payload"] or b"boiler" in row["payload"] for row in rows)


async def test_what_was_learned_before_and_arrives_late_is_refused(remembering: Remembering, conversation: str) -> None:
    before = turn_at(remembering.clock.now())
    remembering.clock.advance(5)
    await forget(remembering, conversation_id=conversation)
    with pytest.raises(SomaError) as refused:
        await keep(remembering, BOILER, conversation_id=conversation, turn_id=before)
    assert refused.value.reason is Reason.MEMORY_REFUSED
    assert "forgotten" in refused.value.sentence
    remembering.clock.advance(5)
    await keep(remembering, CLARA, conversation_id=conversation, turn_id=turn_at(remembering.clock.now()))
    assert await recalled(remembering, "boiler violin") == [CLARA]


async def test_nothing_more_is_learned_from_a_source_that_is_over(remembering: Remembering, conversation: str) -> None:
    await forget(remembering, conversation_id=conversation, ended=True)
    remembering.clock.advance(5)
    later = turn_at(remembering.clock.now())
    for fields in ({"turn_id": later}, {}, {"source_id": "message 1"}):
        with pytest.raises(SomaError) as refused:
            await keep(remembering, BOILER, conversation_id=conversation, **fields)
        assert refused.value.reason is Reason.MEMORY_REFUSED
    # Asking again without saying so does not open it.
    await forget(remembering, conversation_id=conversation)
    with pytest.raises(SomaError):
        await keep(remembering, BOILER, conversation_id=conversation, turn_id=later)
    assert await rows_of(remembering, "memories") == 0


async def test_storing_and_forgetting_at_once_leave_nothing(remembering: Remembering) -> None:
    for _ in range(12):
        conversation = str(uuid4())
        storing = [keep(remembering, f"{BOILER} {number}", conversation_id=conversation) for number in range(6)]
        forgetting_it = forget(remembering, conversation_id=conversation, ended=True)
        await asyncio.gather(*storing[:3], forgetting_it, *storing[3:], return_exceptions=True)
        assert await rows_of(remembering, f"memories where conversation_id = '{conversation}'") == 0


async def test_a_person_forgets_only_what_that_person_stored(remembering: Remembering, conversation: str) -> None:
    await keep(remembering, BOILER, conversation_id=conversation, namespace="shared")
    with acting_as(user("bob"), "test"):
        await keep(remembering, CLARA, conversation_id=conversation, namespace="shared")
        assert (await forget(remembering, conversation_id=conversation, ended=True)).forgotten_count == 1
    # Nor does Bob's word keep Ada from telling more.
    await keep(remembering, "The cellar has two windows.", conversation_id=conversation, namespace="shared")
    assert len(await recalled(remembering, "boiler violin cellar windows")) == 2
    with acting_as(user("olga", roles=("operator",)), "test"):
        assert (await forget(remembering, conversation_id=conversation)).forgotten_count == 2


async def test_a_service_forgets_what_everybody_told(remembering: Remembering, conversation: str) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    with acting_as(user("bob"), "test"):
        await keep(remembering, CLARA, conversation_id=conversation)
    request = service_pb.DeleteBySourceRequest(conversation_id=conversation, ended=True, request_id=str(uuid4()))
    with acting_as(service_caller("chat", TENANT), "test"):
        assert (await remembering.chat.DeleteBySource(request)).forgotten_count == 2


async def test_another_tenant_forgets_nothing_here(remembering: Remembering, conversation: str) -> None:
    await keep(remembering, BOILER, conversation_id=conversation)
    with acting_as(user("eve", OTHER_TENANT, roles=("admin",)), "test"):
        assert (await forget(remembering, conversation_id=conversation, ended=True)).forgotten_count == 0
    await keep(remembering, CLARA, conversation_id=conversation)
    assert len(await recalled(remembering, "boiler violin")) == 2


@pytest.mark.parametrize(
    "fields",
    [{}, {"conversation_id": "1"}, {"source_id": ""}, {"source_id": "x" * 257}, {"source_id": "a\0b"}],
    ids=["no source", "no id", "empty", "too long", "NUL"],
)
async def test_a_source_of_no_form_is_refused(remembering: Remembering, fields: dict[str, str]) -> None:
    with pytest.raises(SomaError) as refused:
        await forget(remembering, **fields)
    assert refused.value.reason is Reason.INVALID_FIELD
