"""What every `ChatModel` keeps to: the offline model, and the clients of real providers against a real HTTP process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

import pytest

from config.environment import quiet_libraries
from servers.chat.adapters.litellm_model import LiteLLMModel
from servers.chat.adapters.offline import OfflineModel
from servers.chat.adapters.openai_compatible import OpenAICompatibleModel
from servers.chat.domain.continuing import Seam, instruction
from servers.chat.domain.model import (
    ModelProfile,
    ModelRequest,
    PromptMessage,
    ReasoningChunk,
    StreamBegin,
    StreamEnd,
    StreamItem,
    TextChunk,
)
from servers.chat.models.port import ChatModel
from servers.chat.models.profiles import OFFLINE_PROFILE
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.upstream import Continues, Fault, FaultKind, Script, ScriptedUpstream
from soma_common.testing.upstream.records import masked
from soma_common.testing.upstream.records import text_of as text_of_message

HERONS = "Herons eat fish, frogs and small mammals. They hunt at dawn, and they wait without moving for a long time."
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@dataclass(frozen=True)
class Door:
    """A model and the profile it is called with."""

    model: ChatModel
    profile: ModelProfile

    def request(self, max_output_tokens: int = 400) -> ModelRequest:
        return ModelRequest(self.profile, (PromptMessage("user", "What do herons eat?"),), max_output_tokens)

    def stream(self, max_output_tokens: int = 400) -> "aclosing[AsyncGenerated]":
        return aclosing(cast(AsyncGenerated, self.model.stream(self.request(max_output_tokens))))

    async def read(self, max_output_tokens: int = 400) -> list[StreamItem]:
        async with self.stream(max_output_tokens) as items:
            return [item async for item in items if not isinstance(item, StreamBegin)]

    async def refused(self) -> tuple[SomaError, list[StreamItem]]:
        """The error a call ends with, and what came before it."""
        came: list[StreamItem] = []
        with pytest.raises(SomaError) as raised:
            async with self.stream() as items:
                async for item in items:
                    came.append(item)  # noqa: PERF401 - what came before the failure counts
        return raised.value, came


class AsyncGenerated(AsyncIterator[StreamItem]):
    """A stream that can be closed, as every generator can."""

    async def aclose(self) -> None: ...


AT_HOME = AddressRules(private_allowed=True)
IN_PROD = AddressRules(private_allowed=False)


async def key_of(profile: ModelProfile) -> str | None:
    return "sk-test" if profile.profile_id == "tiny" else None


def served_by(base_url: str) -> ModelProfile:
    return ModelProfile("tiny", "test", "tiny", base_url, 8192, 1024, gap_timeout_seconds=0.3)


@dataclass(frozen=True)
class Provider:
    """How a kind of provider is spoken to, and how its keys travel."""

    make: Callable[..., ChatModel]
    provider: str
    path: str
    header: str
    scheme: str = ""
    # what is less than a reason of its own here, because the library does not tell it
    vague: frozenset[FaultKind] = frozenset()

    def at(self, address: str) -> ModelProfile:
        return replace(served_by(f"{address}{self.path}"), provider=self.provider)


PROVIDERS = {
    "openai_compatible": Provider(OpenAICompatibleModel, "test", "/v1", "authorization", "Bearer "),
    "litellm": Provider(
        LiteLLMModel,
        "anthropic",
        "",
        "x-api-key",
        vague=frozenset((FaultKind.BAD_JSON, FaultKind.RATE_LIMITED)),
    ),
}


@pytest.fixture(params=list(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    quiet_libraries()
    return PROVIDERS[request.param]


@pytest.fixture
async def http(upstream: ScriptedUpstream, provider: Provider) -> AsyncIterator[Door]:
    model = provider.make(key_of, AT_HOME, lambda: TRACE)
    yield Door(model, provider.at(upstream.address))
    await model.close()


@pytest.fixture(params=["offline", "openai_compatible", "litellm"])
async def door(request: pytest.FixtureRequest, upstream: ScriptedUpstream) -> AsyncIterator[Door]:
    if request.param == "offline":
        yield Door(OfflineModel(), OFFLINE_PROFILE)
        return
    quiet_libraries()
    provider = PROVIDERS[request.param]
    model = provider.make(key_of, AT_HOME, lambda: TRACE)
    yield Door(model, provider.at(upstream.address))
    await model.close()


def text_of(items: list[StreamItem]) -> str:
    return "".join(item.text for item in items if isinstance(item, TextChunk))


async def test_a_stream_is_text_and_then_one_end(door: Door) -> None:
    *pieces, end = await door.read()
    assert isinstance(end, StreamEnd)
    assert (end.finish_reason, len(pieces) > 1) == ("stop", True)
    assert all(isinstance(piece, TextChunk) for piece in pieces)
    assert end.usage is not None
    assert end.usage.input_tokens > 0
    assert end.usage.output_tokens > 0


async def test_an_answer_that_is_cut_at_its_limit_says_so(door: Door) -> None:
    items = await door.read(max_output_tokens=4)
    whole = await door.read()
    end = items[-1]
    assert isinstance(end, StreamEnd)
    assert end.finish_reason == "length"
    assert len(text_of(items)) < len(text_of(whole))


async def test_a_stream_may_be_left_and_the_next_one_works(door: Door) -> None:
    async with door.stream() as items:
        assert isinstance(await anext(items), TextChunk | StreamBegin)
    assert isinstance((await door.read())[-1], StreamEnd)


async def test_the_rest_of_an_answer_joins_its_beginning(door: Door, upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(text=HERONS, chunks=9, continues=Continues.LAST_WORDS))
    whole = text_of(await door.read())
    so_far = whole[: len(whole) // 3]
    request = replace(door.request(), so_far=so_far, response_format="json_object")
    rest = text_of([item async for item in door.model.stream(request)])
    seam = Seam(so_far)
    assert so_far + seam.feed(rest) + seam.rest() == whole
    for record in upstream.requests()[1:]:
        asked, told = record.messages[-2:]
        assert (asked["role"], text_of_message(asked)) == ("assistant", so_far)
        assert (told["role"], text_of_message(told)) == ("user", instruction(so_far))
        assert "response_format" not in record.body


async def test_streams_run_beside_one_another(door: Door) -> None:
    one, other = await asyncio.gather(door.read(), door.read())
    assert text_of(one)
    assert text_of(other)


async def test_closing_twice_is_harmless(door: Door) -> None:
    await door.read()
    await door.model.close()
    await door.model.close()


async def test_leaving_a_stream_ends_the_call_at_the_provider(http: Door, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=500, gap_seconds=0.01))
    async with http.stream() as items:
        await anext(items)
    [record] = await upstream.aio.wait_for(lambda rows: rows[0].outcome != "running")
    assert record.outcome == "disconnected"


async def test_the_key_and_the_trace_reach_the_provider(
    http: Door, provider: Provider, upstream: ScriptedUpstream
) -> None:
    await http.read()
    [record] = upstream.requests()
    sent = {provider.header: f"{provider.scheme}sk-test"}
    assert record.headers[provider.header] == masked(sent)[provider.header]
    assert record.headers["traceparent"] == TRACE["traceparent"]


async def test_reasoning_is_told_from_the_answer(http: Door, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(reasoning_chunks=3, chunks=3))
    items = await http.read()
    assert [type(item) for item in items[:4]] == [ReasoningChunk, ReasoningChunk, ReasoningChunk, TextChunk]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.UNAUTHORIZED, Reason.MODEL_REFUSED_KEY),
        (FaultKind.RATE_LIMITED, Reason.MODEL_RATE_LIMITED),
        (FaultKind.SERVER_ERROR, Reason.MODEL_UNAVAILABLE),
        (FaultKind.OVERLOADED, Reason.MODEL_UNAVAILABLE),
        (FaultKind.CONTEXT_LENGTH, Reason.MODEL_CONTEXT_OVERFLOW),
        (FaultKind.CONTENT_FILTER, Reason.MODEL_CONTENT_FILTERED),
        (FaultKind.WRONG_CONTENT_TYPE, Reason.MODEL_PROTOCOL_ERROR),
        (FaultKind.CUT, Reason.MODEL_UNAVAILABLE),
    ],
)
async def test_a_call_that_fails_at_once_names_its_reason(
    http: Door, upstream: ScriptedUpstream, kind: FaultKind, reason: Reason
) -> None:
    upstream.enqueue(Script(fault=Fault(kind, seconds=7)))
    error, came = await http.refused()
    assert (error.reason, error.metadata["model"], came) == (reason, "tiny", [])
    assert error.retry_after_seconds == (7 if kind is FaultKind.RATE_LIMITED else error.retry_after_seconds)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.CUT, Reason.MODEL_UNAVAILABLE),
        (FaultKind.STALL, Reason.MODEL_TIMEOUT),
        (FaultKind.MISSING_FINISH, Reason.MODEL_UNAVAILABLE),
        (FaultKind.BAD_JSON, Reason.MODEL_PROTOCOL_ERROR),
        (FaultKind.SERVER_ERROR, Reason.MODEL_UNAVAILABLE),
        (FaultKind.RATE_LIMITED, Reason.MODEL_RATE_LIMITED),
    ],
)
async def test_a_stream_that_breaks_gives_what_came_and_then_its_reason(
    http: Door, provider: Provider, upstream: ScriptedUpstream, kind: FaultKind, reason: Reason
) -> None:
    upstream.enqueue(Script(fault=Fault(kind, at_chunk=5)))
    error, came = await http.refused()
    reason = Reason.MODEL_UNAVAILABLE if kind in provider.vague else reason
    assert (error.reason, error.metadata["model"]) == (reason, "tiny")
    assert text_of(came)
    assert not any(isinstance(item, StreamEnd) for item in came)


async def test_an_end_without_its_last_line_is_an_end(http: Door, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.MISSING_DONE)))
    assert isinstance((await http.read())[-1], StreamEnd)


async def test_a_first_word_that_does_not_come_is_a_timeout(http: Door, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.STALL)))
    impatient = Door(http.model, replace(http.profile, first_token_timeout_seconds=0.3))
    error, _ = await impatient.refused()
    assert error.reason is Reason.MODEL_TIMEOUT


async def test_a_request_that_is_refused_names_the_status(
    http: Door, provider: Provider, upstream: ScriptedUpstream
) -> None:
    elsewhere = Door(http.model, provider.at(f"{upstream.address}/no/such/place"))
    error, _ = await elsewhere.refused()
    assert error.reason is Reason.MODEL_REQUEST_REFUSED
    assert error.metadata == {"model": "tiny", "status": "404"}


async def test_nobody_at_the_address_is_unavailable(http: Door, provider: Provider) -> None:
    nobody = Door(http.model, provider.at("http://127.0.0.1:1"))
    error, _ = await nobody.refused()
    assert error.reason is Reason.MODEL_UNAVAILABLE
    assert "127.0.0.1" not in error.sentence


async def test_a_call_that_breaks_off_before_its_first_word_has_begun(upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(fault=Fault(FaultKind.CUT, at_chunk=1)))
    model = OpenAICompatibleModel(key_of, AT_HOME, lambda: TRACE)
    error, came = await Door(model, served_by(upstream.base_url)).refused()
    await model.close()
    assert (error.reason, came) == (Reason.MODEL_UNAVAILABLE, [StreamBegin()])
