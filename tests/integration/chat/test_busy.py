"""Messages for a conversation that is at work: they wait, stop what runs, or take its place; as clients see it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_approvals import asked, waiting
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate
from tests.integration.chat.tree import Tree, edit, follow, regeneration

SLOW = Script(chunks=100, gap_seconds=0.05)
ENQUEUE, INTERRUPT, ROLLBACK = (
    turn_pb.WHILE_BUSY_ENQUEUE,
    turn_pb.WHILE_BUSY_INTERRUPT,
    turn_pb.WHILE_BUSY_ROLLBACK,
)


class Running:
    """A turn that is being answered, and the task that follows it to its end."""

    def __init__(self, told: Told, task: "asyncio.Task[Told]") -> None:
        self.told = told
        self.task = task
        self.place = told.started.conversation_id

    async def end(self) -> Told:
        return await asyncio.wait_for(self.task, 30)


@asynccontextmanager
async def running(
    person: Person, model: ScriptedUpstream, script: Script = SLOW, **fields: Any
) -> AsyncIterator[Running]:
    """A turn that has said something, or has begun where its script is silent."""
    model.enqueue(script)
    told = Told()
    spoken = asyncio.Event()

    async def read() -> Told:
        async for event in person.stream(said("tell me a lot", **fields)):
            told.take(event)
            if event.HasField("text") or script.first_token_seconds:
                spoken.set()
        return told

    task = asyncio.create_task(read())
    await asyncio.wait_for(spoken.wait(), 20)
    try:
        yield Running(told, task)
    finally:
        task.cancel()


async def queued(person: Person, place: str, amount: int) -> list[str]:
    """The turns that wait in a conversation, once there are so many, in the order they were made."""

    async def look() -> tuple[list[str]] | None:
        with person.acting():
            request = turn_pb.ListTurnsRequest(conversation_id=place, status=turn_pb.TURN_STATUS_QUEUED)
            found = await person.turns.ListTurns(request)
        turns = [turn.turn_id for turn in reversed(found.turns)]
        return (turns,) if len(turns) == amount else None

    found = await eventually(look, within_seconds=10)
    assert found is not None
    return found[0]


def send(person: Person, text: str, place: str, while_busy: int, **fields: Any) -> "asyncio.Task[Told]":
    return asyncio.create_task(person.say(text, conversation_id=place, while_busy=while_busy, **fields))


async def refused(task: "asyncio.Task[Told]") -> SomaError:
    with pytest.raises(SomaError) as caught:
        await task
    return caught.value


async def test_messages_wait_for_their_place_and_follow_what_is_the_leaf_then(
    ada: Person, model: ScriptedUpstream
) -> None:
    async with running(ada, model, Script(text="zero " * 20, chunks=20, gap_seconds=0.05)) as first:
        waiting = []
        for number in range(1, 4):
            model.enqueue(Script(text=f"answer {number}", chunks=2))
            waiting.append(send(ada, f"question {number}", first.place, ENQUEUE))
            await queued(ada, first.place, number)
        told = [await first.end(), *await asyncio.gather(*waiting)]
    for before, after in pairwise(told):
        assert after.started.parent_message_id == before.started.assistant_message_id
        assert after.notices[0] == "queued"
        assert after.events[0].time.ToNanoseconds() >= before.last.time.ToNanoseconds()
    said_then = await Tree(ada, first.place).said()
    assert said_then[2:] == [f"{what} {number}" for number in (1, 2, 3) for what in ("question", "answer")]
    assert "answer 2" in model.requests()[-1].prompt


async def test_no_more_than_eight_wait(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        waiting = [send(ada, f"{number}", first.place, ENQUEUE) for number in range(12)]
        turns = await queued(ada, first.place, 8)

        async def four_refused() -> bool:
            return sum(task.done() for task in waiting) == 4

        await eventually(four_refused, within_seconds=10)
        late = [task for task in waiting if task.done()]
        assert {(await refused(task)).reason for task in late} == {Reason.CONVERSATION_BUSY}
        # A message that does not want to wait is refused also while nothing but the queue is left.
        assert (await refused(send(ada, "now", first.place, 0))).reason is Reason.CONVERSATION_BUSY
        # One that is cancelled leaves its place to another and was never said.
        assert (await ada.cancel(turns[3])).status == turn_pb.TURN_STATUS_CANCELLED
        await queued(ada, first.place, 7)
        gone = await ada.resume(turns[3])
        assert (gone.kinds(), gone.last.sequence) == (["cancelled"], 1)
        for turn in turns[4:]:
            await ada.cancel(turn)
        await ada.cancel(first.told.turn_id)
        told = await asyncio.gather(*(task for task in waiting if task not in late))
    assert sorted(each.kinds()[-1] for each in told) == ["cancelled"] * 5 + ["completed"] * 3
    assert len(await Tree(ada, first.place).messages(all_branches=True)) == 2 * 4


async def test_a_turn_that_fails_holds_nobody_up(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        model.enqueue(Script(fault=Fault(FaultKind.UNAUTHORIZED)), Script(text="still here", chunks=1))
        failing = send(ada, "one", first.place, ENQUEUE)
        await queued(ada, first.place, 1)
        after = send(ada, "two", first.place, ENQUEUE)
        await queued(ada, first.place, 2)
        await ada.cancel(first.told.turn_id)
        failed, told = await asyncio.gather(failing, after)
    assert failed.last.failed.reason == Reason.MODEL_REFUSED_KEY
    assert told.text == "still here"
    # It has no answer, so its message is what the next one follows.
    assert told.started.parent_message_id == failed.started.user_message_id


async def test_who_interrupts_stops_what_runs_and_follows_what_it_said(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        model.enqueue(Script(text="shorter", chunks=1))
        begin = time.monotonic()
        told = await send(ada, "shorter, please", first.place, INTERRUPT)
        assert time.monotonic() - begin < 5
        stopped = await first.end()
    assert stopped.last.cancelled.partial_text_kept
    assert told.text == "shorter"
    assert told.started.parent_message_id == stopped.started.assistant_message_id
    assert await Tree(ada, first.place).said() == ["tell me a lot", stopped.text, "shorter, please", "shorter"]
    assert stopped.text in model.requests()[-1].prompt


async def test_who_interrupts_goes_before_those_who_wait_and_drops_none(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        patient = send(ada, "patient", first.place, ENQUEUE)
        await queued(ada, first.place, 1)
        hasty = send(ada, "hasty", first.place, INTERRUPT)
        told = [await hasty, await patient]
        await first.end()
    assert told[1].started.parent_message_id == told[0].started.assistant_message_id
    assert (await Tree(ada, first.place).said())[2::2] == ["hasty", "patient"]


async def test_many_who_interrupt_at_once_all_get_a_place_and_the_last_an_answer(
    ada: Person, model: ScriptedUpstream
) -> None:
    async with running(ada, model) as first:
        model.set_default(Script(text="done", chunks=2))
        tasks = [send(ada, f"{number}", first.place, INTERRUPT) for number in range(6)]
        told = await asyncio.gather(*tasks)
        await first.end()
    branch = await Tree(ada, first.place).messages()
    texts = [message.content[0].text for message in branch if message.content]
    assert sorted(text for text in texts if text.isdigit()) == [str(number) for number in range(6)]
    assert told[int([text for text in texts if text.isdigit()][-1])].last.HasField("completed")
    assert {each.kinds()[-1] for each in told} <= {"completed", "cancelled"}
    conversation = await Tree(ada, first.place).conversation()
    assert conversation.running_turn_id == ""
    assert conversation.current_leaf_message_id == branch[-1].message_id
    assert conversation.message_count == len(await Tree(ada, first.place).messages(all_branches=True))


async def test_what_is_taken_back_is_gone_and_stays_paid(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(Script(text="hello", chunks=1))
    place = (await ada.say("hi")).started.conversation_id
    model.enqueue(SLOW)
    first = Told()

    async def read() -> None:
        async for event in ada.stream(said("My cat is called Xylophone.", conversation_id=place)):
            first.take(event)

    task = asyncio.create_task(read())
    await eventually(lambda: _said(first), within_seconds=10)
    model.enqueue(Script(text="noted", chunks=1))
    told = await send(ada, "My cat is called Zither.", place, ROLLBACK)
    await task
    assert first.last.HasField("cancelled")
    assert told.started.parent_message_id == first.started.parent_message_id
    tree = Tree(ada, place)
    assert await tree.said(all_branches=True) == ["hi", "hello", "My cat is called Zither.", "noted"]
    assert (await tree.conversation()).message_count == 4
    assert "Xylophone" not in model.requests()[-1].prompt
    taken = await ada.turn(first.turn_id)
    assert (taken.status, taken.text) == (turn_pb.TURN_STATUS_CANCELLED, "")
    assert taken.usage.input_tokens > 0
    assert (await ada.receipt(first.started.receipt_id)).outcome.finish_reason == "cancelled"

    async def names() -> set[str]:
        with ada.acting():
            found = await ada.memory.RecallMemories(memory_pb.RecallMemoriesRequest(query="cat called"))
        return {name for name in ("Xylophone", "Zither") for hit in found.hits if name in hit.memory.text}

    await eventually(lambda: _equal(names, {"Zither"}), within_seconds=10)


async def test_who_takes_back_twice_leaves_the_last_one_only(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        model.set_default(Script(text="done", chunks=2))
        tasks = [send(ada, f"{number}", first.place, ROLLBACK) for number in range(4)]
        told = await asyncio.gather(*tasks)
        await first.end()
    tree = Tree(ada, first.place)
    messages = await tree.messages(all_branches=True)
    answered = [each for each in told if each.last.HasField("completed")]
    # Whoever had its whole answer before the next came stays; the others are gone without a trace.
    assert len(messages) == 2 * len(answered)
    assert (await tree.conversation()).message_count == len(messages)
    assert {message.turn_id for message in messages} == {each.turn_id for each in answered}


async def test_a_question_is_asked_anew_while_its_answer_runs(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        tree = Tree(ada, first.place)
        model.enqueue(Script(text="shorter", chunks=1))
        request = regeneration(first.told.started.user_message_id, while_busy=ROLLBACK)
        told = await follow(ada, ada.turns.RegenerateMessage, request)
        await first.end()
        assert told.started.user_message_id == first.told.started.user_message_id
        assert await tree.said(all_branches=True) == ["tell me a lot", "shorter"]
    async with running(ada, model, conversation_id=first.place) as second:
        model.enqueue(Script(text="other", chunks=1))
        change = edit(second.told.started.user_message_id, "other words", while_busy=ROLLBACK)
        told = await follow(ada, ada.turns.EditMessage, change)
        await second.end()
    assert await tree.said(all_branches=True) == ["tell me a lot", "shorter", "other words", "other"]
    async with running(ada, model, conversation_id=first.place) as third:
        model.enqueue(Script(text="as well", chunks=1))
        request = regeneration(told.started.assistant_message_id, while_busy=ENQUEUE)
        waiting = asyncio.create_task(follow(ada, ada.turns.RegenerateMessage, request))
        await queued(ada, first.place, 1)
        await ada.cancel(third.told.turn_id)
        assert (await waiting).text == "as well"
    assert await tree.said() == ["tell me a lot", "shorter", "other words", "as well"]


async def test_who_goes_away_and_wants_no_answer_leaves_the_queue(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        request = said(
            "never mind",
            conversation_id=first.place,
            while_busy=ENQUEUE,
            on_disconnect=turn_pb.ON_DISCONNECT_CANCEL,
        )
        task = asyncio.create_task(ada.send(request))
        (turn_id,) = await queued(ada, first.place, 1)
        task.cancel()
        await queued(ada, first.place, 0)
        assert (await ada.turn(turn_id)).status == turn_pb.TURN_STATUS_CANCELLED
        await ada.cancel(first.told.turn_id)


async def test_a_repeat_of_a_message_that_waits_waits_for_the_same_answer(ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        model.enqueue(Script(text="once", chunks=1))
        request = said("me too", conversation_id=first.place, while_busy=ENQUEUE)
        tasks = [asyncio.create_task(ada.send(request)) for _ in range(3)]
        (turn_id,) = await queued(ada, first.place, 1)
        resumed = asyncio.create_task(ada.resume(turn_id))
        await ada.cancel(first.told.turn_id)
        told = await asyncio.gather(*tasks, resumed)
    assert {each.turn_id for each in told} == {turn_id}
    assert {each.text for each in told} == {"once"}


async def test_a_conversation_that_is_closed_meanwhile_answers_nobody_who_waits(
    ada: Person, model: ScriptedUpstream
) -> None:
    async with running(ada, model) as first:
        tree = Tree(ada, first.place)
        task = send(ada, "still open?", first.place, ENQUEUE)
        await queued(ada, first.place, 1)
        closed = conversation_pb.Conversation(
            conversation_id=first.place, status=conversation_pb.CONVERSATION_STATUS_ARCHIVED
        )
        change = conversation_pb.UpdateConversationRequest(
            conversation=closed, update_mask=FieldMask(paths=["status"]), request_id=str(uuid4())
        )
        with ada.acting():
            await tree.stub.UpdateConversation(change)
        error = await refused(task)
        assert (error.reason, error.metadata["status"]) == (Reason.CONVERSATION_CLOSED, "archived")
        await ada.cancel(first.told.turn_id)
        await first.end()
        assert len(await tree.messages(all_branches=True)) == 2


@pytest.mark.parametrize(
    ("while_busy", "left"), [(INTERRUPT, [SUM, "May I?", "no", "well"]), (ROLLBACK, ["no", "well"])]
)
async def test_a_turn_that_waits_for_a_person_is_stopped_too(
    ada: Person, model: ScriptedUpstream, while_busy: int, left: list[str]
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"), Script(text="well", chunks=1))
    first = await asked(ada)
    await waiting(ada, first.turn_id)
    told = await send(ada, "no", first.started.conversation_id, while_busy)
    assert told.text == "well"
    assert (await ada.turn(first.turn_id)).status == turn_pb.TURN_STATUS_CANCELLED
    assert (await ada.resume(first.turn_id)).last.HasField("cancelled")
    assert await Tree(ada, first.started.conversation_id).said() == left


async def test_who_waits_behind_a_turn_that_waits_has_its_place_when_that_one_is_over(
    ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"), Script(text="well", chunks=1))
    first = await asked(ada)
    await waiting(ada, first.turn_id)
    behind = send(ada, "and then?", first.started.conversation_id, ENQUEUE)
    await queued(ada, first.started.conversation_id, 1)
    await ada.cancel(first.turn_id)
    assert (await behind).text == "well"


async def test_it_does_not_matter_which_process_runs_what_is_stopped(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    with stack.second_chat() as channel:
        there: Any = channel.stub(TurnServiceStub)
        try:
            for while_busy in (INTERRUPT, ROLLBACK):
                async with running(ada, model) as first:
                    model.enqueue(Script(text="from elsewhere", chunks=1))
                    request = said("stop", conversation_id=first.place, while_busy=while_busy)
                    told = await follow(ada, there.SendMessage, request)
                    stopped = await first.end()
                assert stopped.last.HasField("cancelled")
                assert told.text == "from elsewhere"
                kept = [] if while_busy == ROLLBACK else ["tell me a lot", stopped.text]
                assert await Tree(ada, first.place).said() == [*kept, "stop", "from elsewhere"]
            # And both wait in one queue.
            async with running(ada, model) as first:
                tasks = [
                    asyncio.create_task(
                        follow(ada, stub, said(f"{number}", conversation_id=first.place, while_busy=ENQUEUE))
                    )
                    for number, stub in enumerate((there.SendMessage, ada.turns.SendMessage) * 3)
                ]
                await queued(ada, first.place, 6)
                await ada.cancel(first.told.turn_id)
                told_all = await asyncio.gather(*tasks)
            assert all(each.last.HasField("completed") for each in told_all)
            branch = await Tree(ada, first.place).messages()
            assert len(branch) == 14
            parents = [message.parent_message_id for message in branch]
            assert parents == ["", *(message.message_id for message in branch[:-1])]
        finally:
            await channel.close()


async def test_what_waits_survives_the_process(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    async with running(ada, model) as first:
        tasks = [send(ada, f"{number}", first.place, ENQUEUE) for number in range(2)]
        turns = await queued(ada, first.place, 2)
        await asyncio.to_thread(stack.kill, "chat")
        for task in tasks:
            with pytest.raises(SomaError):
                await task
    model.set_default(Script(text="late but here", chunks=2))
    await asyncio.to_thread(stack.start, "chat")
    await ada.reconnect(first.told.turn_id)
    for turn_id in turns:
        assert (await ada.resume(turn_id)).text == "late but here"
    branch = await Tree(ada, first.place).said()
    assert sorted(text for text in branch if text.isdigit()) == ["0", "1"]


async def _said(told: Told) -> bool:
    return bool(told.text)


async def _equal(ask: Any, wanted: object) -> bool:
    return bool(await ask() == wanted)
