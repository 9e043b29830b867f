"""A turn by the unmodified `openai` client."""

import asyncio
import json
import time
from typing import Any

import pytest
from openai import ContentFilterFinishReasonError, LengthFinishReasonError, OpenAI
from pydantic import BaseModel

from soma_common.testing.mesh import Mesh, fresh_sub
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream, ToolCall
from tests.e2e.support.person import Person

ASK: list[Any] = [{"role": "user", "content": "What can you do?"}]
RIVER = '{"because": "It is long.", "name": "Nile", "length": 6650}'
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


class River(BaseModel):
    """A river."""

    because: str
    name: str
    length: int


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


async def test_parallel_calls_while_streaming(ada: Person, model: ScriptedUpstream) -> None:
    calls = (ToolCall("weather_lookup", '{"city": "Oslo"}', id="call_a"), ToolCall("weather_lookup", "{}", id="call_b"))
    model.set_default(Script(text="Let me look.", tool_calls=calls, interleave=True))
    stream = await ada.openai.chat.completions.create(
        model=await first_model(ada), messages=ASK, tools=WEATHER, stream=True, parallel_tool_calls=True
    )
    chunks = [chunk async for chunk in stream]
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [call.index for call in deltas] == [0, 1]
    assert [(call.id, call.function and call.function.arguments) for call in deltas] == [
        ("call_a", '{"city": "Oslo"}'),
        ("call_b", "{}"),
    ]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Let me look."
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    [sent] = model.requests()
    assert sent.body["parallel_tool_calls"] is True


async def test_an_answer_in_a_form_of_ones_own(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text=RIVER))
    name = await first_model(ada)
    answer = await ada.openai.chat.completions.parse(model=name, messages=ASK, response_format=River)
    assert answer.choices[0].message.parsed == River.model_validate_json(RIVER)
    async with ada.openai.chat.completions.stream(model=name, messages=ASK, response_format=River) as stream:
        streamed = await stream.get_final_completion()
    assert streamed.choices[0].message.parsed == River.model_validate_json(RIVER)
    for sent in model.requests():
        schema = sent.body["response_format"]["json_schema"]
        assert schema["strict"] is True
        assert list(schema["schema"]["properties"]) == ["because", "name", "length"]


@pytest.mark.parametrize(
    ("finish", "error"), [("length", LengthFinishReasonError), ("content_filter", ContentFilterFinishReasonError)]
)
async def test_an_answer_that_stops_before_its_form_is_whole(
    ada: Person, model: ScriptedUpstream, finish: str, error: type[Exception]
) -> None:
    model.set_default(Script(text=RIVER[:20], finish_reason=finish))
    with pytest.raises(error):
        await ada.openai.chat.completions.parse(model=await first_model(ada), messages=ASK, response_format=River)


def test_the_client_that_waits(mesh: Mesh, model: ScriptedUpstream) -> None:
    with OpenAI(base_url=mesh.openai_url, api_key=mesh.token_for(fresh_sub()), max_retries=0) as client:
        name = next(iter(client.models.list())).id
        whole = client.chat.completions.create(model=name, messages=ASK)
        pieces = list(client.chat.completions.create(model=name, messages=ASK, stream=True))
        with client.chat.completions.with_streaming_response.create(model=name, messages=ASK) as raw:
            assert raw.headers["x-request-id"]
            assert raw.parse().choices[0].message.content
    first, second, _ = model.requests()
    assert whole.choices[0].message.content == first.text_sent
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == second.text_sent


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.OVERLOADED])
async def test_a_client_tries_again_by_itself(ada: Person, model: ScriptedUpstream, kind: FaultKind) -> None:
    # The mesh tries a provider again as well, but not as often.
    model.enqueue(*[Script(fault=Fault(kind, seconds=0))] * 4)
    patient = ada.openai.with_options(max_retries=5).chat.completions.with_raw_response
    raw = await patient.create(model=await first_model(ada), messages=ASK)
    assert raw.parse().choices[0].message.content == model.requests()[-1].text_sent
    assert raw.retries_taken >= 1


@pytest.mark.parametrize("first_token_seconds", [0.0, 30.0])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_stops_the_provider(
    ada: Person, model: ScriptedUpstream, first_token_seconds: float, stream: bool
) -> None:
    model.set_default(Script(chunks=2000, gap_seconds=0.02, first_token_seconds=first_token_seconds))
    asking = asyncio.ensure_future(_listen(ada, await first_model(ada), stream))
    await model.aio.wait_for(lambda rows: bool(rows) and (first_token_seconds > 0 or rows[0].chunks_sent > 3), 5)
    asking.cancel()
    left = time.time()
    [sent] = await model.aio.wait_for(lambda rows: rows[0].outcome != "running", 5)
    assert sent.outcome == "disconnected"
    assert sent.disconnect_time is not None
    assert sent.disconnect_time - left < 0.5


async def _listen(person: Person, name: str, stream: bool) -> None:
    answer: Any = await person.openai.chat.completions.create(model=name, messages=ASK, stream=stream)
    async for _ in answer:
        pass
