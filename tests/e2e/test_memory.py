"""What a person said is remembered and comes back where it belongs, and to nobody else."""

from uuid import uuid4

from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person

FACT = "My sister Zelda lives in Trondheim and keeps seven llamas."
QUESTION = "In which city does my sister Zelda live?"


async def recalled(person: Person, query: str) -> list[str]:
    request = memory_pb.RecallMemoriesRequest(query=query, time_budget_milliseconds=2000)
    answer = await person.grpc.call(person.grpc.memory.RecallMemories, request)
    return [hit.memory.text for hit in answer.hits]


async def learned(person: Person) -> None:
    async def is_there() -> bool:
        return any("Trondheim" in text for text in await recalled(person, QUESTION))

    await eventually(is_there, within_seconds=15, every_seconds=0.2)


async def test_what_was_said_in_one_turn_is_in_the_prompt_of_another(
    ada: Person, bob: Person, model: ScriptedUpstream
) -> None:
    await ada.grpc.say(FACT)
    await learned(ada)
    model.reset()
    heard = await ada.grpc.say(QUESTION)
    [sent] = model.requests()
    memory = next(message for message in sent.messages if "Trondheim" in str(message["content"]))
    assert memory["role"] == "system"
    assert sent.messages.index(memory) < len(sent.messages) - 1
    assert sent.messages[-1] == {"role": "user", "content": QUESTION}
    receipt = await receipt_items(ada, heard.started.receipt_id)
    assert [item.kept for item in receipt if item.lane == "memory"]
    await bob.grpc.say(QUESTION)
    assert "Trondheim" not in model.requests()[-1].prompt, "another person's memories stay theirs"


async def receipt_items(person: Person, receipt_id: str) -> list[receipt_pb.ManifestItem]:
    request = governor_pb.GetReceiptRequest(receipt_id=receipt_id)
    answer = await person.grpc.call(person.grpc.governor.GetReceipt, request)
    return list(answer.receipt.items)


async def test_recalled_text_is_not_learned_again(ada: Person, model: ScriptedUpstream) -> None:
    await ada.grpc.say(FACT)
    await learned(ada)
    for _ in range(3):
        await ada.grpc.say(QUESTION)
    assert [text for text in await recalled(ada, QUESTION) if "Trondheim" in text] == [FACT]


async def test_an_acknowledged_memory_can_be_got_and_deleted(ada: Person, bob: Person) -> None:
    request = memory_pb.StoreMemoryRequest(text="The blue key opens the boathouse.", request_id=str(uuid4()))
    stored = (await ada.grpc.call(ada.grpc.memory.StoreMemory, request)).memory
    assert await recalled(ada, "Which key opens the boathouse?") == [request.text]
    assert await recalled(bob, "Which key opens the boathouse?") == []
    delete = memory_pb.DeleteMemoryRequest(memory_id=stored.memory_id, request_id=str(uuid4()))
    await ada.grpc.call(ada.grpc.memory.DeleteMemory, delete)
    assert await recalled(ada, "Which key opens the boathouse?") == []
