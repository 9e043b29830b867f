"""The same contracts as JSON over HTTP."""

from typing import Any
from uuid import uuid4

import aiohttp

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person


async def post(person: Person, path: str, **body: Any) -> dict[str, Any]:
    async with person.http.post(path, json=body) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def get(person: Person, path: str, **query: str) -> dict[str, Any]:
    async with person.http.get(path, params=query) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_conversation_with_its_messages_and_receipt(ada: Person, model: ScriptedUpstream) -> None:
    made = (await post(ada, "/api/v1/chat/conversations", title="Tea", request_id=str(uuid4())))["conversation"]
    heard = await ada.grpc.say("Which tea is best?", conversation_id=made["conversation_id"])
    path = f"/api/v1/chat/conversations/{made['conversation_id']}"
    messages = (await get(ada, f"{path}/messages"))["messages"]
    assert [message["role"] for message in messages] == ["ROLE_USER", "ROLE_ASSISTANT"]
    assert messages[0]["content"] == [{"text": "Which tea is best?"}]
    assert messages[1]["content"] == [{"text": heard.text}]
    assert messages[1]["parent_message_id"] == messages[0]["message_id"]
    receipt = (await get(ada, f"/api/v1/receipts/{heard.started.receipt_id}"))["receipt"]
    assert receipt["turn_id"] == heard.turn_id
    assert receipt["outcome"]["finish_reason"] == "stop"
    assert receipt["level"] == "DEGRADATION_LEVEL_L0"
    listed = (await get(ada, "/api/v1/chat/conversations"))["conversations"]
    assert [item["conversation_id"] for item in listed] == [made["conversation_id"]]


async def test_a_repeat_is_answered_alike_and_another_body_refused(ada: Person) -> None:
    request_id = str(uuid4())
    first = await post(ada, "/api/v1/chat/conversations", title="One", request_id=request_id)
    assert await post(ada, "/api/v1/chat/conversations", title="One", request_id=request_id) == first
    body = {"title": "Two", "request_id": request_id}
    async with ada.http.post("/api/v1/chat/conversations", json=body) as response:
        assert response.status == 409
        assert "REQUEST_ID_REUSED" in await response.text()
    assert len((await get(ada, "/api/v1/chat/conversations"))["conversations"]) == 1


async def test_both_forms_of_field_names(ada: Person) -> None:
    answer = await post(ada, "/api/v1/chat/conversations", title="Camel", requestId=str(uuid4()))
    assert answer["conversation"]["title"] == "Camel"


async def test_a_turn_as_server_sent_events(ada: Person, model: ScriptedUpstream) -> None:
    body = {"content": [{"text": "What can you do?"}], "request_id": str(uuid4())}
    headers = {"Accept": "text/event-stream"}
    async with ada.http.post("/api/v1/chat/turns", json=body, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        text = await response.text()
    assert model.requests()[0].text_sent
    ids = [line.removeprefix("id:").strip() for line in text.splitlines() if line.startswith("id:")]
    turn_id, _, last = ids[-1].rpartition(":")
    assert int(last) == len(ids)
    resume = {**headers, "Last-Event-ID": f"{turn_id}:2"}
    async with ada.http.get(f"/api/v1/chat/turns/{turn_id}/events", headers=resume) as response:
        again = [line for line in (await response.text()).splitlines() if line.startswith("id:")]
    assert [line.removeprefix("id:").strip() for line in again] == ids[2:]


async def test_health_and_metrics(mesh: Mesh) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{mesh.edge_url}/api/v1/health") as response:
            health = await response.json()
        assert response.status == 200
        assert health["status"] == "healthy"
        assert health["mode"] == "STANDALONE"
        assert set(health["services"]) >= {"memory", "cognitive", "governor", "control", "chat"}
        async with http.get(f"{mesh.ops_url}/metrics") as response:
            assert "# HELP" in await response.text()
        async with http.get(f"{mesh.ops_url}/health") as response:
            assert response.status == 200


async def test_the_page_is_served_with_its_protections(mesh: Mesh) -> None:
    async with aiohttp.ClientSession() as http, http.get(mesh.edge_url) as response:
        page = await response.text()
    assert "<html" in page.lower()
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_the_admin_api_lists_services(admin: Person, ada: Person) -> None:
    rows = (await get(admin, "/admin/services"))["services"]
    assert {row["name"] for row in rows} >= {"database", "memory", "cognitive", "governor", "control", "chat", "edge"}
    assert {row["state"] for row in rows} == {"SERVICE_STATE_RUNNING"}
    diagnostics = await get(admin, "/micro/diag")
    assert diagnostics["mode"] == "STANDALONE"
    async with ada.http.get("/micro/diag") as response:
        assert response.status == 403
