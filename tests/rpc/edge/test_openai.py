"""The OpenAI doors, by the unmodified `openai` client."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import openai
import pytest
import pytest_asyncio

from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from tests.rpc.edge.conftest import Door
from tests.rpc.edge.scripted_chat import AGENT_ID, ANSWER, RECEIPT_ID, Script, ScriptedChat

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("zeta", "because", "alpha", "answer", "more")},
    "required": ["answer"],
}
ASK: list[Any] = [{"role": "user", "content": "What can you do?"}]


@pytest_asyncio.fixture
async def client(door: Door) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{door.url}/v1", api_key=door.token(), max_retries=0) as made:
        yield made


async def test_agents_and_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["soma", "vendor/tiny:1"]
    assert (await client.models.retrieve("vendor/tiny:1")).owned_by == "scripted"
    with pytest.raises(openai.NotFoundError) as refused:
        await client.models.retrieve("nobody")
    assert refused.value.code == "model_not_found"


async def test_a_whole_answer(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    raw = await client.chat.completions.with_raw_response.create(model="soma", messages=ASK)
    answer = raw.parse()
    assert answer.choices[0].message.content == "".join(ANSWER)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 12 + len(ANSWER)
    assert raw.headers["x-soma-receipt-id"] == RECEIPT_ID
    [sent] = chat.asked(turn_pb.SendMessageRequest)
    assert sent.agent_id == AGENT_ID
    assert sent.on_disconnect == turn_pb.ON_DISCONNECT_CANCEL
    assert [part.text for part in sent.transcript.messages[0].content] == ["What can you do?"]
    call = next(call for call, request in chat.calls if request is sent)
    assert call.correlation_id == sent.request_id
    assert call.caller.sub == "ada"
    assert call.caller.service == "edge"


async def test_a_streamed_answer(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="soma", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "".join(ANSWER)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(ANSWER)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_every_option_arrives(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    await client.chat.completions.create(
        model="vendor/tiny:1",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi."}, {"type": "text", "text": "There."}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "seen"},
            {"role": "assistant", "content": None, "refusal": "I will not."},
            {"role": "user", "content": "Why?"},
        ],
        temperature=0.5,
        top_p=0.9,
        max_completion_tokens=77,
        stop="END",
        seed=7,
        user="somebody",
        response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}},
        tools=[{"type": "function", "function": {"name": "look", "parameters": SCHEMA, "strict": True}}],
        tool_choice={"type": "function", "function": {"name": "look"}},
        parallel_tool_calls=False,
        presence_penalty=-0.5,
        frequency_penalty=1.5,
        reasoning_effort="low",
        extra_body={"wake": True},
    )
    [sent] = chat.asked(turn_pb.SendMessageRequest)
    assert sent.model_profile_id == "vendor/tiny:1"
    assert not sent.agent_id
    roles = [message_pb2.Role.Name(message.role) for message in sent.transcript.messages]
    assert roles == ["ROLE_SYSTEM", "ROLE_USER", "ROLE_ASSISTANT", "ROLE_TOOL", "ROLE_ASSISTANT", "ROLE_USER"]
    assert [part.text for part in sent.transcript.messages[4].content] == ["I will not."]
    assert [part.text for part in sent.transcript.messages[1].content] == ["Hi.\nThere."]
    assert sent.transcript.messages[2].tool_calls[0].call_id == "c1"
    assert sent.transcript.messages[3].tool_call_id == "c1"
    options = sent.options
    assert (options.temperature, options.top_p, options.max_output_tokens, options.seed) == (0.5, 0.9, 77, 7)
    assert list(options.stop) == ["END"]
    assert options.response_format == "json_schema"
    assert json.loads(options.json_schema_text) == {"name": "s", "schema": SCHEMA, "strict": True}
    assert list(json.loads(options.json_schema_text)["schema"]["properties"]) == list(SCHEMA["properties"])
    assert list(json.loads(sent.tools[0].parameters_json)["properties"]) == list(SCHEMA["properties"])
    assert sent.tools[0].strict
    assert sent.tool_choice.tool_name == "look"
    assert (options.presence_penalty, options.frequency_penalty, options.reasoning_effort) == (-0.5, 1.5, "low")
    assert options.wake
    assert options.HasField("parallel_tool_calls")
    assert not options.parallel_tool_calls


async def test_tool_calls_come_back(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    call = message_pb2.ToolCall(call_id="call-1", name="look", arguments_json='{"where": "up"}')
    chat.script = Script(pieces=(), tool_calls=(call,))
    answer = await client.chat.completions.create(model="soma", messages=ASK)
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    [made] = answer.choices[0].message.tool_calls or []
    assert made.type == "function"
    assert (made.id, made.function.name, made.function.arguments) == ("call-1", "look", '{"where": "up"}')
    stream = await client.chat.completions.create(model="soma", messages=ASK, stream=True)
    deltas = [chunk.choices[0].delta.tool_calls async for chunk in stream]
    assert [piece[0].id for piece in deltas if piece] == ["call-1"]


async def test_a_tool_that_ran_here_is_not_a_call_for_the_client(
    client: openai.AsyncOpenAI, chat: ScriptedChat
) -> None:
    chat.script = Script(own_tool="memory.recall")
    answer = await client.chat.completions.create(model="soma", messages=ASK)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.tool_calls is None
    stream = await client.chat.completions.create(model="soma", messages=ASK, stream=True)
    assert not any(chunk.choices[0].delta.tool_calls for chunk in [each async for each in stream])


async def test_reasoning_is_told(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    chat.script = Script(reasoning="Let me think.")
    answer = await client.chat.completions.create(model="soma", messages=ASK)
    assert answer.choices[0].message.model_extra == {"reasoning_content": "Let me think."}


@pytest.mark.parametrize(
    ("changes_of_body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": []}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "assistant", "function_call": {"name": "a"}}]}, "messages[0].function_call"),
        ({"n": 2}, "n"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"top_k": 5}, "top_k"),
        ({"logit_bias": {"7": 1}}, "logit_bias"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"reasoning_effort": 7}, "reasoning_effort"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
        ({"wake": "up"}, "wake"),
        ({"tools": [{"type": "function", "function": {"name": "a", "strict": 1}}]}, "tools[0].function.strict"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"temperature": 9}, "temperature"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"stop": 7}, "stop"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"stream": "yes"}, "stream"),
        ({"logprobs": True}, "logprobs"),
        ({"model": ""}, "model"),
    ],
)
async def test_bad_parameters_are_named(
    http: aiohttp.ClientSession, changes_of_body: dict[str, Any], param: str
) -> None:
    body = {"model": "soma", "messages": ASK, **changes_of_body}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"]


async def test_options_that_ask_for_nothing_are_ignored(http: aiohttp.ClientSession) -> None:
    body = {"model": "soma", "messages": ASK, "n": 1, "logprobs": None, "metadata": {"a": "b"}, "functions": None}
    body |= {"user": "somebody", "store": True, "service_tier": "auto", "verbosity": "medium", "logit_bias": {}}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200


async def test_errors_in_openais_form(client: openai.AsyncOpenAI, chat: ScriptedChat, door: Door) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(model="nobody", messages=ASK)
    assert unknown.value.code == "model_not_found"
    stranger = client.with_options(api_key="forged.forged.forged")
    with pytest.raises(openai.AuthenticationError) as forged:
        await stranger.chat.completions.create(model="soma", messages=ASK)
    assert forged.value.code == "invalid_api_key"
    chat.script = Script(refusal=SomaError(Reason.MODEL_RATE_LIMITED, {"model": "x"}, retry_after_seconds=7))
    with pytest.raises(openai.RateLimitError) as limited:
        await client.chat.completions.create(model="soma", messages=ASK)
    assert limited.value.response.headers["retry-after"] == "7"
    assert limited.value.request_id == limited.value.response.headers["x-correlation-id"]


async def test_a_client_tries_again_where_that_may_help(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    patient = client.with_options(max_retries=1)
    refused: Any = SomaError(Reason.RATE_LIMITED, {"limit": "1 message"}, retry_after_seconds=0.01)
    chat.script = Script(refusal=refused)
    with pytest.raises(openai.RateLimitError) as limited:
        await patient.chat.completions.create(model="soma", messages=ASK)
    assert limited.value.response.headers["retry-after-ms"] == "10"
    assert len(chat.asked(turn_pb.SendMessageRequest)) == 2
    used = {"period": "day", "scope": "tenant", "used": "5", "limit": "5", "unit": "USD", "resets_at": "midnight"}
    chat.script = Script(refusal=SomaError(Reason.BUDGET_EXHAUSTED, used, retry_after_seconds=1))
    with pytest.raises(openai.RateLimitError) as exhausted:
        await patient.chat.completions.create(model="soma", messages=ASK)
    assert exhausted.value.code == "insufficient_quota"
    assert len(chat.asked(turn_pb.SendMessageRequest)) == 3


@pytest.mark.parametrize("path", ["responses", "embeddings", "completions", "assistants", "files/x/content", ""])
async def test_what_is_not_served_is_said_in_openais_form(http: aiohttp.ClientSession, path: str) -> None:
    async with http.post(f"/v1/{path}", json={}) as response:
        assert response.status == 404
        error = (await response.json())["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "unknown_url")
    assert f"POST /v1/{path}" in error["message"]


async def test_a_wrong_method_is_said_too(http: aiohttp.ClientSession) -> None:
    async with http.get("/v1/chat/completions") as response:
        assert response.status == 405
        assert response.headers["allow"] == "POST"
        assert (await response.json())["error"]["code"] == "unknown_url"


async def test_a_body_that_is_too_large_is_said_in_openais_form(http: aiohttp.ClientSession) -> None:
    async with http.post("/v1/chat/completions", data=BytesIO(b"x" * 1_100_000)) as response:
        assert response.status == 413
        error = (await response.json())["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "payload_too_large")


async def test_every_answer_has_the_id_of_its_request(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    answer = await client.chat.completions.create(model="soma", messages=ASK)
    [sent] = chat.asked(turn_pb.SendMessageRequest)
    assert answer._request_id == sent.request_id
    assert (await client.models.retrieve("soma"))._request_id


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_the_first_token_has_its_own_status(
    client: openai.AsyncOpenAI, chat: ScriptedChat, stream: bool
) -> None:
    failed = event_pb.TurnFailed(reason="MODEL_UNAVAILABLE", metadata={"model": "tiny", "problem": "HTTP 503"})
    chat.script = Script(pieces=(), failure=failed)
    with pytest.raises(openai.InternalServerError) as failure:
        await client.chat.completions.create(model="soma", messages=ASK, stream=stream)
    assert failure.value.status_code == 503
    assert failure.value.code == "model_unavailable"


async def test_a_failure_in_the_middle_breaks_the_stream_off(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    failed = event_pb.TurnFailed(reason="MODEL_UNAVAILABLE", metadata={"model": "tiny", "problem": "cut"})
    chat.script = Script(failure=failed)
    stream = await client.chat.completions.create(model="soma", messages=ASK, stream=True)
    heard = []
    with pytest.raises(openai.APIError) as failure:
        async for chunk in stream:
            heard.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 - the stream breaks off
    assert "".join(heard) == "".join(ANSWER)
    assert "tiny" in failure.value.message


async def test_a_cut_is_mended(client: openai.AsyncOpenAI, chat: ScriptedChat) -> None:
    chat.script = Script(cut_after=3)
    answer = await client.chat.completions.create(model="soma", messages=ASK)
    assert answer.choices[0].message.content == "".join(ANSWER)
    assert chat.cuts >= 3


@pytest.mark.parametrize("stream", [False, True])
async def test_a_disconnect_stops_the_turn(client: openai.AsyncOpenAI, chat: ScriptedChat, stream: bool) -> None:
    chat.script = Script(pieces=("slow ",) * 1000, gap_seconds=0.05)
    if stream:
        opened: Any = await client.chat.completions.create(model="soma", messages=ASK, stream=True)
        await anext(aiter(opened))
        await opened.close()
    else:
        with pytest.raises(openai.APITimeoutError):
            await client.with_options(timeout=0.5).chat.completions.create(model="soma", messages=ASK)
    [turn] = chat.turns.values()
    await eventually(lambda: turn.events[-1].WhichOneof("event") == "cancelled")


@pytest.mark.parametrize("changes", [{"messages_per_minute": 2}])
async def test_the_rate_is_limited(client: openai.AsyncOpenAI, changes: dict[str, Any]) -> None:
    for _ in range(2):
        await client.chat.completions.create(model="soma", messages=ASK)
    with pytest.raises(openai.RateLimitError) as limited:
        await client.chat.completions.create(model="soma", messages=ASK)
    assert limited.value.code == "rate_limit_exceeded"
    assert 1 <= int(limited.value.response.headers["retry-after"]) <= 30
