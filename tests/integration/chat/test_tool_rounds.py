"""Rounds of tools: what the model asks for is run here, told, paid for once, and kept for later turns."""

import json
from typing import Any

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.person import Person, Told, spoken, transcript

SUM = "Please calculate the product of 6 and 7 for me."


def asks(*calls: ToolCall, text: str | None = "", **fields: Any) -> Script:
    """A script that asks for tools."""
    return Script(text=text, tool_calls=calls, calls_once=False, **fields)


def evaluate(expression: str, **fields: Any) -> ToolCall:
    """A call of math.evaluate as a model makes it."""
    return ToolCall("math_evaluate", json.dumps({"expression": expression}), **fields)


def calls_in(told: Told) -> list[event_pb.ToolCallStarted]:
    return [event.tool_call for event in told.events if event.HasField("tool_call")]


def results_in(told: Told) -> list[event_pb.ToolCallFinished]:
    return [event.tool_result for event in told.events if event.HasField("tool_result")]


async def messages_of(person: Person, conversation_id: str) -> list[message_pb.Message]:
    stub: Any = person.stub("chat", ConversationServiceStub)
    with person.acting():
        answer = await stub.ListMessages(conversation_pb.ListMessagesRequest(conversation_id=conversation_id))
    return list(answer.messages)


async def test_a_tool_is_run_and_the_answer_goes_on_with_its_result(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="Let me see."), Script(text="It is 42."))
    told = await ada.say(SUM)
    assert told.kinds() == ["started", "text", "tool_call", "tool_result", "text", "completed"]
    (call,), (result,) = calls_in(told), results_in(told)
    assert (call.call.name, call.call.call_id, call.by_client, call.round) == ("math.evaluate", "c1", False, 1)
    assert (result.name, result.content, result.status) == ("math.evaluate", "42", message_pb.TOOL_CALL_STATUS_DONE)
    assert told.text == "Let me see.\n\nIt is 42."
    second = model.requests()[1].body["messages"]
    assert [message["role"] for message in second[-2:]] == ["assistant", "tool"]
    assert second[-2]["content"] == "Let me see."
    assert second[-2]["tool_calls"][0]["function"]["name"] == "math_evaluate"
    assert (second[-1]["tool_call_id"], second[-1]["content"]) == ("c1", "42")
    turn = await ada.turn(told.turn_id)
    assert turn.text == told.text
    assert turn.finish_reason == "stop"
    receipt = await ada.receipt(turn.receipt_id)
    assert [leg.leg for leg in receipt.legs] == [1, 2]
    assert turn.cost_micros == receipt.cost_micros == told.last.completed.cost_micros


async def test_calls_of_one_round_are_run_side_by_side_and_answered_in_their_order(
    ada: Person, model: ScriptedUpstream
) -> None:
    calls = [evaluate(f"{number} * {number}", id=f"c{number}") for number in range(1, 6)]
    model.enqueue(asks(*calls), Script(text="All squares."))
    told = await ada.say("Calculate five squares: 1 times 1 and so on.")
    assert [result.content for result in results_in(told)] == ["1", "4", "9", "16", "25"]
    answered = model.requests()[1].body["messages"][-5:]
    assert [message["tool_call_id"] for message in answered] == ["c1", "c2", "c3", "c4", "c5"]
    receipt = await ada.receipt(told.last.completed.receipt_id)
    assert [(tool.name, tool.attempts, tool.successes) for tool in receipt.outcome.tools] == [("math.evaluate", 5, 5)]
    # One name for people everywhere; what a provider's rules make of it is on its wire alone.
    ranked = {tool.name for tool in receipt.tools}
    placed = {item.item_id for item in receipt.items if item.lane == "tools"}
    assert ranked == placed == {"math.evaluate", "memory.recall", "memory.remember", "time.now"}
    offered = {tool["function"]["name"] for tool in model.requests()[0].body["tools"]}
    assert offered == {tool.name.replace(".", "_") for tool in receipt.tools if tool.chosen}


async def test_what_cannot_be_run_is_told_to_the_model_which_may_try_again(
    ada: Person, model: ScriptedUpstream
) -> None:
    wrong = (
        ToolCall("no_such_tool", "{}", id="c1", unoffered=True),
        ToolCall("math_evaluate", '{"expression": ', id="c2"),
        ToolCall("math_evaluate", '{"formula": "1"}', id="c3"),
        evaluate("1 / 0", id="c4"),
    )
    # The second round names its calls like the first one: in the turn each has an id of its own.
    model.enqueue(asks(*wrong), asks(evaluate("2 + 2", id="c1")), Script(text="4."))
    told = await ada.say("Calculate 2 plus 2.")
    first, second, third, fourth, fifth = results_in(told)
    assert first.content == "There is no tool no_such_tool here. There are: math.evaluate."
    assert second.content.startswith("The arguments are no JSON: ")
    assert third.content == (
        "The arguments do not fit: expression is missing; formula is not known. Correct them and try again."
    )
    assert fourth.content == "The expression divides by zero."
    assert {result.status for result in (first, second, third, fourth)} == {message_pb.TOOL_CALL_STATUS_FAILED}
    assert (fifth.call_id, fifth.content, fifth.round) == ("c1-r2", "4", 2)
    assert told.text == "4."


async def test_after_the_last_round_the_model_answers_without_tools(ada: Person, model: ScriptedUpstream) -> None:
    # The default agent may have two rounds.
    again = [asks(evaluate(f"{number} + 1")) for number in range(3)]
    model.enqueue(again[0], again[1], Script(text="Enough."))
    told = await ada.say("Calculate for ever: 1 plus 1.")
    assert told.notices == ["tools_ended"]
    assert told.text == "Enough."
    offered = [bool(request.body.get("tools")) for request in model.requests()]
    assert offered == [True, True, False]


async def test_a_model_that_asks_all_the_same_is_not_obeyed(ada: Person, model: ScriptedUpstream) -> None:
    stubborn = ToolCall("math_evaluate", '{"expression": "1"}', unoffered=True)
    model.set_default(asks(stubborn))
    told = await ada.say("Calculate 1 plus 0.")
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_STOP
    assert len(model.requests()) == 3
    assert results_in(told)[-1].content == "No tool is run any more in this turn: its rounds are used up."


async def test_a_later_turn_knows_the_calls_and_their_results(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="Let me see."), Script(text="It is 42."), Script(text="Yes."))
    told = await ada.say(SUM)
    conversation = told.started.conversation_id
    await ada.say("Are you sure?", conversation_id=conversation)
    sent = [
        (each["role"], each["content"]) for each in model.requests()[2].body["messages"] if each["role"] != "system"
    ]
    assert sent == [
        ("user", SUM),
        ("assistant", "Let me see."),
        ("tool", "42"),
        ("assistant", "It is 42."),
        ("user", "Are you sure?"),
    ]
    answer = (await messages_of(ada, conversation))[1]
    assert [(call.name, call.call_id) for call in answer.tool_calls] == [("math.evaluate", "c1")]
    assert [(result.call_id, result.content, result.status) for result in answer.tool_results] == [
        ("c1", "42", message_pb.TOOL_CALL_STATUS_DONE)
    ]


async def test_a_turn_that_no_tool_fits_offers_none(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.say("Tell me a story about a fox.")
    assert "tools" not in model.requests()[0].body
    receipt = await ada.receipt(told.last.completed.receipt_id)
    assert {tool.reason for tool in receipt.tools} == {"it does not fit what was said"}
    assert receipt.lanes_planned.tools == 0


async def test_a_transcript_is_never_surprised_by_tools(ada: Person, model: ScriptedUpstream) -> None:
    await ada.send(transcript(spoken("user", SUM)))
    assert "tools" not in model.requests()[0].body


async def test_a_clients_tool_of_the_same_name_wins(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("1", id="c1")))
    own = message_pb.ClientTool(name="math_evaluate", description="Calculate on my side.")
    told = await ada.say(SUM, tools=[own])
    (call,) = calls_in(told)
    assert (call.call.name, call.by_client) == ("math_evaluate", True)
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    assert [tool["function"]["name"] for tool in model.requests()[0].body["tools"]] == ["math_evaluate"]


async def test_time_and_memory_are_tools_too(ada: Person, model: ScriptedUpstream) -> None:
    fact = "Ada's cat is called Byron."
    model.enqueue(
        asks(
            ToolCall("time_now", '{"time_zone": "Europe/Berlin"}', id="c1"),
            ToolCall("memory_remember", json.dumps({"memory": fact}), id="c2"),
            ToolCall("time_now", '{"time_zone": "Atlantis"}', id="c3"),
        ),
        asks(ToolCall("memory_recall", '{"about": "the cat of Ada"}', id="c4")),
        Script(text="Done."),
    )
    told = await ada.say("What time is it now? Remember that my cat is called Byron, and recall what you remember.")
    now, kept, nowhere, found = results_in(told)
    assert "in Europe/Berlin (UTC+0" in now.content
    assert kept.content.startswith("It is remembered, as the memory ")
    assert nowhere.content == "There is no time zone Atlantis. Name one as Europe/Berlin or UTC."
    assert fact in found.content
