"""The model upstream as the unmodified `openai` client meets it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import (
    APIConnectionError,
    APIError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
)

from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream, ToolCall

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
NAMES = ("look", "hear")
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in NAMES
]


@pytest.fixture
async def client(upstream: ScriptedUpstream) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=upstream.base_url, api_key="sk-test", max_retries=0) as openai:
        yield openai


async def test_models(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["scripted"]


async def test_whole_answer(client: AsyncOpenAI, upstream: ScriptedUpstream) -> None:
    whole = await client.chat.completions.create(model="m", messages=HELLO)
    assert whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage
    assert whole.usage.prompt_tokens == 3 + 3 + 1
    [record] = upstream.requests()
    assert record.text_sent == whole.choices[0].message.content
    assert record.outcome == "finished"


async def test_streamed_answer_with_usage(client: AsyncOpenAI, upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(chunks=150, reasoning_chunks=3))
    stream = await client.chat.completions.create(
        model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}, logprobs=True
    )
    chunks = [chunk async for chunk in stream]
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(texts) == 150
    assert len(set(texts)) > 20
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    logprobs = [chunk.choices[0].logprobs for chunk in chunks if chunk.choices and chunk.choices[0].logprobs]
    assert len(logprobs) == 150
    [record] = upstream.requests()
    assert record.text_sent == "".join(texts)
    assert (record.prompt_tokens, record.completion_tokens) == (
        chunks[-1].usage.prompt_tokens,
        chunks[-1].usage.completion_tokens,
    )


@pytest.mark.parametrize("interleave", [False, True])
async def test_parallel_tool_calls(client: AsyncOpenAI, upstream: ScriptedUpstream, interleave: bool) -> None:
    calls = (ToolCall("look", '{"at": "sky"}', pieces=4), ToolCall("hear", '{"who": "rain"}'))
    upstream.set_default(Script(tool_calls=calls, interleave=interleave))
    async with client.chat.completions.stream(model="m", messages=HELLO, tools=TOOLS) as stream:
        final = await stream.get_final_completion()
    got = final.choices[0].message.tool_calls
    assert got is not None
    assert [(call.function.name, json.loads(call.function.arguments)) for call in got] == [
        ("look", {"at": "sky"}),
        ("hear", {"who": "rain"}),
    ]
    assert final.choices[0].finish_reason == "tool_calls"
    asked = [{"id": call.id, "type": "function", "function": {"name": "look", "arguments": "{}"}} for call in got]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "nothing"} for call in got]
    dialogue: list[Any] = [*HELLO, {"role": "assistant", "tool_calls": asked}, *results]
    after = await client.chat.completions.create(model="m", messages=dialogue, tools=TOOLS)
    assert after.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("finish_reason", ["stop", "length", "content_filter"])
async def test_finish_reasons(client: AsyncOpenAI, upstream: ScriptedUpstream, finish_reason: str) -> None:
    upstream.set_default(Script(finish_reason=finish_reason))
    whole = await client.chat.completions.create(model="m", messages=HELLO)
    assert whole.choices[0].finish_reason == finish_reason


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.UNAUTHORIZED, AuthenticationError),
        (FaultKind.RATE_LIMITED, RateLimitError),
        (FaultKind.SERVER_ERROR, InternalServerError),
        (FaultKind.OVERLOADED, InternalServerError),
        (FaultKind.CONTEXT_LENGTH, BadRequestError),
        (FaultKind.CONTENT_FILTER, BadRequestError),
        (FaultKind.CUT, APIConnectionError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_failures_before_the_answer(
    client: AsyncOpenAI, upstream: ScriptedUpstream, kind: FaultKind, error: type[Exception], stream: bool
) -> None:
    upstream.enqueue(Script(fault=Fault(kind)))
    with pytest.raises(error):
        await client.chat.completions.create(model="m", messages=HELLO, stream=stream)
    assert upstream.requests()[0].outcome == "fault"
    served = await client.chat.completions.create(model="m", messages=HELLO)
    assert served.choices[0].message.content, "the next request is served"


async def test_an_error_inside_the_stream(client: AsyncOpenAI, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.CONTENT_FILTER, at_chunk=5)))
    stream: Any = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
    chunks = aiter(stream)
    for _ in range(5):
        await anext(chunks)
    with pytest.raises(APIError):
        await anext(chunks)


async def test_a_wrong_request_is_refused(client: AsyncOpenAI, upstream: ScriptedUpstream) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.chat.completions.create(model="m", messages=HELLO, temperature=3)
    assert caught.value.param == "temperature"
    assert upstream.requests()[0].outcome == "refused"


async def test_a_key_can_be_demanded() -> None:
    with ScriptedUpstream(api_key="sk-right") as guarded:
        async with AsyncOpenAI(base_url=guarded.base_url, api_key="sk-wrong", max_retries=0) as client:
            with pytest.raises(AuthenticationError):
                await client.chat.completions.create(model="m", messages=HELLO)
            right = client.with_options(api_key="sk-right")
            assert (await right.chat.completions.create(model="m", messages=HELLO)).choices
