"""What a conversation teaches: each fact by itself, a later one in the place of the earlier; echoes teach nothing."""

import asyncio

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_deletion import as_owner


async def remembered(person: Person, *, retired: bool = False) -> list[memory_pb.Memory]:
    with person.acting():
        found = await person.memory.ListMemories(service_pb.ListMemoriesRequest(include_retired=retired))
    return list(found.memories)


async def told(stack: ChatStack, person: Person, text: str, conversation_id: str = "") -> str:
    """Say it, and wait until memory has heard all that chat had to tell."""
    done = await person.say(text, **({"conversation_id": conversation_id} if conversation_id else {}))

    async def heard() -> bool:
        async with as_owner(stack, "chat") as connection:
            return not await connection.fetchval("select count(*) from intents where kind like '%memor%'")

    assert await eventually(heard, within_seconds=20)
    return done.started.conversation_id


async def test_facts_are_learned_one_by_one_and_replaced_exactly(stack: ChatStack, ada: Person) -> None:
    conversation = await told(stack, ada, "My name is Ada and I live in Lisbon. What is the time?")
    name, home = sorted(await remembered(ada), key=lambda memory: memory.predicate, reverse=True)
    assert (name.text, name.predicate, name.object) == ("My name is Ada.", "name", "Ada")
    assert (home.text, home.predicate, home.object) == ("I live in Lisbon.", "lives_in", "Lisbon")
    assert (home.speaker, home.conversation_id, home.position) == ("ada", conversation, 1)
    assert home.source_class == memory_pb.SOURCE_CLASS_USER_SAID
    assert home.source_id
    assert home.session_time.seconds > 0
    await told(stack, ada, "Actually, I live in Porto now.", conversation)
    now = {memory.predicate: memory for memory in await remembered(ada)}
    assert (now["lives_in"].object, now["lives_in"].position, now["name"].memory_id) == ("Porto", 2, name.memory_id)
    [old] = [memory for memory in await remembered(ada, retired=True) if memory.superseded_by]
    assert (old.memory_id, old.superseded_by) == (home.memory_id, now["lives_in"].memory_id)


async def test_who_echoes_teaches_nothing_new(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    fact = "My canary is called Pip and sings at dawn."
    await told(stack, ada, fact)
    [first] = await remembered(ada)
    for echo in (fact, f"You told me before: {fact}", f'You said: "{fact}"'):
        await asyncio.to_thread(model.enqueue, Script(text=f"I remember. {fact}"))
        await told(stack, ada, echo)
    assert [memory.memory_id for memory in await remembered(ada, retired=True)] == [first.memory_id]
