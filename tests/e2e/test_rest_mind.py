"""The paths of the former mind on the whole mesh: each body does what it says, for an agent alone in its tenant."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.support.person import Person
from tests.e2e.test_rest import get

Put = Callable[..., Awaitable[Any]]


@pytest.fixture
def send(hermit: Person) -> Put:
    """Send a body; the answer, or with another status its reason."""

    async def sent(verb: str, path: str, body: Any, status: int = 200) -> Any:
        async with hermit.http.request(verb, path, json=body) as response:
            answer = await response.json()
            assert response.status == status, (path, answer)
            return answer if status == 200 else answer["error"]["code"]

    return sent


async def test_values_and_weights_by_the_former_paths(hermit: Person, send: Put) -> None:
    await hermit.grpc.say("My cat is called Miso and loves rain.")
    await hermit.grpc.say("What is my cat called?")
    assert (await send("POST", "/neuromodulators", {"dopamine": 0.6}))["dopamine"] == pytest.approx(0.6)
    assert (await get(hermit, "/neuromodulators"))["dopamine"] == pytest.approx(0.6, abs=0.01)
    feedback = {"session_id": "", "query": "?", "prompt": "…", "response_text": "Miso.", "utility": 0.5, "reward": 1.0}
    assert (await send("POST", "/context/feedback", feedback))["sentence"]
    state = (await get(hermit, "/context/adaptation/state"))["state"]
    reset = await send("POST", "/context/adaptation/reset", {"base_lr": 0.1, "reset_history": False})
    assert (reset["state"]["learning_rate"], reset["state"]["feedback_count"]) == (0.1, 0)
    assert reset["state"]["version"] == state["version"] + 1


async def test_sleep_by_the_former_paths(hermit: Person, send: Put) -> None:
    asked = {"target_state": "light", "ttl_seconds": 600, "async_mode": True, "trace_id": "tea"}
    rested = await send("POST", "/api/util/sleep", asked)
    assert (rested["status"]["state"], rested["trace_id"]) == ("SLEEP_STATE_LIGHT", "tea")
    assert (await send("POST", "/api/brain/sleep_mode", {"targetState": "deep"}))["status"][
        "state"
    ] == "SLEEP_STATE_DEEP"
    assert (await get(hermit, "/sleep/status"))["status"]["state"] == "SLEEP_STATE_DEEP"
    assert await send("POST", "/api/util/sleep", {"target_state": "active"}, status=400) == "SLEEP_TRANSITION_REFUSED"
    woken = await send("POST", "/api/util/sleep", {"target_state": "active", "wake": True})
    assert woken["previous_state"] == "SLEEP_STATE_DEEP"
    cycle = (await send("POST", "/sleep/run", {"nrem": True, "rem": False, "async_mode": True}))["cycle"]
    assert (await get(hermit, "/sleep/cycles"))["cycles"][0]["cycle_id"] == cycle["cycle_id"]


async def test_threads_and_acting_by_the_former_paths(hermit: Person, send: Put) -> None:
    made = (await send("POST", "/cognitive/thread", {"options": ["Ask", "Look"]}))["thread"]
    assert [option["text"] for option in made["options"]] == ["Ask", "Look"]
    assert (await get(hermit, "/cognitive/thread/next"))["option"]["text"] == "Ask"
    assert (await send("POST", "/cognitive/thread/next", {}))["option"]["text"] == "Ask"
    assert (await send("POST", "/cognitive/thread/next", None))["option"]["text"] == "Look"
    assert "option" not in await send("POST", "/cognitive/thread/next", {}), "no option left is no error"
    assert (await send("PUT", "/cognitive/thread/reset", {}))["thread"]["cursor"] == 0
    acted = await send("POST", "/act", {"task": "Feed the cat", "session_id": "s1", "top_k": 3})
    assert (acted["task"], acted["session_id"]) == ("Feed the cat", "s1")
    assert acted["results"][0]["policy"]


async def test_another_tenant_is_not_spoken_for(send: Put) -> None:
    other = str(uuid4())
    for verb, path, body in (
        ("POST", "/neuromodulators", {"dopamine": 0.5, "tenant_id": other}),
        ("GET", f"/context/adaptation/state?tenant_id={other}", None),
        ("POST", f"/context/feedback?tenant_id={other}", {"reward": 1}),
        ("POST", "/act", {"task": "Look", "tenant_id": other}),
        ("POST", "/api/brain/sleep_mode", {"target_state": "light", "tenant_id": other}),
        ("POST", "/sleep/run", {"tenant_id": other}),
        ("POST", "/cognitive/thread", {"options": ["x"], "tenant_id": other}),
        ("GET", f"/cognitive/thread/next?tenant_id={other}", None),
        ("PUT", "/cognitive/thread/reset", {"tenantId": other}),
    ):
        assert await send(verb, path, body, status=400) == "INVALID_FIELD", path
