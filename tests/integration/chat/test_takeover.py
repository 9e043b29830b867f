"""Turns outlive their process: another one goes on with the answer, in no case twice, and every call is billed once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_interruptions import ended, no_open_holds, start
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate

_ENDING = "select pid from pg_stat_activity where query like '%end_turn%' and wait_event_type = 'Lock'"
_KILL_ENDING = (
    "select pg_terminate_backend(pid) from pg_stat_activity where query like '%end_turn%' and wait_event_type = 'Lock'"
)
SLOW = Script(chunks=60, gap_seconds=0.05)
LONG = Script(chunks=120, gap_seconds=0.1)


async def rest_of(person: Person, seen: Told) -> Told:
    """What follows, joined to what was seen."""
    whole = Told()
    for event in (*seen.events, *(await person.resume(seen.turn_id, seen.last.sequence)).events):
        whole.take(event)
    return whole


async def billed_once(person: Person, told: Told, model: ScriptedUpstream) -> None:
    """What the ledger has is what the upstream was asked for, call by call."""
    await no_open_holds(person)
    legs = (await person.receipt(told.started.receipt_id)).legs
    asked = model.requests()
    assert len(legs) == len(asked)
    for leg, request in zip(legs, asked, strict=True):
        # A call that broke off is estimated: the framing of messages differs by a few tokens.
        slack = 8 if leg.usage.estimated else 0
        assert abs(leg.usage.input_tokens - (request.prompt_tokens or 0)) <= slack
    with person.acting():
        (budget,) = (await person.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
    assert budget.used_tokens == sum(leg.usage.input_tokens + leg.usage.output_tokens for leg in legs)


@asynccontextmanager
async def owner_of(stack: ChatStack) -> AsyncIterator[Any]:
    """A connection to chat's database as a superuser, who sees what others wait for."""
    connection = await asyncpg.connect(stack.superuser_dsn("chat"), server_settings={"search_path": "chat"})
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def paused(stack: ChatStack, service: str) -> Iterator[None]:
    """A process that does nothing for a while."""
    number = stack.pid(service)
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


async def test_a_restarted_chat_goes_on_with_what_it_left_running_and_what_its_tools_gave(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="Let me see."), SLOW)
    seen = await start(ada, said(SUM), texts=8)
    await asyncio.to_thread(stack.kill, "chat")
    await asyncio.to_thread(stack.start, "chat")
    await ada.reconnect(seen.turn_id)
    told = await rest_of(ada, seen)
    heard = [kind for kind in told.kinds() if kind != "notice"]
    assert heard == ["started", "text", "tool_call", "tool_result", "text", "text", "completed"]
    assert told.notices.count("turn_taken_over") == 1
    assert told.text == (await ada.turn(seen.turn_id)).text
    assert told.text.startswith("Let me see.\n\n")
    asked = model.requests()[-1].body["messages"]
    assert [message["content"] for message in asked if message["role"] == "tool"] == ["42"]
    # The model was asked to go on from what had become durable.
    assert seen.text.removeprefix("Let me see.\n\n")[:20] in model.requests()[-1].prompt
    assert (await ada.resume(seen.turn_id)).text == told.text
    await billed_once(ada, told, model)
    model.set_default(Script())
    again = await ada.say("go on", conversation_id=seen.started.conversation_id)
    assert again.last.HasField("completed")


async def test_no_model_is_asked_before_others_can_know_of_the_call(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    """Else a process that dies just then leaves a call that nobody is billed for."""
    waiting = "select 1 from pg_stat_activity where query like '%journal%' and wait_event_type = 'Lock'"
    async with owner_of(stack) as holder, owner_of(stack) as looker:
        async with holder.transaction():
            await holder.execute("lock table journal in access exclusive mode")
            turn = asyncio.create_task(ada.say("Who knows of this?"))
            await eventually(lambda: looker.fetchval(waiting), within_seconds=60)
            with pytest.raises(AssertionError):
                await eventually(lambda: asyncio.to_thread(model.requests), within_seconds=1)
        told = await turn
    assert told.last.HasField("completed")
    assert len(model.requests()) == 1
    await billed_once(ada, told, model)


async def test_a_drained_chat_hands_over_what_runs(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(LONG)
    seen = await start(ada, said("tell me a lot"))
    assert await asyncio.to_thread(stack.kill, "chat", signal.SIGTERM) == 0
    await asyncio.to_thread(stack.start, "chat")
    turn = await ada.reconnect(seen.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_RUNNING
    assert turn.text.startswith(seen.text)
    told = await rest_of(ada, seen)
    assert told.last.HasField("completed")
    assert told.text == (await ada.turn(seen.turn_id)).text
    await billed_once(ada, told, model)


async def test_another_process_takes_over(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(LONG)
    with stack.second_chat() as channel:
        second = channel.stub(TurnServiceStub)
        seen = await start(ada, said("tell me a lot"))
        await asyncio.to_thread(stack.kill, "chat")
        model.set_default(Script())
        told = Told(list(seen.events))
        with ada.acting():
            request = turn_pb.ResumeTurnRequest(turn_id=seen.turn_id, after_sequence=seen.last.sequence)
            replies = second.ResumeTurn(request)
        async for event in replies:
            told.take(event)
            if event.notice.code == "turn_taken_over":
                assert event.notice.metadata["from_instance"].endswith("-0")
        assert told.notices.count("turn_taken_over") == 1
        assert told.last.HasField("completed")
        await channel.close()
    await asyncio.to_thread(stack.start, "chat")
    await ada.reconnect(seen.turn_id)
    assert (await ada.resume(seen.turn_id)).text == told.text == (await ada.turn(seen.turn_id)).text
    await billed_once(ada, told, model)


async def test_a_process_that_wakes_up_again_writes_nothing_more(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(LONG)
    with stack.second_chat() as channel:
        told = Told()
        async for event in ada.stream(said("tell me a lot")):
            told.take(event)
            if len(told.events) == 5:
                with paused(stack, "chat"):
                    model.set_default(Script(chunks=60, gap_seconds=0.05))
                    await _taken_over(stack, told.turn_id)
        # Its own reader heard what the other process wrote.
        assert told.last.HasField("completed")
        assert told.notices.count("turn_taken_over") == 1
        whole = await ada.resume(told.turn_id)
        assert whole.text == told.text == (await ada.turn(told.turn_id)).text
        assert sum(event.HasField("completed") for event in whole.events) == 1
        await billed_once(ada, told, model)
        await channel.close()


async def test_a_turn_that_had_told_nothing_is_answered_from_its_beginning(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    request = said("tell me")
    with paused(stack, "governor"):
        sending = asyncio.create_task(ada.send(request))
        async with owner_of(stack) as owner:
            await eventually(lambda: owner.fetchval("select turn_id from turns"), within_seconds=30)
        await asyncio.to_thread(stack.kill, "chat")
    with pytest.raises(SomaError):
        await sending
    await asyncio.to_thread(stack.start, "chat")

    async def again() -> Told | None:
        try:
            return await ada.send(request)
        except SomaError:
            return None

    told = await eventually(again, within_seconds=60)
    assert told is not None
    assert "turn_taken_over" not in told.notices
    await billed_once(ada, told, model)


async def test_a_turn_that_was_settled_ends_as_it_was_settled(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    """Killed between the settlement and the commit of its end, which had written all but the last."""
    model.set_default(Script(chunks=12, gap_seconds=0.05))
    seen = await start(ada, said("tell me"), texts=2)
    async with owner_of(stack) as owner, owner.transaction():
        await owner.execute("lock table intents in exclusive mode")

        async def settled() -> bool:
            receipt = await ada.receipt(seen.started.receipt_id)
            return receipt.HasField("settle_time")

        await eventually(settled, within_seconds=60)
        await eventually(lambda: owner.fetchval(_ENDING), within_seconds=60)
        await asyncio.to_thread(stack.kill, "chat")
        # The server may not hear of the death while the statement waits; what it had done must not be kept.
        await owner.execute(_KILL_ENDING)
    await asyncio.to_thread(stack.start, "chat")
    turn = await ada.reconnect(seen.turn_id)
    told = await rest_of(ada, seen)
    turn = await ada.turn(seen.turn_id)
    assert told.last.HasField("completed")
    assert "turn_taken_over" not in told.notices
    assert turn.text == told.text
    assert not turn.usage.estimated
    assert len(model.requests()) == 1
    await billed_once(ada, told, model)


async def test_a_turn_that_nobody_can_go_on_with_fails_with_its_text(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(SLOW)
    wishes = {
        "no request": "request = null",
        "too many deaths": "takeovers = 3",
        "too old": "create_time = now() - interval '1 h'",
    }
    seen = {wish: await start(ada, said(wish), texts=4) for wish in wishes}
    await asyncio.to_thread(stack.kill, "chat")
    async with owner_of(stack) as owner:
        for wish, change in wishes.items():
            await owner.execute(f"update turns set {change} where turn_id = $1", seen[wish].turn_id)
    await asyncio.to_thread(stack.start, "chat")
    for told in seen.values():
        await ada.reconnect(told.turn_id)
        rest = await ada.resume(told.turn_id, told.last.sequence)
        failed = rest.last.failed
        assert failed.reason == Reason.TURN_INTERRUPTED
        assert failed.partial_text_kept
        assert "interrupted by a restart" in failed.sentence
        turn = await ada.turn(told.turn_id)
        assert turn.status == turn_pb.TURN_STATUS_FAILED
        assert turn.text == told.text + rest.text
        assert turn.usage.estimated
    assert len(model.requests()) == len(wishes)
    await no_open_holds(ada)


async def test_a_stop_reaches_a_turn_that_nobody_runs(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(LONG)
    with stack.second_chat() as channel:
        second = channel.stub(TurnServiceStub)
        seen = await start(ada, said("tell me a lot"))
        await asyncio.to_thread(stack.kill, "chat")
        with ada.acting():
            await second.CancelTurn(turn_pb.CancelTurnRequest(turn_id=seen.turn_id, request_id=seen.turn_id))
        await asyncio.to_thread(stack.start, "chat")
        await ada.reconnect(seen.turn_id)
        turn = await ended(ada, seen.turn_id)
        await channel.close()
    assert turn.status == turn_pb.TURN_STATUS_CANCELLED
    assert turn.text.startswith(seen.text)
    assert len(model.requests()) == 1
    assert turn.usage.output_tokens > 0
    await no_open_holds(ada)


async def _taken_over(stack: ChatStack, turn_id: str) -> None:
    async with owner_of(stack) as owner:

        async def look() -> bool:
            return bool(await owner.fetchval("select takeovers from turns where turn_id = $1", turn_id))

        await eventually(look, within_seconds=60)
