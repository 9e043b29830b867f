"""A process that was taken for dead while it was not: what its readers heard is what is stored, for every turn."""

import asyncio

import asyncpg

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack


async def test_every_turn_of_a_fenced_process_is_given_up_and_gone_on_with(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=500, gap_seconds=0.05))
    heard = [Told() for _ in range(3)]
    speaking = [asyncio.create_task(_hear(ada, told)) for told in heard]
    await eventually(lambda: all(told.text for told in heard), within_seconds=20)
    connection = await asyncpg.connect(stack.databases["chat"].owner_dsn)
    try:
        model.set_default(Script(chunks=20, gap_seconds=0.05))
        await connection.execute("update instances set epoch = epoch + 1")
    finally:
        await connection.close()
    await asyncio.gather(*speaking)
    for told in heard:
        assert told.last.HasField("completed")
        assert told.notices.count("turn_taken_over") == 1
        turn = await ada.turn(told.turn_id)
        assert turn.status == turn_pb.TURN_STATUS_COMPLETED
        assert told.text == turn.text
        assert (await ada.resume(told.turn_id)).text == turn.text


async def _hear(person: Person, told: Told) -> None:
    async with asyncio.timeout(60):
        async for event in person.stream(said("tell me a lot")):
            told.take(event)
