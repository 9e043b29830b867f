"""REST over the running edge: transcoding, errors, idempotency keys, streams."""

import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from tests.rpc.edge.conftest import Door
from tests.rpc.edge.scripted_chat import ANSWER, Script, ScriptedChat

SEND = "/api/v1/chat/turns"
HELLO = {"content": [{"text": "Hello"}]}
EVENTS = {"Accept": "text/event-stream"}


async def error_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/json"
    error: dict[str, Any] = (await response.json())["error"]
    assert set(error) >= {"code", "message", "kind", "details", "violations"}
    assert error["message"]
    return error


async def test_query_and_both_forms_of_names(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    for query in ("page_size=7&status=CONVERSATION_STATUS_ARCHIVED", "pageSize=7&status=2"):
        async with http.get(f"/api/v1/chat/conversations?{query}") as response:
            assert response.status == 200
            assert await response.json() == {"conversations": [], "next_page_token": ""}
    for asked in chat.asked(conversation_pb.ListConversationsRequest):
        assert (asked.page_size, asked.status) == (7, conversation_pb.CONVERSATION_STATUS_ARCHIVED)


async def test_request_ids_are_minted_taken_from_the_header_and_compared(
    http: aiohttp.ClientSession, chat: ScriptedChat
) -> None:
    path, key = "/api/v1/chat/conversations", str(uuid4())
    async with http.post(path, json={"title": "One"}) as response:
        assert response.status == 200
    async with http.post(path, json={}, headers={"Idempotency-Key": key}) as response:
        assert response.status == 200
    minted, given = [asked.request_id for asked in chat.asked(conversation_pb.CreateConversationRequest)]
    assert len(minted) == 36
    assert given == key
    async with http.post(path, json={"request_id": str(uuid4())}, headers={"Idempotency-Key": key}) as response:
        assert (response.status, (await error_of(response))["violations"][0]["field"]) == (400, "request_id")
    async with http.post(path, json={}, headers={"Idempotency-Key": "again"}) as response:
        assert (response.status, (await error_of(response))["violations"][0]["field"]) == (400, "Idempotency-Key")


async def test_a_patch_changes_what_it_names(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    agent_id = str(uuid4())
    body = {"agent": {"systemPrompt": "Be kind.", "etag": "abc"}}
    async with http.patch(f"/api/v1/chat/agents/{agent_id}", json=body) as response:
        assert response.status == 200
    [asked] = chat.asked(agent_pb.UpdateAgentRequest)
    assert asked.agent.agent_id == agent_id
    assert list(asked.update_mask.paths) == ["system_prompt"]
    async with http.patch(f"/api/v1/chat/agents/{agent_id}", json={"agent": {}}) as response:
        assert (await error_of(response))["violations"][0]["field"] == "agent"
    body = {"agent": {"agent_id": str(uuid4()), "name": "x"}}
    async with http.patch(f"/api/v1/chat/agents/{agent_id}", json=body) as response:
        assert (await error_of(response))["violations"][0]["field"] == "agent.agent_id"


async def test_ids_with_slashes_and_colons(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    async with http.get("/api/v1/models/vendor%2Ftiny:1") as response:
        assert (await response.json())["model"]["model_profile_id"] == "vendor/tiny:1"
    async with http.post("/api/v1/models/vendor%2Ftiny:1:probe", json={}) as response:
        assert response.status == 200
    [asked] = chat.asked(model_pb.ProbeModelRequest)
    assert asked.model_profile_id == "vendor/tiny:1"


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code", "field"),
    [
        ("GET", "/api/v1/nothing", None, 404, "METHOD_UNKNOWN", None),
        ("GET", "/nothing", None, 404, "METHOD_UNKNOWN", None),
        ("PUT", "/api/v1/chat/conversations", "{}", 405, "METHOD_UNKNOWN", None),
        ("OPTIONS", "/api/v1/chat/conversations", None, 405, "METHOD_UNKNOWN", None),
        ("POST", "/api/v1/chat/conversations", "{", 400, "MALFORMED_MESSAGE", None),
        ("POST", "/api/v1/chat/conversations", "[]", 400, "MALFORMED_MESSAGE", None),
        ("POST", "/api/v1/chat/conversations", b"\xff\xfe", 400, "MALFORMED_MESSAGE", None),
        ("POST", "/api/v1/chat/conversations", '{"nope": 1}', 400, "INVALID_FIELD", "nope"),
        ("POST", "/api/v1/chat/conversations", '{"title": 1}', 400, "INVALID_FIELD", "title"),
        ("POST", "/api/v1/chat/conversations", '{"title": "x", "title": null}', 200, None, None),
        ("POST", "/api/v1/chat/conversations", '{"agent_id": "x"}', 400, "INVALID_FIELD", "agent_id"),
        ("POST", "/api/v1/chat/conversations?title=x", "{}", 400, "INVALID_FIELD", "title"),
        ("POST", "/api/v1/chat/conversations", "[" * 2000 + "]" * 2000, 400, None, None),
        ("POST", "/api/v1/chat/conversations", '{"a":' * 40 + "1" + "}" * 40, 400, "INVALID_FIELD", "(body)"),
        ("GET", "/api/v1/chat/conversations?nope=1", None, 400, "INVALID_FIELD", "nope"),
        ("GET", "/api/v1/chat/conversations?page_size=-1", None, 400, "INVALID_FIELD", "page_size"),
        ("GET", "/api/v1/chat/conversations?page_size=x", None, 400, "INVALID_FIELD", "page_size"),
        ("GET", "/api/v1/chat/conversations?page_size=9999", None, 400, "INVALID_FIELD", "page_size"),
        ("GET", "/api/v1/chat/conversations?page_size=1&page_size=2", None, 400, "INVALID_FIELD", "page_size"),
        ("GET", "/api/v1/chat/conversations?status=WILD", None, 400, "INVALID_FIELD", "status"),
        ("GET", "/api/v1/chat/conversations?%ff=%ff", None, 400, "INVALID_FIELD", None),
        ("GET", "/api/v1/chat/conversations/x", None, 400, "INVALID_FIELD", "conversation_id"),
        ("GET", f"/api/v1/chat/conversations/{uuid4()}", None, 404, "RESOURCE_NOT_FOUND", None),
        ("POST", SEND, "{}", 400, "INVALID_FIELD", None),
        ("POST", SEND, '{"content": [{"text": ""}]}', 400, "INVALID_FIELD", "content[0].text"),
        ("POST", SEND, '{"content": {"text": "x"}}', 400, "INVALID_FIELD", "content"),
        ("POST", SEND, '{"content": [{"image": "x"}]}', 400, "INVALID_FIELD", "content[0].image"),
        ("POST", SEND, '{"min_level": "L9"}', 400, "INVALID_FIELD", "min_level"),
        ("POST", SEND, '{"options": {"temperature": 1e999}}', 400, None, None),
        ("GET", f"/api/v1/chat/turns/{uuid4()}", None, 404, "RESOURCE_NOT_FOUND", None),
        ("GET", f"/api/v1/receipts/{uuid4()}", None, 404, "METHOD_UNKNOWN", None),
    ],
)
async def test_what_is_wrong_is_said(
    http: aiohttp.ClientSession, verb: str, path: str, body: Any, status: int, code: str | None, field: str | None
) -> None:
    async with http.request(verb, URL(path, encoded=True), data=body) as response:
        assert response.status == status, await response.text()
        if status == 200:
            return
        error = await error_of(response)
    assert code is None or error["code"] == code
    assert field is None or error["violations"][0]["field"] == field


async def test_no_text_of_an_exception_gets_out(http: aiohttp.ClientSession) -> None:
    async with http.delete(f"/api/v1/chat/conversations/{uuid4()}") as response:
        assert response.status == 500
        text = await response.text()
    assert "hunter2" not in text
    assert json.loads(text)["error"]["details"]["error_id"]


async def test_a_turn_as_lines(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    request_id = str(uuid4())
    async with http.post(SEND, json={**HELLO, "request_id": request_id}) as response:
        assert response.content_type == "application/x-ndjson"
        assert response.headers["x-correlation-id"] == request_id
        events = [json.loads(line) async for line in response.content]
    assert [event["sequence"] for event in events] == list(range(1, len(ANSWER) + 3))
    assert "".join(event["text"]["text"] for event in events if "text" in event) == "".join(ANSWER)


async def test_a_turn_as_events_and_back_after_a_cut(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    async with http.post(SEND, json=HELLO, headers=EVENTS) as response:
        assert response.content_type == "text/event-stream"
        blocks = (await response.text()).strip().split("\n\n")
    ids = [block.splitlines()[0].removeprefix("id: ") for block in blocks]
    names = [block.splitlines()[1].removeprefix("event: ") for block in blocks]
    assert names == ["started", *["text"] * len(ANSWER), "completed"]
    for verb, path in (("POST", SEND), ("GET", f"{SEND}/{ids[0].partition(':')[0]}/events")):
        body = HELLO if verb == "POST" else None
        async with http.request(verb, path, json=body, headers={**EVENTS, "Last-Event-ID": ids[3]}) as response:
            again = [line for line in (await response.text()).splitlines() if line.startswith("id: ")]
        assert again == [f"id: {each}" for each in ids[4:]]
    assert len(chat.turns) == 1
    async with http.post(SEND, json=HELLO, headers={**EVENTS, "Last-Event-ID": "7"}) as response:
        assert (await error_of(response))["violations"][0]["field"] == "Last-Event-ID"


async def test_a_refusal_of_a_stream_has_its_own_status(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    chat.script = Script(refusal=SomaError(Reason.CONVERSATION_BUSY, {"turn_id": "t"}))
    async with http.post(SEND, json=HELLO, headers=EVENTS) as response:
        assert response.status == 409
        assert (await error_of(response))["code"] == "CONVERSATION_BUSY"


async def test_a_disconnect_is_not_a_stop(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    chat.script = Script(gap_seconds=0.02)
    async with http.post(SEND, json=HELLO) as response:
        await response.content.readline()
    [turn] = chat.turns.values()
    await eventually(lambda: turn.ended)
    assert turn.events[-1].WhichOneof("event") == "completed"


async def test_a_trace_and_a_correlation_id_go_along(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    headers = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "x-correlation-id": "my-own:1"}
    async with http.post("/api/v1/chat/conversations", json={}, headers=headers) as response:
        assert response.headers["x-correlation-id"] == "my-own:1"
    assert chat.calls[-1][0].correlation_id == "my-own:1"


async def test_health_says_what_is_down(door: Door, stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/api/v1/health") as response:
        health = await response.json()
    assert health["mode"] == "STANDALONE"
    assert health["status"] == "healthy"
    assert health["services"] == {"chat": "up", "control": "up", "edge": "up"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{door.ops_port}") as ops:
        async with ops.get("/metrics") as response:
            metrics = await response.text()
        assert "# HELP soma_edge_http_seconds" in metrics
        for path in ("/health", "/healthz", "/readyz", "/v1/health"):
            async with ops.get(path) as response:
                assert response.status == 200


async def test_a_service_that_is_away(http: aiohttp.ClientSession, door: Door, chat_server: Any) -> None:
    await chat_server.server.drain(0.1)
    async with http.get("/api/v1/chat/conversations") as response:
        assert response.status == 503
        assert (await error_of(response))["code"] in ("DEPENDENCY_DOWN", "SHUTTING_DOWN")
    async with http.post(SEND, json=HELLO) as response:
        assert response.status == 503

    async def unhealthy() -> bool:
        async with http.get("/api/v1/health") as response:
            return bool((await response.json())["status"] == "unhealthy")

    await eventually(unhealthy)


async def test_every_request_of_a_turn_is_one(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    request_id = str(uuid4())
    for _ in range(2):
        async with http.post(SEND, json={**HELLO, "request_id": request_id}) as response:
            await response.read()
    assert len(chat.turns) == 1
    assert len(chat.asked(turn_pb.SendMessageRequest)) == 2


@pytest.mark.parametrize("accept", [EVENTS, {}])
async def test_a_turn_that_was_heard_to_its_end_has_nothing_more_to_tell(
    http: aiohttp.ClientSession, chat: ScriptedChat, accept: dict[str, str]
) -> None:
    async with http.post(SEND, json=HELLO, headers=EVENTS) as response:
        turn_id, _, last = (await response.text()).rpartition("\nid: ")[2].partition("\n")[0].partition(":")
    path = f"{SEND}/{turn_id}/events?after_sequence={last}"
    async with http.get(path, headers=accept, timeout=aiohttp.ClientTimeout(5)) as response:
        # The status that ends the reconnecting of an EventSource.
        assert response.status == 204
        assert await response.read() == b""
    assert len(chat.asked(turn_pb.ResumeTurnRequest)) == 1


async def test_a_mask_may_name_fields_in_both_forms(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    body = {"agent": {"system_prompt": "Be kind."}, "updateMask": "systemPrompt"}
    async with http.patch(f"/api/v1/chat/agents/{uuid4()}", json=body) as response:
        assert response.status == 200
    [asked] = chat.asked(agent_pb.UpdateAgentRequest)
    assert list(asked.update_mask.paths) == ["system_prompt"]
