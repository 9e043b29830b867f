"""Wrong requests at the OpenAI door get the errors that its client knows."""

from typing import Any

import pytest
from openai import APIError, APIStatusError, AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.e2e.support.asking import well_again
from tests.e2e.support.person import Person

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def readable(error: APIStatusError) -> None:
    assert isinstance(error.body, dict), error.body
    assert error.body["message"]
    assert error.body["code"]
    assert "Traceback" not in error.response.text


async def model_of(person: Person) -> str:
    return (await person.openai.models.list()).data[0].id


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": [{"role": "robot", "content": "hi"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
        {"temperature": 3},
        {"temperature": "hot"},
        {"max_tokens": 0},
        {"n": 2},
        {"tools": [{"type": "function", "function": {"name": "not a name!"}}]},
        {"stop": ["a", "b", "c", "d", "e"]},
    ],
    ids=str,
)
async def test_wrong_requests(ada: Person, model: ScriptedUpstream, change: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": await model_of(ada), "messages": HELLO, **change}
    with pytest.raises(BadRequestError) as caught:
        await ada.openai.post("/chat/completions", cast_to=object, body=body)
    readable(caught.value)
    assert model.requests() == []


async def test_an_unknown_model(ada: Person) -> None:
    with pytest.raises(NotFoundError) as caught:
        await ada.openai.chat.completions.create(model="no-such-model", messages=HELLO)
    readable(caught.value)


async def test_wrong_json(ada: Person) -> None:
    headers = {"Content-Type": "application/json"}
    async with ada.http.post("/v1/chat/completions", data=b"{nonsense", headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]


async def test_a_forged_key(mesh: Mesh) -> None:
    async with AsyncOpenAI(base_url=mesh.openai_url, api_key="sk-forged", max_retries=0) as client:
        for call in (client.models.list(), client.chat.completions.create(model="x", messages=HELLO)):
            with pytest.raises(AuthenticationError) as caught:
                await call
            readable(caught.value)


async def test_a_provider_that_fails_is_an_error(ada: Person, model: ScriptedUpstream) -> None:
    name = await model_of(ada)
    model.set_default(Script(fault=Fault(FaultKind.RATE_LIMITED, seconds=9)))
    with pytest.raises(APIStatusError) as caught:
        await ada.openai.chat.completions.create(model=name, messages=HELLO)
    assert caught.value.status_code == 429
    readable(caught.value)
    assert caught.value.response.headers["Retry-After"] == "9"
    model.reset()
    await well_again(ada)


async def test_a_provider_that_fails_in_a_stream_is_an_error(ada: Person, model: ScriptedUpstream) -> None:
    name = await model_of(ada)
    model.set_default(Script(fault=Fault(FaultKind.CUT, at_chunk=5)))
    stream = await ada.openai.chat.completions.create(model=name, messages=HELLO, stream=True)

    async def listen() -> None:
        async for _ in stream:
            pass

    with pytest.raises(APIError, match="scripted"):
        await listen()
    model.reset()
    await well_again(ada)
