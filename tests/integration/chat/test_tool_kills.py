"""Processes that die while a tool runs: what was sent is never sent again blindly, and the turn goes on."""

import json
import signal
from typing import Any

import asyncpg

from soma.chat.v1 import message_pb2 as message_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_tool_rounds import asks, results_in

FACT = "Ada's cat is called Byron."
REMEMBER = ToolCall("memory_remember", json.dumps({"memory": FACT}), id="c1")


async def killed_while_it_is_sent(ada: Person, stack: ChatStack, model: ScriptedUpstream) -> Told:
    """Kills chat while memory has the call and does not answer; memory stays as it is."""
    model.enqueue(asks(REMEMBER, text="I note it.", first_token_seconds=1.0), Script(text="Done with it."))
    told, stopped = Told(), False
    try:
        async for event in ada.stream(said("Please remember how my cat is called.")):
            told.take(event)
            if not stopped:
                # What was recalled for the turn came before.
                await model.aio.wait_for(lambda requests: len(requests) > 0)
                stack.signal("memory", signal.SIGSTOP)
                stopped = True
            if event.HasField("tool_call"):
                await eventually(lambda: ledger(stack, told.turn_id, "sent"), within_seconds=10)
                break
    finally:
        if not stopped:
            stack.signal("memory", signal.SIGCONT)
    stack.kill("chat")
    return told


async def ledger(stack: ChatStack, turn_id: str, state: str) -> bool:
    connection = await asyncpg.connect(stack.databases["chat"].owner_dsn)
    try:
        await connection.execute("set row_security = off")
        return bool(
            await connection.fetchval("select true from tool_calls where turn_id = $1 and state = $2", turn_id, state)
        )
    finally:
        await connection.close()


async def remembered(ada: Person) -> list[str]:
    request = memory_pb.RecallMemoriesRequest(query=FACT, top_k=50, token_budget=2_000)
    with ada.acting():
        found: Any = await ada.memory.RecallMemories(request)
    return [hit.memory.text for hit in found.hits if hit.memory.text == FACT]


async def recalls(ada: Person) -> bool:
    """Whether chat has memory back."""
    return "dependency_down" not in (await ada.say("hello")).notices


async def test_what_can_be_asked_for_again_under_its_key_is_resolved(
    ada: Person, stack: ChatStack, model: ScriptedUpstream
) -> None:
    seen = await killed_while_it_is_sent(ada, stack, model)
    stack.signal("memory", signal.SIGCONT)
    stack.start("chat")
    await ada.reconnect(seen.turn_id)
    rest = await ada.resume(seen.turn_id, seen.last.sequence)
    (result,) = results_in(rest)
    assert result.status == message_pb.TOOL_CALL_STATUS_DONE
    assert rest.last.HasField("completed")
    assert await remembered(ada) == [FACT]
    receipt = await ada.receipt(rest.last.completed.receipt_id)
    assert [leg.leg for leg in receipt.legs] == [1, 2]
    assert receipt.cost_micros == (await ada.turn(seen.turn_id)).cost_micros


async def test_what_nobody_knows_about_is_not_done_again(
    ada: Person, stack: ChatStack, model: ScriptedUpstream
) -> None:
    seen = await killed_while_it_is_sent(ada, stack, model)
    stack.kill("memory")
    stack.start("chat")
    await ada.reconnect(seen.turn_id)
    rest = await ada.resume(seen.turn_id, seen.last.sequence)
    (result,) = results_in(rest)
    assert result.status == message_pb.TOOL_CALL_STATUS_UNKNOWN
    assert "Nobody knows whether it had its effect" in result.content
    assert model.requests()[-1].body["messages"][-1]["content"] == result.content
    assert rest.last.HasField("completed")
    assert seen.text + rest.text == (await ada.turn(seen.turn_id)).text == "I note it.\n\nDone with it."
    assert await ledger(stack, seen.turn_id, "unknown")
    stack.start("memory")
    await eventually(lambda: recalls(ada), within_seconds=30)
