"""A turn by the unmodified `openai` client."""

import json
from typing import Any

from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.e2e.support.person import Person

ASK: list[Any] = [{"role": "user", "content": "What can you do?"}]
WEATHER: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "weather_lookup",
            "description": "Looks up the weather of a city: temperature, rain, wind.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


async def first_model(person: Person) -> str:
    return next(iter((await person.openai.models.list()).data)).id


async def test_models_can_be_listed(ada: Person) -> None:
    assert [model.id async for model in ada.openai.models.list()]


async def test_a_whole_answer(ada: Person, model: ScriptedUpstream) -> None:
    raw = await ada.openai.chat.completions.with_raw_response.create(model=await first_model(ada), messages=ASK)
    whole = raw.parse()
    [sent] = model.requests()
    assert whole.choices[0].message.content == sent.text_sent
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == sent.prompt_tokens
    assert whole.usage.completion_tokens == sent.completion_tokens
    receipt_id = raw.headers["x-soma-receipt-id"]
    async with ada.http.get(f"/api/v1/receipts/{receipt_id}") as response:
        assert response.status == 200
        assert (await response.json())["receipt"]["receipt_id"] == receipt_id


async def test_a_streamed_answer(ada: Person, model: ScriptedUpstream) -> None:
    raw = await ada.openai.chat.completions.with_raw_response.create(
        model=await first_model(ada), messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    assert raw.headers["x-soma-receipt-id"]
    chunks = [chunk async for chunk in raw.parse()]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    [sent] = model.requests()
    assert text == sent.text_sent
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == sent.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


async def test_tools_of_the_client_and_their_results(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(tool_calls=(ToolCall("weather_lookup", '{"city": "Oslo"}'),)))
    name = await first_model(ada)
    question: list[Any] = [{"role": "user", "content": "What is the weather in Oslo?"}]
    async with ada.openai.chat.completions.stream(model=name, messages=question, tools=WEATHER) as stream:
        first = await stream.get_final_completion()
    assert first.choices[0].finish_reason == "tool_calls"
    [call] = first.choices[0].message.tool_calls or []
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather_lookup", {"city": "Oslo"})
    asked = {"id": call.id, "type": "function", "function": {"name": "weather_lookup", "arguments": '{"city": "Oslo"}'}}
    dialogue: list[Any] = [
        *question,
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": call.id, "content": "Rain, 7 degrees, quokka winds."},
    ]
    second = await ada.openai.chat.completions.create(model=name, messages=dialogue, tools=WEATHER)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content
    sent = model.requests()[-1]
    assert any(message["role"] == "tool" and "quokka" in message["content"] for message in sent.messages)


async def test_the_answers_length_is_the_clients_wish(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=500))
    name = await first_model(ada)
    whole = await ada.openai.chat.completions.create(
        model=name, messages=ASK, max_completion_tokens=30, temperature=0.3
    )
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage is not None
    assert whole.usage.completion_tokens <= 30
    body = model.requests()[0].body
    assert (body.get("max_completion_tokens") or body.get("max_tokens")) <= 30
    assert body["temperature"] == 0.3


async def test_a_client_that_goes_stops_the_provider(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=2000, gap_seconds=0.02))
    stream = await ada.openai.chat.completions.create(model=await first_model(ada), messages=ASK, stream=True)
    await anext(aiter(stream))
    await stream.close()
    [sent] = await model.aio.wait_for(lambda rows: rows[0].outcome != "running", 5)
    assert sent.outcome == "disconnected"
    assert sent.chunks_sent < 500
