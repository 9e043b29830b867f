"""Calls models of providers with a language of their own through litellm: Anthropic, Gemini, Mistral, Cohere.

The only module that imports litellm, at the first call of such a model and in a thread: it takes seconds and 150 MB.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, cast

import aiohttp

from servers.chat.adapters.litellm_failures import ConnectionLostError, failure_of
from servers.chat.adapters.openai_compatible import checked, unavailable
from servers.chat.adapters.openai_wire import ChunkReader
from servers.chat.domain.model import ModelProfile, ModelRequest, StreamBegin, StreamItem
from servers.chat.domain.request_body import request_body
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.guarded_http import guarded_session

# It takes a model that repeats itself for one that is stuck; a person may well ask for the same word a thousand times.
_REPEATS: Final = 1 << 30
_HOTTEST: Final = {"anthropic": 1.0, "cohere": 1.0}


class LiteLLMModel:
    """One pool of connections for all profiles; arguments as those of `OpenAICompatibleModel`."""

    def __init__(
        self,
        key_of: Callable[[ModelProfile], Awaitable[str | None]],
        rules: AddressRules,
        trace_headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self._key_of = key_of
        self._rules = rules
        self._trace_headers = trace_headers
        self._loading: asyncio.Future[Any] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._handler: Any = None

    async def stream(self, request: ModelRequest) -> AsyncIterator[StreamItem]:
        """Start the call and yield what comes, in order."""
        profile = request.profile
        try:
            response = await self._open(request)
            async with aclosing(response):
                async for item in _items(profile, response):
                    yield item
        except SomaError:
            raise
        except TimeoutError as error:
            seconds = f"{profile.gap_timeout_seconds:g}"
            raise SomaError(Reason.MODEL_TIMEOUT, {"model": profile.profile_id, "timeout_seconds": seconds}) from error
        except Exception as error:
            raise failure_of(profile, error) from error

    async def close(self) -> None:
        """Give connections back."""
        if self._handler is not None:
            await self._handler.close()
        if self._session is not None:
            await self._session.close()

    async def _open(self, request: ModelRequest) -> Any:
        """The running stream."""
        profile = request.profile
        key = await self._key_of(profile)
        litellm = await self._library()
        async with asyncio.timeout(profile.first_token_timeout_seconds):
            return await litellm.acompletion(
                **_arguments(request),
                api_key=key,
                api_base=profile.base_url,
                client=self._handler,
                extra_headers=dict(self._trace_headers()),
                timeout=profile.first_token_timeout_seconds,
                max_retries=0,
                num_retries=0,
                drop_params=True,
            )

    async def _library(self) -> Any:
        """The library, loaded once, and the one connection pool it is given."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(_load))
        litellm = await asyncio.shield(self._loading)
        if self._handler is None:
            self._session = guarded_session(self._rules)
            self._handler = _handler(litellm.llms.custom_httpx, self._session, lambda: guarded_session(self._rules))
        return litellm


def _load() -> Any:
    """Import it and switch off what is the mesh's own work: logs, retries, counting what a call costs."""
    import litellm
    import litellm.llms.custom_httpx.aiohttp_transport
    import litellm.llms.custom_httpx.http_handler

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.disable_streaming_logging = True
    litellm.num_retries = 0
    litellm.REPEATED_STREAMING_CHUNK_LIMIT = _REPEATS
    litellm.verbose_logger.setLevel("CRITICAL")
    # Much is loaded at the first call: better here than on the loop. Nobody is asked, the answer is made up.
    litellm.completion(
        model="anthropic/any", messages=[{"role": "user", "content": "hi"}], api_key="none", mock_response="hi"
    )
    return litellm


def _handler(parts: Any, session: aiohttp.ClientSession, make_session: Callable[[], aiohttp.ClientSession]) -> Any:
    """Its connection pool over a session of ours: no redirect, no second try, no session of its own making."""
    transport = parts.aiohttp_transport.LiteLLMAiohttpTransport(
        client=session, owns_session=False, session_factory=make_session
    )
    handler = parts.http_handler.AsyncHTTPHandler(transport=transport, follow_redirects=False)
    # After a lost connection it would send the request again, by a client of its own that goes anywhere.
    handler.create_client = _no_second_try
    return handler


def _no_second_try(*_: Any, **__: Any) -> Any:
    raise ConnectionLostError


def _arguments(request: ModelRequest) -> dict[str, Any]:
    """The request in its words: OpenAI's, with the provider before the model's name."""
    provider = request.profile.provider
    body = request_body(request)
    body["model"] = f"{provider}/{request.profile.model}"
    temperature = body.get("temperature")
    if temperature is not None:
        body["temperature"] = min(temperature, _HOTTEST.get(provider, temperature))
        if provider == "anthropic":
            # Its newer models take one of the two.
            body.pop("top_p", None)
    return body


async def _items(profile: ModelProfile, response: Any) -> AsyncIterator[StreamItem]:
    reader = ChunkReader()
    chunks = cast("AsyncGenerator[Any, None]", aiter(response))
    wait_seconds, came = profile.first_token_timeout_seconds, False
    while True:
        async with asyncio.timeout(wait_seconds):
            chunk = await anext(chunks, None)
        if chunk is None:
            break
        wait_seconds = profile.gap_timeout_seconds
        for item in checked(profile, reader.read(chunk.model_dump(exclude_none=True))):
            # It makes up a first chunk, also where nobody began.
            if not isinstance(item, StreamBegin):
                came = True
                yield item
    if getattr(response, "received_finish_reason", None) is None:
        if not came:
            # It skips what it does not understand.
            raise SomaError(Reason.MODEL_PROTOCOL_ERROR, {"model": profile.profile_id})
        raise unavailable(profile, "the stream ended early")
    for item in checked(profile, reader.finish()):
        yield item
