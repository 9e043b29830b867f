"""Results of tools that the client runs: kept once, and the answer goes on with them in a turn of its own."""

from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.person import Person, Told
from tests.integration.chat.test_tool_rounds import asks, calls_in, evaluate, messages_of, results_in
from tests.integration.chat.tree import follow, regeneration

WEATHER = message_pb.ClientTool(name="weather", description="The weather of a city.")
QUESTION = "How is the weather in Kiel, and calculate 6 plus 7?"


async def submit(
    person: Person, turn_id: str, call_id: str, content: str, **fields: Any
) -> turn_pb.SubmitToolResultResponse:
    fields.setdefault("request_id", str(uuid4()))
    with person.acting():
        request = turn_pb.SubmitToolResultRequest(turn_id=turn_id, call_id=call_id, content=content, **fields)
        answer: turn_pb.SubmitToolResultResponse = await person.turns.SubmitToolResult(request)
    return answer


async def asked(person: Person, model: ScriptedUpstream, *calls: ToolCall, text: str = "") -> Told:
    model.enqueue(asks(*calls, text=text))
    told = await person.say(QUESTION, tools=[WEATHER])
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    return told


async def test_the_answer_goes_on_with_the_results(ada: Person, model: ScriptedUpstream) -> None:
    told = await asked(
        ada, model, ToolCall("weather", '{"city": "Kiel"}', id="c1"), evaluate("6 + 7", id="c2"), text="A moment."
    )
    # What runs here ran; the client's call is left to it.
    assert [(call.call.call_id, call.by_client) for call in calls_in(told)] == [("c1", True), ("c2", False)]
    assert [(result.call_id, result.content) for result in results_in(told)] == [("c2", "13")]
    assert [call.call_id for call in (await ada.turn(told.turn_id)).tool_calls] == ["c1"]
    model.enqueue(Script(text="Rain, and 13."))
    answer = await submit(ada, told.turn_id, "c1", "rain")
    assert list(answer.missing_call_ids) == []
    rest = await ada.resume(answer.continuing_turn_id)
    assert rest.text == "Rain, and 13."
    assert rest.started.user_message_id == ""
    assert rest.started.parent_message_id == told.started.assistant_message_id
    body = model.requests()[1].body
    sent = [(each["role"], each["content"]) for each in body["messages"] if each["role"] != "system"]
    assert sent == [("user", QUESTION), ("assistant", "A moment."), ("tool", "rain"), ("tool", "13")]
    assert "weather" in [tool["function"]["name"] for tool in body["tools"]]
    said = await messages_of(ada, told.started.conversation_id)
    assert ["".join(part.text for part in message.content) for message in said] == [
        QUESTION,
        "A moment.",
        "Rain, and 13.",
    ]
    assert [(result.call_id, result.content) for result in said[1].tool_results] == [("c2", "13"), ("c1", "rain")]
    model.enqueue(Script(text="Yes."))
    await ada.say("Sure?", conversation_id=told.started.conversation_id)
    history = [each["role"] for each in model.requests()[2].body["messages"] if each["role"] != "system"]
    assert history == ["user", "assistant", "tool", "tool", "assistant", "user"]


async def test_a_result_is_kept_once(ada: Person, model: ScriptedUpstream) -> None:
    told = await asked(ada, model, ToolCall("weather", id="c1"), ToolCall("weather", id="c2"))
    first = await submit(ada, told.turn_id, "c2", "rain")
    assert (list(first.missing_call_ids), first.continuing_turn_id) == (["c1"], "")
    assert await submit(ada, told.turn_id, "c2", "rain") == first
    for fields in ({"content": "sun"}, {"content": "rain", "failed": True}):
        with pytest.raises(SomaError) as resolved:
            await submit(ada, told.turn_id, "c2", **fields)
        assert resolved.value.reason is Reason.CALL_RESOLVED
    model.enqueue(Script(text="Rain here, no answer there."))
    once = str(uuid4())
    last = await submit(ada, told.turn_id, "c1", "no answer", failed=True, request_id=once)
    assert await submit(ada, told.turn_id, "c1", "no answer", failed=True, request_id=once) == last
    assert (
        await submit(ada, told.turn_id, "c1", "no answer", failed=True)
    ).continuing_turn_id == last.continuing_turn_id
    assert (await ada.resume(last.continuing_turn_id)).last.HasField("completed")
    statuses = [result.status for result in (await messages_of(ada, told.started.conversation_id))[1].tool_results]
    assert statuses == [message_pb.TOOL_CALL_STATUS_DONE, message_pb.TOOL_CALL_STATUS_FAILED]
    assert len(model.requests()) == 2


async def test_only_what_was_asked_is_taken(ada: Person, eve: Person, model: ScriptedUpstream) -> None:
    told = await asked(ada, model, ToolCall("weather", id="c1"), evaluate("6 + 7", id="c2"))
    plain = await ada.say("hello")
    for person, turn_id, call_id in (
        (ada, told.turn_id, "c2"),
        (ada, told.turn_id, "c9"),
        (ada, plain.turn_id, "c1"),
        (ada, str(uuid4()), "c1"),
        (eve, told.turn_id, "c1"),
    ):
        with pytest.raises(SomaError) as refused:
            await submit(person, turn_id, call_id, "rain")
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_results_wait_for_a_place_in_a_busy_conversation(ada: Person, model: ScriptedUpstream) -> None:
    told = await asked(ada, model, ToolCall("weather", id="c1"))
    model.enqueue(Script(chunks=40, gap_seconds=0.05), Script(text="Rain."))
    meanwhile = Told()
    request = turn_pb.SendMessageRequest(
        content=[message_pb.ContentPart(text="And meanwhile?")],
        conversation_id=told.started.conversation_id,
        request_id=str(uuid4()),
    )
    async for event in ada.stream(request):
        meanwhile.take(event)
        if event.HasField("text"):
            break
    answer = await submit(ada, told.turn_id, "c1", "rain")
    assert (await ada.turn(answer.continuing_turn_id)).status == turn_pb.TURN_STATUS_QUEUED
    assert (await ada.resume(answer.continuing_turn_id)).text == "Rain."
    assert (await ada.turn(meanwhile.turn_id)).status == turn_pb.TURN_STATUS_COMPLETED


async def test_a_turn_that_goes_on_may_ask_again(ada: Person, model: ScriptedUpstream) -> None:
    told = await asked(ada, model, ToolCall("weather", '{"city": "Kiel"}', id="c1"))
    model.enqueue(asks(ToolCall("weather", '{"city": "Ulm"}', id="c1")), Script(text="Rain and sun."))
    second = (await submit(ada, told.turn_id, "c1", "rain")).continuing_turn_id
    assert (await ada.resume(second)).last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    third = (await submit(ada, second, "c1", "sun")).continuing_turn_id
    assert (await ada.resume(third)).text == "Rain and sun."
    sent = [each["content"] for each in model.requests()[2].body["messages"] if each["role"] == "tool"]
    assert sent == ["rain", "sun"]


async def test_an_answer_that_went_on_can_be_given_anew(ada: Person, model: ScriptedUpstream) -> None:
    told = await asked(ada, model, ToolCall("weather", id="c1"))
    model.enqueue(Script(text="Rain."), Script(text="I do not know."))
    second = await ada.resume((await submit(ada, told.turn_id, "c1", "rain")).continuing_turn_id)
    again = await follow(ada, ada.turns.RegenerateMessage, regeneration(second.last.completed.message_id))
    assert again.text == "I do not know."
    sent = [each["content"] for each in model.requests()[2].body["messages"] if each["role"] != "system"]
    assert sent == [QUESTION]
