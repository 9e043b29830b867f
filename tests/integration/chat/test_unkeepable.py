"""Answers that the database does not take: the turn ends all the same, and nobody else is held up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream, UsageFigures
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack

WORD: Final = "unkeepable"
_FUNCTION: Final = f"""
create function refuse_word() returns trigger language plpgsql as $$
begin
    if array_to_string(new.parts, '') like '%{WORD}%' and new.role = 'assistant' then
        raise exception 'not this';
    end if;
    return new;
end $$
"""
_TRIGGER: Final = "create trigger refuse_word before insert on messages for each row execute function refuse_word()"


@pytest.fixture
async def refusing(stack: ChatStack) -> AsyncIterator[None]:
    """A table of messages that refuses one word in answers."""
    connection = await asyncpg.connect(stack.databases["chat"].owner_dsn)
    try:
        await connection.execute(_FUNCTION)
        await connection.execute(_TRIGGER)
        yield
        await connection.execute("drop function refuse_word cascade")
    finally:
        await connection.close()


async def test_the_character_that_no_database_keeps_does_not_stop_the_end(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="one \x00 two", chunks=3))
    async with asyncio.timeout(10):
        told = await ada.say("hello")
    assert told.last.HasField("completed")
    assert told.text == "one \ufffd two" == (await ada.turn(told.turn_id)).text


@pytest.mark.parametrize("tokens", [10**12, -5])
async def test_a_usage_that_cannot_be_is_counted_instead(ada: Person, model: ScriptedUpstream, tokens: int) -> None:
    model.set_default(Script(text="one two", chunks=2, usage=UsageFigures(tokens, tokens)))
    async with asyncio.timeout(10):
        told = await ada.say("hello")
    assert told.last.HasField("completed")
    assert told.last.completed.usage.estimated
    assert 0 < told.last.completed.usage.input_tokens < 1000


@pytest.mark.usefixtures("refusing")
async def test_an_answer_that_cannot_be_stored_ends_as_failed(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text=f"this is {WORD}", chunks=3))
    async with asyncio.timeout(10):
        told = await ada.say("hello")
    assert told.last.failed.reason == Reason.INTERNAL
    assert not told.last.failed.partial_text_kept
    turn = await ada.turn(told.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_FAILED
    assert turn.text == ""
    # The conversation goes on.
    model.set_default(Script())
    again = await ada.say("and now?", conversation_id=told.started.conversation_id)
    assert again.last.HasField("completed")


@pytest.mark.usefixtures("refusing")
async def test_a_process_starts_though_what_it_left_cannot_be_stored(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(text=f"this is {WORD} " * 20, chunks=60, gap_seconds=0.05))
    told = Told()
    async for event in ada.stream(said("hello")):
        told.take(event)
        if WORD in told.text:
            break
    await asyncio.to_thread(stack.kill, "chat")
    await asyncio.to_thread(stack.start, "chat")

    async def look() -> turn_pb.Turn | None:
        turn = await ada.reconnect(told.turn_id)
        return None if turn.status == turn_pb.TURN_STATUS_RUNNING else turn

    turn = await eventually(look, within_seconds=15)
    assert turn is not None
    assert turn.status == turn_pb.TURN_STATUS_FAILED
    assert (await ada.resume(told.turn_id)).last.HasField("failed")
