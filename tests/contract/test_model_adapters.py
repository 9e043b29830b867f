"""What both clients of real providers share beyond the port: tools, usage, where they may go, that they try once."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from config.environment import quiet_libraries
from servers.chat.adapters.litellm_failures import MEANINGS, failure_of
from servers.chat.domain.model import ModelRequest, PromptMessage, PromptTool, StreamEnd, StreamItem, ToolCallPart
from servers.chat.models.port import ChatModel
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from soma_common.testing.upstream.script import ToolCall, UsageFigures
from tests.contract.test_chat_model import AT_HOME, IN_PROD, PROVIDERS, Provider, key_of, served_by

WEATHER = PromptTool(
    "weather", "The weather of a place", {"type": "object", "properties": {"place": {"type": "string"}}}
)
SAID = (PromptMessage("system", "Be brief."), PromptMessage("user", "How is it in Rome?"))


@pytest.fixture(params=list(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    quiet_libraries()
    return PROVIDERS[request.param]


async def asked(provider: Provider, address: str, rules: AddressRules = AT_HOME, **options: Any) -> list[StreamItem]:
    model: ChatModel = provider.make(key_of, rules, dict)
    request = replace(ModelRequest(provider.at(address), SAID, 400), **options)
    try:
        return [item async for item in model.stream(request)]
    finally:
        await model.close()


async def test_a_tool_is_called_and_its_result_is_answered(provider: Provider, upstream: ScriptedUpstream) -> None:
    calls = (ToolCall("weather", '{"place": "Rome"}', "call_1"), ToolCall("weather", '{"place": "Ostia"}', "call_2"))
    upstream.set_default(Script(text="Let me see.", chunks=2, tool_calls=calls))
    items = await asked(provider, upstream.address, tools=(WEATHER,), tool_choice="auto")
    made = [item for item in items if isinstance(item, ToolCallPart)]
    assert [(it.call_id, it.name, json.loads(it.arguments_json)["place"]) for it in made] == [
        ("call_1", "weather", "Rome"),
        ("call_2", "weather", "Ostia"),
    ]
    assert isinstance(items[-1], StreamEnd)
    assert items[-1].finish_reason == "tool_calls"
    answers = tuple(PromptMessage("tool", "sunny", tool_call_id=call.call_id) for call in made)
    said = (*SAID, PromptMessage("assistant", "", tool_calls=tuple(made)), *answers)
    items = await asked(provider, upstream.address, messages=said, tools=(WEATHER,))
    assert isinstance(items[-1], StreamEnd)
    assert items[-1].finish_reason == "stop"


async def test_usage_is_the_providers_own(provider: Provider, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(chunks=3, usage=UsageFigures(70, 30, cached_tokens=20)))
    end = (await asked(provider, upstream.address))[-1]
    assert isinstance(end, StreamEnd)
    assert end.usage is not None
    assert (end.usage.input_tokens, end.usage.cached_input_tokens, end.usage.output_tokens) == (70, 20, 30)
    assert not end.usage.estimated


async def test_the_same_word_a_hundred_times_is_an_answer(provider: Provider, upstream: ScriptedUpstream) -> None:
    upstream.enqueue(Script(text="no " * 300, chunks=300))
    assert isinstance((await asked(provider, upstream.address))[-1], StreamEnd)


async def test_a_place_that_is_not_allowed_is_never_called(provider: Provider, upstream: ScriptedUpstream) -> None:
    by_name = upstream.address.replace("127.0.0.1", "localhost")
    for address, rules in ((upstream.address, IN_PROD), (by_name, IN_PROD), ("http://169.254.169.254", AT_HOME)):
        with pytest.raises(SomaError) as refused:
            await asked(provider, address, rules)
        assert refused.value.reason is Reason.MODEL_ADDRESS_REFUSED, address
        assert "169.254" not in refused.value.sentence
    assert upstream.requests() == []
    named = AddressRules(private_allowed=False, private_hosts=frozenset(("localhost",)))
    assert isinstance((await asked(provider, by_name, named))[-1], StreamEnd)


@pytest.fixture
async def elsewhere(upstream: ScriptedUpstream) -> AsyncIterator[str]:
    """A server that sends everybody on to the upstream."""

    async def send_on(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"{upstream.address}{request.path_qs}"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", send_on)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_nobody_is_sent_on_to_another_place(
    provider: Provider, upstream: ScriptedUpstream, elsewhere: str
) -> None:
    with pytest.raises(SomaError) as refused:
        await asked(provider, elsewhere)
    assert refused.value.reason is Reason.MODEL_UNAVAILABLE
    assert upstream.requests() == []


async def test_a_lost_connection_is_not_tried_again(provider: Provider, upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(fault=Fault(FaultKind.CUT)))
    with pytest.raises(SomaError) as refused:
        await asked(provider, upstream.address)
    assert refused.value.metadata["problem"] == "the connection failed"
    assert len(upstream.requests()) == 1


async def test_anthropic_is_told_what_it_takes(upstream: ScriptedUpstream) -> None:
    await asked(PROVIDERS["litellm"], upstream.address, temperature=1.4, top_p=0.9, seed=7, stop=("END",))
    [record] = upstream.requests()
    assert record.body["temperature"] == 1.0
    assert not {"top_p", "seed"} & set(record.body)
    assert record.body["stop_sequences"] == ["END"]


def test_every_exception_of_the_library_has_a_meaning() -> None:
    quiet_libraries()
    import litellm.exceptions

    kinds = [
        kind for kind in vars(litellm.exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert len(kinds) > 25
    missing = [kind.__name__ for kind in kinds if not any(base.__name__ in MEANINGS for base in kind.__mro__)]
    assert not missing


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("AuthenticationError", Reason.MODEL_REFUSED_KEY),
        ("PermissionDeniedError", Reason.MODEL_REFUSED_KEY),
        ("RateLimitError", Reason.MODEL_RATE_LIMITED),
        ("Timeout", Reason.MODEL_TIMEOUT),
        ("ContextWindowExceededError", Reason.MODEL_CONTEXT_OVERFLOW),
        ("ContentPolicyViolationError", Reason.MODEL_CONTENT_FILTERED),
        ("NotFoundError", Reason.MODEL_REQUEST_REFUSED),
        ("UnsupportedParamsError", Reason.MODEL_REQUEST_REFUSED),
        ("APIConnectionError", Reason.MODEL_UNAVAILABLE),
        ("ServiceUnavailableError", Reason.MODEL_UNAVAILABLE),
        ("JSONSchemaValidationError", Reason.MODEL_PROTOCOL_ERROR),
    ],
)
def test_the_nearest_class_decides(name: str, reason: Reason) -> None:
    quiet_libraries()
    import litellm.exceptions

    kind = getattr(litellm.exceptions, name)
    error = kind.__new__(kind)
    error.args = ("sk-in-a-text",)
    found = failure_of(served_by("http://models.example.org"), error)
    assert found.reason is reason
    assert "sk-in-a-text" not in found.sentence


def test_a_chat_process_without_such_a_model_never_loads_the_library() -> None:
    program = "import sys, servers.chat.__main__\nprint([m for m in ('litellm', 'hvac', 'openai') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
