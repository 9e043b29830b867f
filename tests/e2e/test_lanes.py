"""Each lane's text really is in the prompt that the model's provider received."""

import json
from uuid import uuid4

from google.protobuf.struct_pb2 import Struct

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.e2e.support.asking import make_agent, receipt_of, say_transcript, transcript
from tests.e2e.support.person import Person

USER, ASSISTANT = message_pb.ROLE_USER, message_pb.ROLE_ASSISTANT
SYSTEM, TOOL = message_pb.ROLE_SYSTEM, message_pb.ROLE_TOOL


def ferry_tool() -> message_pb.ClientTool:
    parameters = Struct()
    parameters.update({"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]})
    description = "Looks up when the next ferry leaves a harbour."
    return message_pb.ClientTool(name="ferry_times", description=description, parameters=parameters)


async def test_system_history_memory_and_tools(ada: Person, model: ScriptedUpstream) -> None:
    agent = await make_agent(ada, system_prompt="You are the harbour master of Lofoten.")
    note = memory_pb.StoreMemoryRequest(text="The ferry of the user is called Gudrun.", request_id=str(uuid4()))
    await ada.grpc.call(ada.grpc.memory.StoreMemory, note)
    model.enqueue(Script(text="The pier is painted vermilion."))
    first = await ada.grpc.say("What colour is the pier?", agent_id=agent.agent_id)
    question = "When does my ferry leave the harbour?"
    conversation_id = first.started.conversation_id
    second = await ada.grpc.say(question, conversation_id=conversation_id, tools=[ferry_tool()])
    sent = model.requests()[-1]
    roles = [message["role"] for message in sent.messages]
    assert "You are the harbour master of Lofoten." in sent.messages[0]["content"]
    assert roles[0] == "system"
    assert {"role": "user", "content": "What colour is the pier?"} in sent.messages
    assert {"role": "assistant", "content": "The pier is painted vermilion."} in sent.messages
    assert any("Gudrun" in message["content"] for message in sent.messages if message["role"] == "system")
    [offered] = sent.body["tools"]
    assert offered["function"]["name"] == "ferry_times"
    assert offered["function"]["parameters"]["required"] == ["harbour"]
    assert sent.messages[-1] == {"role": "user", "content": question}
    receipt = await receipt_of(ada, second)
    used = receipt.lanes_used
    assert min(used.system_policy, used.history, used.memory, used.tools) > 0
    assert {item.lane for item in receipt.items if item.kept} >= {
        *("system_policy", "history", "memory", "tools", "user_message"),
    }


async def test_tool_results_of_a_transcript(ada: Person, model: ScriptedUpstream) -> None:
    call = message_pb.ToolCall(call_id="call_7", name="ferry_times", arguments_json='{"harbour": "Moskenes"}')
    given = transcript((SYSTEM, "Answer like a sailor."), (USER, "When does the ferry leave Moskenes harbour?"))
    given.messages.add(role=ASSISTANT, tool_calls=[call])
    given.messages.add(role=TOOL, tool_call_id="call_7", content=[message_pb.ContentPart(text="At 17:45, gate nine.")])
    heard = await say_transcript(ada, given, tools=[ferry_tool()])
    [sent] = model.requests()
    assert sent.outcome == "finished", "a strict provider accepts the prompt"
    assert any(
        "Answer like a sailor." in message["content"] for message in sent.messages if message["role"] == "system"
    )
    [asked] = [message for message in sent.messages if message.get("tool_calls")]
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"harbour": "Moskenes"}
    [result] = [message for message in sent.messages if message["role"] == "tool"]
    assert (result["tool_call_id"], result["content"]) == ("call_7", "At 17:45, gate nine.")
    receipt = await receipt_of(ada, heard)
    assert receipt.lanes_used.tool_results > 0


async def test_the_model_asks_for_a_tool(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(tool_calls=(ToolCall("ferry_times", '{"harbour": "Reine"}', pieces=5),)))
    heard = await ada.grpc.say("When does the ferry leave Reine harbour?", tools=[ferry_tool()])
    [call] = [event.tool_call.call for event in heard.events if event.WhichOneof("event") == "tool_call"]
    assert (call.name, json.loads(call.arguments_json)) == ("ferry_times", {"harbour": "Reine"})
    assert heard.end.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    turn = await ada.grpc.turn(heard.turn_id)
    assert list(turn.tool_calls) == [call]


async def test_the_window_is_never_exceeded(ada: Person, model: ScriptedUpstream) -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the river bank. "
    dialogue = [(USER if number % 2 == 0 else ASSISTANT, f"{number}: {sentence * 40}") for number in range(120)]
    heard = await say_transcript(ada, transcript(*dialogue, (USER, "What was it all about?")))
    [sent] = model.requests()
    answer = sent.body.get("max_completion_tokens") or sent.body["max_tokens"]
    assert sent.prompt_tokens + answer <= 16384
    assert sent.messages[-1]["content"] == "What was it all about?"
    receipt = await receipt_of(ada, heard)
    planned, used = receipt.lanes_planned, receipt.lanes_used
    for lane in ("system_policy", "history", "memory", "tools", "tool_results"):
        assert getattr(used, lane) <= getattr(planned, lane), lane
