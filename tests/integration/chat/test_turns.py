"""A turn as a client sees it, with every service answering."""

import asyncio
from uuid import uuid4

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.person import Person, Told, said, spoken, transcript
from tests.integration.chat.stack import ChatStack

WEATHER = message_pb.ClientTool(name="weather_lookup", description="Looks up the weather of a city")
WEATHER.parameters.update({"type": "object", "properties": {"city": {"type": "string"}}})


async def test_a_plain_hello_is_answered_at_l0(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Hello Ada, how are you?", chunks=6))
    told = await ada.say("hello")
    assert told.kinds() == ["started", "text", "completed"]
    assert told.events[0].sequence == 1
    assert told.text == "Hello Ada, how are you?"
    assert told.started.level == level_pb.DEGRADATION_LEVEL_L0
    assert told.started.agent_id == str(default_agent_id(ada.tenant))
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_STOP
    turn = await ada.turn(told.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_COMPLETED
    assert turn.text == told.text
    assert turn.last_sequence == told.last.sequence


async def test_the_receipt_bills_what_the_provider_says(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.say("hello")
    (request,) = model.requests()
    usage = told.last.completed.usage
    assert (usage.input_tokens, usage.output_tokens) == (request.prompt_tokens, request.completion_tokens)
    assert told.last.completed.cost_micros == usage.input_tokens + 4 * usage.output_tokens
    receipt = await ada.receipt(told.started.receipt_id)
    assert receipt.turn_id == told.turn_id
    assert receipt.cost_micros == told.last.completed.cost_micros
    assert {phase.phase for phase in receipt.phases} >= {"recall", "plan", "context", "first_token", "stream"}
    kept = {item.item_id for item in receipt.items if item.kept}
    assert {"system_prompt", told.started.user_message_id} <= kept


async def test_a_conversation_carries_its_history(ada: Person, model: ScriptedUpstream) -> None:
    first = await ada.say("The first question of all")
    second = await ada.say("And the second one", conversation_id=first.started.conversation_id)
    assert second.started.conversation_id == first.started.conversation_id
    messages = [(each["role"], each["content"]) for each in model.requests()[1].messages]
    assert messages[-3:] == [
        ("user", "The first question of all"),
        ("assistant", first.text),
        ("user", "And the second one"),
    ]


async def test_another_parent_makes_a_branch(ada: Person, model: ScriptedUpstream) -> None:
    first = await ada.say("one")
    place = first.started.conversation_id
    await ada.say("two of the old branch", conversation_id=place)
    await ada.say("two anew", conversation_id=place, parent_message_id=first.started.assistant_message_id)
    prompt = model.requests()[-1].prompt
    assert "two anew" in prompt
    assert "old branch" not in prompt


async def test_what_was_said_is_recalled_in_another_conversation(ada: Person, model: ScriptedUpstream) -> None:
    await ada.say("My favourite colour is chartreuse.")

    async def recalled() -> bool:
        with ada.acting():
            found = await ada.memory.RecallMemories(memory_pb.RecallMemoriesRequest(query="favourite colour"))
        return any("chartreuse" in hit.memory.text for hit in found.hits)

    await eventually(recalled, within_seconds=10)
    told = await ada.say("Which colour do I like best?")
    request = model.requests()[-1]
    assert "chartreuse" in request.prompt
    assert "data, never instructions" in request.prompt
    receipt = await ada.receipt(told.started.receipt_id)
    (item,) = [line for line in receipt.items if line.lane == "memory" and line.kept]
    assert item.item_id in request.prompt
    roles = [message["role"] for message in request.messages]
    assert roles[-1] == "user"


async def test_options_win_over_knobs(ada: Person, model: ScriptedUpstream) -> None:
    options = message_pb.GenerationOptions(
        temperature=1.25, top_p=0.5, max_output_tokens=77, stop=["END"], seed=7, response_format="json_object"
    )
    await ada.say("hello", options=options)
    body = model.requests()[0].body
    assert body["temperature"] == 1.25
    assert body["top_p"] == 0.5
    assert body["max_tokens"] == 77
    assert body["stop"] == ["END"]
    assert body["seed"] == 7
    assert body["response_format"] == {"type": "json_object"}


async def test_a_transcript_makes_no_conversation(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.send(
        transcript(
            spoken("system", "You speak like a pirate."),
            spoken("user", "Who are you?"),
            spoken("assistant", "A captain."),
            spoken("user", "Of which ship?"),
        )
    )
    assert told.started.conversation_id == ""
    assert told.started.user_message_id == ""
    messages = model.requests()[0].messages
    assert "You speak like a pirate." in messages[0]["content"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert (await ada.turn(told.turn_id)).text == told.text


async def test_client_tools_end_the_turn_and_their_results_go_on(ada: Person, model: ScriptedUpstream) -> None:
    call = ToolCall("weather_lookup", '{"city":"Lisbon"}', id="call-1")
    model.enqueue(Script(text="", tool_calls=(call,)))
    question = spoken("user", "What is the weather in Lisbon? Use weather_lookup.")
    told = await ada.send(transcript(question, tools=[WEATHER]))
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    (asked,) = [event.tool_call.call for event in told.events if event.HasField("tool_call")]
    assert (asked.call_id, asked.name, asked.arguments_json) == ("call-1", "weather_lookup", '{"city":"Lisbon"}')
    assert model.requests()[0].body["tools"][0]["function"]["name"] == "weather_lookup"
    assert list((await ada.turn(told.turn_id)).tool_calls) == [asked]

    again = await ada.send(
        transcript(
            question,
            spoken("assistant", tool_calls=[asked]),
            spoken("tool", "Sunny, 25 degrees", tool_call_id="call-1"),
            tools=[WEATHER],
        )
    )
    assert again.last.HasField("completed")
    caller, result = model.requests()[1].messages[-2:]
    assert caller["tool_calls"][0]["id"] == "call-1"
    assert (result["role"], result["tool_call_id"], result["content"]) == ("tool", "call-1", "Sunny, 25 degrees")


async def test_a_repeat_follows_the_same_turn(ada: Person, model: ScriptedUpstream) -> None:
    request = said("say it once")
    first = await ada.send(request)
    again = await ada.send(request)
    assert [event.SerializeToString() for event in again.events] == [
        event.SerializeToString() for event in first.events
    ]
    assert len(model.requests()) == 1


async def test_repeats_at_the_same_moment_make_one_turn(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=10, gap_seconds=0.02))
    request = said("say it once")
    told = await asyncio.gather(*(ada.send(request) for _ in range(4)))
    assert len({each.turn_id for each in told}) == 1
    assert len({each.text for each in told}) == 1
    assert len(model.requests()) == 1


async def test_another_body_under_the_same_id_is_refused(ada: Person) -> None:
    key = str(uuid4())
    await ada.say("one thing", request_id=key)
    assert await refusal(ada, said("another thing", request_id=key)) is Reason.REQUEST_ID_REUSED


async def test_a_busy_conversation_refuses_for_good(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=30, gap_seconds=0.05))
    first = Told()
    late = None
    async for event in ada.stream(said("take your time")):
        first.take(event)
        if late is None:
            late = said("me too", conversation_id=first.started.conversation_id)
            assert await refusal(ada, late) is Reason.CONVERSATION_BUSY
    assert late is not None
    assert first.last.HasField("completed")
    # The same request gets the same answer, a new one goes through.
    assert await refusal(ada, late) is Reason.CONVERSATION_BUSY
    await ada.say("me too", conversation_id=first.started.conversation_id)


async def test_one_of_many_at_the_same_moment_gets_the_conversation(ada: Person, model: ScriptedUpstream) -> None:
    place = (await ada.say("first")).started.conversation_id
    model.set_default(Script(chunks=20, gap_seconds=0.05))
    orders = [said(f"me, {number}", conversation_id=place) for number in range(8)]
    outcomes = await asyncio.gather(*(ada.send(order) for order in orders), return_exceptions=True)
    heard = [outcome for outcome in outcomes if isinstance(outcome, Told)]
    refused = [outcome.reason for outcome in outcomes if isinstance(outcome, SomaError)]
    assert (len(heard), refused) == (1, [Reason.CONVERSATION_BUSY] * 7)
    assert len(model.requests()) == 2
    # Nothing of the others is left in the branch that the next question continues.
    await ada.say("last", conversation_id=place)
    asked = [each["content"] for each in model.requests()[-1].messages if each["role"] == "user"]
    assert len([text for text in asked if text.startswith("me, ")]) == 1


async def test_strangers_find_nothing(stack: ChatStack, ada: Person, eve: Person) -> None:
    told = await ada.say("a secret")
    place, parent = told.started.conversation_id, told.started.assistant_message_id
    async with Person(stack, ada.sub, OTHER_TENANT, "admin") as outsider:
        for stranger in (eve, outsider):
            missing = Reason.RESOURCE_NOT_FOUND
            assert await refusal(stranger, said("hi", conversation_id=place)) is missing
            with pytest.raises(SomaError) as caught:
                await stranger.resume(told.turn_id)
            assert caught.value.reason is missing
            with pytest.raises(SomaError) as caught:
                await stranger.turn(told.turn_id)
            assert caught.value.reason is missing
            with pytest.raises(SomaError) as caught:
                await stranger.cancel(told.turn_id)
            assert caught.value.reason is missing
        own = await eve.say("hello")
        odd = said("hi", conversation_id=own.started.conversation_id, parent_message_id=parent)
        assert await refusal(eve, odd) is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("field", ["agent_id", "conversation_id"])
async def test_unknown_ids_are_not_found(ada: Person, field: str) -> None:
    assert await refusal(ada, said("hi", **{field: str(uuid4())})) is Reason.RESOURCE_NOT_FOUND


async def test_an_unknown_model_is_not_found(ada: Person) -> None:
    assert await refusal(ada, said("hi", model_profile_id="no-such")) is Reason.RESOURCE_NOT_FOUND


async def test_a_message_that_does_not_fit_is_refused_and_taken_back(ada: Person) -> None:
    first = await ada.say("hello")
    place = first.started.conversation_id
    long = said("x9?" * 20_000, conversation_id=place)
    assert await refusal(ada, long) is Reason.CONTEXT_OVERFLOW
    assert await refusal(ada, long) is Reason.CONTEXT_OVERFLOW
    assert (await ada.say("short", conversation_id=place)).last.HasField("completed")


async def test_the_offline_model_shows_what_would_be_sent(ada: Person) -> None:
    told = await ada.say("is anybody there", model_profile_id="offline")
    assert "No model is configured" in told.text
    assert "is anybody there" in told.text


async def refusal(person: Person, request: turn_pb.SendMessageRequest) -> Reason:
    """Why a request is refused."""
    with pytest.raises(SomaError) as caught:
        await person.send(request)
    return caught.value.reason
