"""Each fault of the model upstream, seen by a plain HTTP client."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def events(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> tuple[list[str], Exception | None]:
    """The data of every event of one stream, and what ended it."""
    lines: list[str] = []
    async with http.post(f"{upstream.base_url}/chat/completions", json=BODY) as response:
        try:
            async for line in response.content:
                lines += [line[6:].decode().strip()] if line.startswith(b"data: ") else []
        except aiohttp.ClientError as error:
            return lines, error
    return lines, None


@pytest.mark.parametrize("at_chunk", [1, 2, 7, 25])
async def test_cut(http: aiohttp.ClientSession, upstream: ScriptedUpstream, at_chunk: int) -> None:
    upstream.enqueue(Script(chunks=24, fault=Fault(FaultKind.CUT, at_chunk=at_chunk)))
    lines, error = await events(http, upstream)
    assert isinstance(error, aiohttp.ClientPayloadError)
    assert len(lines) == at_chunk
    [record] = upstream.requests()
    assert (record.outcome, record.chunks_sent) == ("fault", at_chunk)
    said = "".join(json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines)
    assert record.text_sent == said


async def test_cut_before_the_first_byte(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.CUT)))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await events(http, upstream)


@pytest.mark.parametrize("at_chunk", [0, 3])
async def test_stall_until_the_client_goes(
    http: aiohttp.ClientSession, upstream: ScriptedUpstream, at_chunk: int
) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.STALL, at_chunk=at_chunk)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await events(http, upstream)
    gone = time.time()
    [record] = await upstream.aio.wait_for(lambda rows: rows[0].outcome != "running")
    assert (record.outcome, record.chunks_sent) == ("disconnected", at_chunk)
    assert record.disconnect_time is not None
    assert abs(record.disconnect_time - gone) < 0.5


async def test_a_client_that_goes_is_noticed(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=1000, gap_seconds=0.01))
    async with http.post(f"{upstream.base_url}/chat/completions", json=BODY) as response:
        await response.content.readline()
    [record] = await upstream.aio.wait_for(lambda rows: rows[0].outcome != "running")
    assert record.outcome == "disconnected"
    assert 1 <= record.chunks_sent < 100


async def test_slow_from_a_chunk_on(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=9, fault=Fault(FaultKind.SLOW, at_chunk=5, seconds=0.1)))
    started = time.monotonic()
    lines, error = await events(http, upstream)
    assert error is None
    assert lines[-1] == "[DONE]"
    assert time.monotonic() - started >= 0.4


async def test_latency_and_gaps(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=10, first_token_seconds=0.2, gap_seconds=0.02))
    await events(http, upstream)
    [record] = upstream.requests()
    assert record.first_chunk_time is not None
    assert record.end_time is not None
    assert record.first_chunk_time - record.received_time >= 0.2
    assert record.end_time - record.first_chunk_time >= 0.2


async def test_bad_json_then_the_rest(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=9, fault=Fault(FaultKind.BAD_JSON, at_chunk=4)))
    lines, _ = await events(http, upstream)
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[4])
    assert lines[-1] == "[DONE]"
    assert len(lines) == 1 + 9 + 1 + 1 + 1


async def test_missing_done_and_missing_finish(http: aiohttp.ClientSession, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.MISSING_DONE)), Script(fault=Fault(FaultKind.MISSING_FINISH)))
    without_done, error = await events(http, upstream)
    assert error is None
    assert json.loads(without_done[-1])["choices"][0]["finish_reason"] == "stop"
    without_finish, error = await events(http, upstream)
    assert error is None
    assert json.loads(without_finish[-1])["choices"][0]["finish_reason"] is None


@pytest.mark.parametrize("at_chunk", [0, 1])
async def test_wrong_content_type(http: aiohttp.ClientSession, upstream: ScriptedUpstream, at_chunk: int) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.WRONG_CONTENT_TYPE, at_chunk=at_chunk)))
    async with http.post(f"{upstream.base_url}/chat/completions", json=BODY) as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert ((await response.read()).startswith(b"data: ")) is (at_chunk == 1)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.RATE_LIMITED, 429, "rate_limit_exceeded"),
        (FaultKind.SERVER_ERROR, 500, None),
        (FaultKind.OVERLOADED, 503, "overloaded"),
        (FaultKind.UNAUTHORIZED, 401, "invalid_api_key"),
        (FaultKind.CONTEXT_LENGTH, 400, "context_length_exceeded"),
        (FaultKind.CONTENT_FILTER, 400, "content_filter"),
    ],
)
async def test_statuses(
    http: aiohttp.ClientSession, upstream: ScriptedUpstream, kind: FaultKind, status: int, code: str | None
) -> None:
    upstream.enqueue(Script(fault=Fault(kind, seconds=2.5)), Script(fault=Fault(kind, at_chunk=3)))
    async with http.post(f"{upstream.base_url}/chat/completions", json=BODY) as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == code
        waits = kind in (FaultKind.RATE_LIMITED, FaultKind.OVERLOADED)
        assert response.headers.get("Retry-After") == ("3" if waits else None)
    lines, error = await events(http, upstream)
    assert error is None
    assert len(lines) == 4
    assert json.loads(lines[3])["error"]["code"] == (code or status)


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.BAD_JSON])
async def test_whole_answers_break_too(
    http: aiohttp.ClientSession, upstream: ScriptedUpstream, kind: FaultKind
) -> None:
    upstream.enqueue(Script(fault=Fault(kind, at_chunk=1)))
    with pytest.raises((aiohttp.ClientPayloadError, json.JSONDecodeError)):
        async with http.post(f"{upstream.base_url}/chat/completions", json={**BODY, "stream": False}) as response:
            await response.json()
