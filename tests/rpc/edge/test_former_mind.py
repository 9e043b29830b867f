"""The REST paths that clients of the former mind know: each former body arrives at its method with what it says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import pytest
import pytest_asyncio

from edge.serving import running
from edge.settings import EdgeSettings
from soma_common.testing.identity import TENANT as TENANT_ID
from soma_common.testing.identity import TestIdentity
from soma_common.testing.rpc import Added, RpcHarness
from tests.support.openapi import conform
from tests.support.scripted_mind import ScriptedMind

TENANT = str(TENANT_ID)
FEEDBACK = {
    "session_id": "s1",
    "query": "What is due?",
    "prompt": "…",
    "response_text": "The invoice.",
    "utility": 0.5,
    "reward": 1.0,
    "tenant_id": TENANT,
}
# Verb, path, body, the operation it is, and what must arrive.
FORMER: tuple[tuple[str, str, Any, str, dict[str, Any]], ...] = (
    ("GET", "/neuromodulators", None, "NeuromodulatorService_GetNeuromodulators", {}),
    ("GET", f"/neuromodulators?tenant_id={TENANT}", None, "NeuromodulatorService_GetNeuromodulators", {}),
    (
        *("POST", "/neuromodulators", {"dopamine": 0.5, "serotonin": 1}, "NeuromodulatorService_UpdateNeuromodulators"),
        {"dopamine": 0.5, "serotonin": 1.0},
    ),
    ("GET", f"/context/adaptation/state?tenant_id={TENANT}", None, "AdaptationService_GetAdaptationState", {}),
    (
        *("POST", "/context/adaptation/reset", {"base_lr": 0.1, "reset_history": True}),
        *("AdaptationService_ResetAdaptation", {"base_lr": 0.1, "reset_history": True}),
    ),
    (
        *("POST", "/context/adaptation/reset", {"baseLr": 0.0, "resetHistory": False, "tenantId": TENANT}),
        *("AdaptationService_ResetAdaptation", {"base_lr": 0.0, "reset_history": False, "tenant_id": TENANT}),
    ),
    (
        *("POST", "/context/feedback", FEEDBACK, "AdaptationService_RecordFeedback"),
        {"session_id": "s1", "utility": 0.5, "reward": 1.0, "response_text": "The invoice.", "tenant_id": TENANT},
    ),
    (
        *("POST", f"/context/feedback?tenant_id={TENANT}", {"sessionId": "s1", "utility": -0.5}),
        *("AdaptationService_RecordFeedback", {"session_id": "s1", "utility": -0.5, "tenant_id": TENANT}),
    ),
    (
        *("POST", "/act", {"task": "Look", "universe": "shared", "session_id": "s1", "top_k": 3}, "ActService_Act"),
        {"task": "Look", "universe": "shared", "session_id": "s1", "top_k": 3},
    ),
    (
        *("POST", "/api/util/sleep", {"target_state": "light", "ttl_seconds": 60, "async_mode": True, "trace_id": "t"}),
        *("SleepService_TransitionSleep", {"target_state": "light", "ttl_seconds": 60, "async_mode": True}),
    ),
    (
        *("POST", "/api/brain/sleep_mode", {"targetState": "freeze", "ttlSeconds": 5, "traceId": "t"}),
        *("SleepService_TransitionSleep", {"target_state": "freeze", "ttl_seconds": 5, "trace_id": "t"}),
    ),
    ("GET", "/sleep/status", None, "SleepService_GetSleepStatus", {}),
    ("POST", "/sleep/run", {"nrem": True, "rem": False}, "SleepService_RunSleepCycle", {"nrem": True, "rem": False}),
    ("POST", "/sleep/run", None, "SleepService_RunSleepCycle", {}),
    (
        *("POST", "/cognitive/thread", {"options": ["one", "two"], "tenant_id": TENANT}, "ThreadService_CreateThread"),
        {"options": ["one", "two"], "tenant_id": TENANT},
    ),
    ("GET", f"/cognitive/thread/next?tenant_id={TENANT}", None, "ThreadService_GetNextOption", {"tenant_id": TENANT}),
    ("POST", "/cognitive/thread/next", {}, "ThreadService_TakeNextOption", {}),
    ("POST", f"/cognitive/thread/next?tenantId={TENANT}", None, "ThreadService_TakeNextOption", {"tenant_id": TENANT}),
    ("PUT", "/cognitive/thread/reset", {}, "ThreadService_ResetThread", {"mode": 0}),
)


@pytest.fixture
def mind() -> ScriptedMind:
    return ScriptedMind()


@pytest_asyncio.fixture
async def operator(
    settings: EdgeSettings, identity: TestIdentity, rpc: RpcHarness, mind: ScriptedMind
) -> AsyncIterator[aiohttp.ClientSession]:
    """An operator before an edge that knows the scripted mind."""
    served = await rpc.serve("cognitive", *(Added(*each) for each in mind.added()))
    targets = {**settings.targets, "cognitive": (served.target,)}
    headers = {"Authorization": f"Bearer {identity.user_token(roles=('operator',))}"}
    async with (
        running(replace(settings, targets=targets)) as edge,
        aiohttp.ClientSession(f"http://127.0.0.1:{edge.port}", headers=headers) as session,
    ):
        yield session


async def test_every_former_body_arrives(operator: aiohttp.ClientSession, mind: ScriptedMind) -> None:
    for verb, path, body, operation, wanted in FORMER:
        async with operator.request(verb, path, json=body) as response:
            assert response.status == 200, (verb, path, await response.text())
            conform(await response.json(), operation)
        asked = mind.asked[-1]
        assert type(asked).__name__ == f"{operation.partition('_')[2]}Request"
        assert {name: getattr(asked, name) for name in wanted} == wanted, (verb, path)
        assert verb == "GET" or len(asked.request_id) == 36, "a mutation has a repeat key"


async def test_the_state_of_sleep_is_told_as_events(operator: aiohttp.ClientSession) -> None:
    async with operator.get("/sleep/watch", headers={"Accept": "text/event-stream"}) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        data = [line for line in (await response.read()).splitlines() if line.startswith(b"data: ")]
    told = [orjson.loads(line.removeprefix(b"data: ")) for line in data]
    assert [each["status"]["state"] for each in told] == ["SLEEP_STATE_LIGHT"]
    conform(told[0], "SleepService_WatchSleep", media_type="text/event-stream")


async def test_an_action_is_told_step_by_step(operator: aiohttp.ClientSession) -> None:
    body = {"act": {"task": "Look", "request_id": str(uuid4())}}
    async with operator.post("/api/v1/cognitive/act:stream", json=body) as response:
        told = [orjson.loads(line) async for line in response.content]
    assert [next(iter(each)) for each in told] == ["step", "done"]
    for each in told:
        conform(each, "ActService_StreamAct", media_type="application/x-ndjson")


@pytest.mark.parametrize(
    ("verb", "path", "body", "field"),
    [
        ("POST", "/cognitive/thread/next?thread_id=x", {}, "thread_id"),
        ("POST", f"/sleep/cancel?tenant_id={TENANT}", {}, "tenant_id"),
        ("POST", f"/context/feedback?tenant_id={TENANT}", {"tenant_id": TENANT}, "tenant_id"),
        ("POST", "/api/util/sleep", {"target_state": "nap"}, "target_state"),
        ("POST", "/api/brain/sleep_mode", {"target_state": "light", "ttl_seconds": 3601}, "ttl_seconds"),
        ("POST", "/sleep/run", {"dreams": True}, "dreams"),
        ("GET", "/cognitive/thread/next?expected_version=x", None, "expected_version"),
    ],
)
async def test_what_is_wrong_is_named(
    operator: aiohttp.ClientSession, verb: str, path: str, body: Any, field: str
) -> None:
    async with operator.request(verb, path, json=body) as response:
        assert response.status == 400, await response.text()
        assert (await response.json())["error"]["violations"][0]["field"] == field
