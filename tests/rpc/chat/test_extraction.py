"""A model says what is worth keeping: asked once, under a hold of its own; where it fails, what rules found stays."""

import json
from uuid import UUID, uuid4

import pytest

from servers.chat.intents.intent import EXTRACT, LEARN
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT
from soma_common.testing.upstream import Fault, FaultKind, Script
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import make_conversation
from tests.rpc.chat.test_titles import House
from tests.rpc.chat.test_titles import house as house
from tests.rpc.chat.test_titles import upstream as upstream

pytestmark = pytest.mark.usefixtures("as_ada")
SAID = "I live in Lisbon, where my sister Anna teaches chemistry."
BY_RULES = "I live in Lisbon."
TURN = """
insert into turns (tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, caller_scopes,
    conversation_id, agent_id, agent_version, user_message_id, assistant_message_id, status, instance, lease_epoch,
    model, create_time)
values ($1, $2, 'ada', $3, '', 'test', '{member}', '{}', $4, $5, 1, $6, $7, 'completed', 'chat-0', 1, $8, now())
"""
WANT = """
insert into intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
    payload, next_time, create_time, attempts)
values ($1, $2, 'ada', '{member}', '{}', 'test', $3, $4, $5, now(), now(), $6)
"""


def found(*texts: str) -> str:
    items = [{"quote": text, "text": text, "kind": "semantic", "importance": 0.8} for text in texts]
    return json.dumps({"memories": items})


async def said(house: House, model: str = "scripted", attempts: int = 0) -> UUID:
    """A turn whose message may teach something; the rules found one thing in it."""
    made, turn = await make_conversation(house.chat, "Titled"), uuid4()
    [message] = await put(house.chat, made.conversation_id, SAID, turn=turn)
    frame = memory_pb.NewMemory(subject="user", speaker="ada", source_id=str(message), position=3)
    learned = memory_pb.NewMemory()
    learned.CopyFrom(frame)
    learned.text = BY_RULES
    batch = memory_pb.BatchStoreMemoriesRequest(memories=[frame, learned], request_id=str(uuid4()))
    ids = (UUID(made.conversation_id), uuid4(), UUID(str(message)), uuid4())
    async with house.chat.database.transaction(TENANT) as connection:
        await connection.execute(TURN, TENANT, turn, uuid4(), *ids, model)
        await connection.execute(WANT, TENANT, uuid4(), turn, EXTRACT, batch.SerializeToString(), attempts)
    return turn


async def stored(house: House) -> list[memory_pb.NewMemory]:
    """What memory is to be told once the model has been asked."""
    await house.intents.deliver_due()
    assert await eventually(lambda: not house.intents.slow)
    async with house.chat.database.transaction(TENANT) as connection:
        rows = await connection.fetch("select kind, payload from intents")
    assert {row["kind"] for row in rows} <= {LEARN, "settle_turn"}
    batches = [memory_pb.BatchStoreMemoriesRequest.FromString(row["payload"]) for row in rows if row["kind"] == LEARN]
    return [memory for batch in batches for memory in batch.memories]


async def test_what_a_model_finds_takes_the_place_of_what_rules_found(house: House) -> None:
    house.upstream.enqueue(Script(text=found("I live in Lisbon", "my sister Anna teaches chemistry"), chunks=3))
    await said(house)
    first, second = await stored(house)
    assert (first.text, first.predicate, first.object) == ("I live in Lisbon", "lives_in", "Lisbon")
    assert (second.text, second.speaker, second.position) == ("my sister Anna teaches chemistry", "ada", 3)
    assert second.source_id
    [asked] = house.upstream.requests()
    assert SAID in asked.body["messages"][1]["content"]
    tokens, micros, held = await house.spent()
    assert tokens > 0
    assert micros > 0
    assert held == 0


@pytest.mark.parametrize(
    "answer", [Script(text="Sure, I will!", chunks=1), Script(text=found("I live in Madrid"), chunks=1)]
)
async def test_garbage_is_paid_for_and_the_rules_hold(house: House, answer: Script) -> None:
    house.upstream.enqueue(answer)
    await said(house)
    assert [memory.text for memory in await stored(house)] == [BY_RULES]
    assert (await house.spent())[0] > 0


async def test_a_model_that_is_away_is_not_asked_again(house: House) -> None:
    house.upstream.enqueue(Script(fault=Fault(FaultKind.OVERLOADED)))
    await said(house)
    assert [memory.text for memory in await stored(house)] == [BY_RULES]
    assert (await house.spent())[2] == 0


async def test_who_was_cut_off_asks_nobody_a_second_time(house: House) -> None:
    await said(house, attempts=1)
    await said(house, model="offline")
    assert [memory.text for memory in await stored(house)] == [BY_RULES, BY_RULES]
    assert house.upstream.requests() == []


async def test_what_was_erased_meanwhile_is_not_learned(house: House) -> None:
    turn = await said(house)
    async with house.chat.database.transaction(TENANT) as connection:
        await connection.execute("delete from turns where turn_id = $1", turn)
    assert await stored(house) == []
    assert house.upstream.requests() == []
