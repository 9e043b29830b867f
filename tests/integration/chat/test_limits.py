"""What bounds a turn: flags, budgets, the wish for a level, the age of a stream, a stop asked for elsewhere."""

import asyncio
from uuid import UUID

import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Database
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack


async def refusal(person: Person, request: turn_pb.SendMessageRequest) -> SomaError:
    """Why a request is refused."""
    with pytest.raises(SomaError) as caught:
        await person.send(request)
    return caught.value


async def test_an_exhausted_budget_refuses_for_good(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    async with Person(stack, "boss", ada.tenant, "admin") as boss:
        with boss.acting():
            await boss.governor.SetBudget(
                governor_pb.SetBudgetRequest(
                    period=budget_pb.BUDGET_PERIOD_DAY, limit_tokens=10, hard=True, request_id=said("").request_id
                )
            )
    request = said("hello")
    error = await refusal(ada, request)
    assert error.reason is Reason.BUDGET_EXHAUSTED
    assert error.retry_after_seconds
    assert error.quota
    again = await refusal(ada, request)
    assert (again.reason, again.metadata, again.quota) == (error.reason, error.metadata, error.quota)
    assert model.requests() == []


async def test_a_turn_below_the_wished_level_is_refused(stack: ChatStack, ada: Person) -> None:
    await asyncio.to_thread(stack.kill, "memory")
    error = await refusal(ada, said("hello", min_level=level_pb.DEGRADATION_LEVEL_L0))
    assert error.reason is Reason.LEVEL_TOO_LOW
    await asyncio.to_thread(stack.start, "memory")


async def test_memory_that_is_switched_off_is_not_asked(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    await asyncio.to_thread(stack.kill, "chat")
    await asyncio.to_thread(lambda: stack.start("chat", SOMA_FEATURE_MEMORY="false"))
    try:
        async with Person(stack, "ada", ada.tenant) as again:
            told = await again.say("My dog is called Rufus.")
            assert "feature_off" in told.notices
            assert told.started.lanes.memory == 0
            receipt = await again.receipt(told.started.receipt_id)
            assert list(receipt.features_off) == ["memory"]
    finally:
        await asyncio.to_thread(stack.kill, "chat")
        await asyncio.to_thread(stack.start, "chat")


async def test_a_stream_that_is_no_longer_kept_names_its_message(stack: ChatStack, ada: Person) -> None:
    told = await ada.say("hello")
    database = await Database.open(stack.databases["chat"])
    try:
        async with database.worker() as connection:
            await connection.execute("delete from journal where turn_id = $1", UUID(told.turn_id))
    finally:
        await database.close()
    with pytest.raises(SomaError) as caught:
        await ada.resume(told.turn_id)
    assert caught.value.reason is Reason.CURSOR_TOO_OLD
    assert caught.value.metadata["message_id"] == told.started.assistant_message_id
    assert (await ada.turn(told.turn_id)).text == told.text


async def test_a_stop_that_was_left_in_the_database_is_found(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=100, gap_seconds=0.05))
    database = await Database.open(stack.databases["chat"])
    told = Told()
    try:
        async for event in ada.stream(said("tell me a lot")):
            told.take(event)
            if len(told.events) == 3:
                async with database.transaction(ada.tenant) as connection:
                    await connection.execute("update turns set cancel_requested = true")
    finally:
        await database.close()
    assert told.last.HasField("cancelled")


async def test_history_that_does_not_fit_is_told_and_accounted_for(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="ok", chunks=1))
    first = await ada.say("the very first words " + "w1x9 " * 900)
    place = first.started.conversation_id
    for number in range(5):
        await ada.say(f"number {number} " + "w1x9 " * 900, conversation_id=place)
    told = await ada.say("and now?", conversation_id=place)
    assert "context_trimmed" in told.notices
    receipt = await ada.receipt(told.started.receipt_id)
    history = [item for item in receipt.items if item.lane == "history"]
    assert len(history) == 12
    assert not history[0].kept
    assert history[-1].kept
    assert all(item.reason for item in history)
    assert sum(item.tokens for item in history if item.kept) == receipt.lanes_used.history
    assert receipt.lanes_used.history <= receipt.lanes_planned.history
    assert "the very first words" not in model.requests()[-1].prompt


async def test_the_numbers_of_the_process_are_published(stack: ChatStack, ada: Person) -> None:
    await ada.say("hello")
    numbers = await asyncio.to_thread(stack.metrics_of, "chat")
    for name in ("soma_chat_running_turns", "soma_chat_first_token_seconds", "soma_chat_journal_group_events"):
        assert name in numbers
