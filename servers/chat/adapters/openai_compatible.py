"""Calls models behind an OpenAI-compatible endpoint: OpenAI, OpenRouter, Groq, Ollama, vLLM, llama.cpp.

What the JSON looks like stands in `openai_wire.py`; here are the connection, its time limits and its failures.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Self

import aiohttp
import orjson

from servers.chat.adapters.openai_wire import ChunkReader, DataLines
from servers.chat.adapters.refused_addresses import refused_address
from servers.chat.domain.model import ModelProfile, ModelRequest, StreamItem
from servers.chat.models.bodies import body_of
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.guarded_http import guarded_session

_LINGER_SECONDS = 0.2
_LONGEST_LINE_BYTES = 4 * 1024 * 1024
_NOT_THE_PROTOCOL = (KeyError, TypeError, ValueError, AttributeError)


class OpenAICompatibleModel:
    """One pool of connections for all profiles.

    `key_of` gives the key of a profile and `trace_headers` the headers that carry the trace, both asked at each call.
    """

    def __init__(
        self,
        key_of: Callable[[ModelProfile], Awaitable[str | None]],
        rules: AddressRules,
        trace_headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self._key_of = key_of
        self._rules = rules
        self._trace_headers = trace_headers
        self._session: aiohttp.ClientSession | None = None

    async def stream(self, request: ModelRequest) -> AsyncIterator[StreamItem]:
        """Start the call and yield what comes, in order."""
        profile = request.profile
        try:
            response = await self._open(request)
            try:
                await _refuse_failure(profile, response)
                reader, lines = ChunkReader(), DataLines()
                with _Patience(profile, response.content) as patience:
                    while not lines.done and (block := await response.content.readany()):
                        patience.heard()
                        for data in lines.feed(block):
                            for item in _items(profile, reader, data):
                                yield item
                        if lines.waiting_bytes > _LONGEST_LINE_BYTES:
                            raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id})
                if lines.done:
                    await _reach_end(response.content)
                _refuse_cut_stream(profile, reader, response)
                for item in checked(profile, reader.finish()):
                    yield item
            finally:
                response.close()
        except TimeoutError as error:
            seconds = f"{profile.gap_timeout_seconds:g}"
            raise SomaError(Reason.MODEL_TIMEOUT, {"model": profile.profile_id, "timeout_seconds": seconds}) from error
        except aiohttp.ClientError as error:
            raise refused_address(profile, error) or unavailable(profile, "the connection failed") from error

    async def close(self) -> None:
        """Give connections back."""
        if self._session is not None:
            await self._session.close()

    async def _open(self, request: ModelRequest) -> aiohttp.ClientResponse:
        key = await self._key_of(request.profile)
        if self._session is None:
            self._session = guarded_session(self._rules)
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        async with asyncio.timeout(request.profile.first_token_timeout_seconds):
            return await self._session.post(
                f"{(request.profile.base_url or '').rstrip('/')}/chat/completions",
                data=body_of(request),
                headers={**headers, **self._trace_headers()},
                allow_redirects=False,
            )


class _Patience:
    """Breaks a stream off that is silent for too long.

    One timer a stream: when it rings it looks when something was heard last, instead of being set anew by every chunk.
    """

    def __init__(self, profile: ModelProfile, content: aiohttp.StreamReader) -> None:
        self._loop = asyncio.get_running_loop()
        self._content = content
        self._gap_seconds = profile.gap_timeout_seconds
        self._limit = profile.first_token_timeout_seconds
        self._heard_at = self._loop.time()
        self._first = True

    def __enter__(self) -> Self:
        self._timer = self._loop.call_later(self._limit, self._ring)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def heard(self) -> None:
        """Something came."""
        self._heard_at = self._loop.time()
        if self._first:
            self._first, self._limit = False, self._gap_seconds
            self._timer.cancel()
            self._timer = self._loop.call_later(self._limit, self._ring)

    def _ring(self) -> None:
        due = self._heard_at + self._limit
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._ring)
        else:
            self._content.set_exception(TimeoutError())


def _items(profile: ModelProfile, reader: ChunkReader, data: bytes) -> list[StreamItem]:
    """What one chunk brings."""
    try:
        chunk = orjson.loads(data)
        failed = chunk.get("error")
        items = [] if failed else list(reader.read(chunk))
    except _NOT_THE_PROTOCOL as error:
        raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id}) from error
    if failed:
        raise _error_chunk(profile, failed)
    return items


def checked(profile: ModelProfile, items: Iterator[StreamItem]) -> list[StreamItem]:
    """What the reader made of a chunk. Raises MODEL_PROTOCOL_ERROR for what is no chunk."""
    try:
        return list(items)
    except _NOT_THE_PROTOCOL as error:
        raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id}) from error


async def _reach_end(content: aiohttp.StreamReader) -> None:
    """Read what is left after `[DONE]`, so that the connection can be used again; a provider that lingers loses it."""
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while await content.readany():
                pass
    except TimeoutError:
        return


def _refuse_cut_stream(profile: ModelProfile, reader: ChunkReader, response: aiohttp.ClientResponse) -> None:
    if reader.finish_reason is not None:
        return
    if "event-stream" not in response.content_type:
        raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id})
    raise unavailable(profile, "the stream ended early")


async def _refuse_failure(profile: ModelProfile, response: aiohttp.ClientResponse) -> None:
    if response.status == 200:
        if response.content_type.endswith(("json", "html")):
            raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id})
        return
    body = await response.content.read(65536)
    raise failure(profile, response.status, _retry_after(response.headers), _error_code(body))


def _retry_after(headers: Mapping[str, str]) -> str | None:
    """When to come again, in seconds; some providers say it in milliseconds as well, and mean that."""
    milliseconds = headers.get("retry-after-ms", "")
    return f"{int(milliseconds) / 1000:g}" if milliseconds.isdecimal() else headers.get("Retry-After")


def _error_code(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return f"{error.get('code') or ''} {error.get('type') or ''}".lower()
    except (*_NOT_THE_PROTOCOL, RecursionError):
        return ""


def failure(profile: ModelProfile, status: int, retry_after: str | None, code: str) -> SomaError:
    """The error for an HTTP status of a provider; `code` is its own code and type, lower case."""
    model = {"model": profile.profile_id}
    if status in (401, 403):
        return SomaError(Reason.MODEL_REFUSED_KEY, model)
    if status == 429:
        seconds = _seconds(retry_after)
        metadata = {**model, "retry_after": f"{seconds:g}"}
        return SomaError(Reason.MODEL_RATE_LIMITED, metadata, retry_after_seconds=seconds)
    if "context_length" in code:
        return SomaError(Reason.MODEL_CONTEXT_OVERFLOW, model)
    if "content_filter" in code or "content_policy" in code:
        return SomaError(Reason.MODEL_CONTENT_FILTERED, model)
    if status in (408, 504):
        metadata = {**model, "timeout_seconds": f"{profile.first_token_timeout_seconds:g}"}
        return SomaError(Reason.MODEL_TIMEOUT, metadata)
    if status >= 500 or status < 400:
        return unavailable(profile, f"HTTP {status}")
    return SomaError(Reason.MODEL_REQUEST_REFUSED, {**model, "status": str(status)})


def _error_chunk(profile: ModelProfile, error: object) -> SomaError:
    """The error that a provider sends inside a stream that it had begun with 200."""
    details = error if isinstance(error, dict) else {}
    code = f"{details.get('code') or ''} {details.get('type') or ''}".lower()
    status = 429 if "rate_limit" in code else 500
    return failure(profile, status, None, code)


def _seconds(retry_after: str | None) -> float:
    try:
        return min(3600.0, max(0.0, float(retry_after or 5)))
    except ValueError:
        return 5.0


def unavailable(profile: ModelProfile, problem: str) -> SomaError:
    """The error for a provider that failed; `problem` is a phrase for a person."""
    metadata = {"model": profile.profile_id, "problem": problem}
    return SomaError(Reason.MODEL_UNAVAILABLE, metadata, retry_after_seconds=2.0)
