"""Wrong requests at the REST door get a JSON error with its reason."""

import io
import json
import re
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from soma_common.testing.mesh import Mesh
from tests.e2e.support.person import Person

CONVERSATIONS = "/api/v1/chat/conversations"
TURNS = "/api/v1/chat/turns"
LEAKS = re.compile(r"Traceback|\.py\b|asyncpg|SELECT |INSERT |site-packages", re.IGNORECASE)


async def expect(response: aiohttp.ClientResponse, status: int, reason: str | None) -> None:
    text = await response.text()
    assert response.status == status, text
    assert response.content_type == "application/json", text
    assert json.loads(text)
    assert not LEAKS.search(text), text
    if reason is not None:
        assert reason in text, text


def turn(**change: Any) -> str:
    return json.dumps({"content": [{"text": "hello"}], "request_id": str(uuid4()), **change})


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (CONVERSATIONS, "{not json", "MALFORMED_MESSAGE"),
        (CONVERSATIONS, "[1, 2]", None),
        (CONVERSATIONS, '"text"', None),
        (CONVERSATIONS, "[" * 1000, None),
        (CONVERSATIONS, '{"title": 5, "request_id": "0190d3b0-5d3e-7cc2-9a55-6b1f3f1f7a01"}', "title"),
        (CONVERSATIONS, '{"title": "a", "request_id": "7"}', "request_id"),
        (CONVERSATIONS, '{"nonsense": 1}', "nonsense"),
        (TURNS, turn(content=[]), "content"),
        (TURNS, turn(content=[{"text": ""}]), "text"),
        (TURNS, turn(content=[{"text": "x" * 70000}]), None),
        (TURNS, turn(content="hello"), "content"),
        (TURNS, turn(options={"temperature": "hot"}), "temperature"),
        (TURNS, turn(options={"temperature": 9}), "temperature"),
        (TURNS, turn(conversation_id="17"), "conversation_id"),
    ],
)
async def test_wrong_bodies(ada: Person, path: str, body: str, reason: str | None) -> None:
    async with ada.http.post(path, data=body.encode(), headers={"Content-Type": "application/json"}) as response:
        await expect(response, 400, reason)


async def test_bytes_that_are_no_text(ada: Person) -> None:
    headers = {"Content-Type": "application/json"}
    async with ada.http.post(CONVERSATIONS, data=b"\xff\xfe\x00{}", headers=headers) as response:
        await expect(response, 400, "MALFORMED_MESSAGE")


async def test_a_huge_body(ada: Person) -> None:
    body = turn(content=[{"text": "x" * 60000}] * 200)
    headers = {"Content-Type": "application/json"}
    async with ada.http.post(TURNS, data=io.BytesIO(body.encode()), headers=headers) as response:
        assert response.status in (400, 413)
        await expect(response, response.status, "PAYLOAD_TOO_LARGE")


async def test_unknown_paths_and_methods(ada: Person) -> None:
    async with ada.http.get("/api/v1/no/such/thing") as response:
        await expect(response, 404, None)
    async with ada.http.put(CONVERSATIONS, json={}) as response:
        await expect(response, 405, None)


async def test_unknown_and_foreign_ids(ada: Person, bob: Person, eve: Person) -> None:
    heard = await ada.grpc.say("Mine alone.")
    conversation_id, receipt_id = heard.started.conversation_id, heard.started.receipt_id
    theirs = (conversation_id, receipt_id)
    for person, ids in ((ada, (str(uuid4()), str(uuid4()))), (bob, theirs), (eve, theirs)):
        async with person.http.get(f"{CONVERSATIONS}/{ids[0]}") as response:
            await expect(response, 404, "RESOURCE_NOT_FOUND")
        async with person.http.get(f"/api/v1/receipts/{ids[1]}") as response:
            await expect(response, 404, "RESOURCE_NOT_FOUND")
    async with ada.http.get(f"{CONVERSATIONS}/not-an-id") as response:
        await expect(response, 400, "conversation_id")


@pytest.mark.parametrize("query", ["page_size=abc", "page_size=-1", "page_size=9999", "page_token=zzz", "colour=red"])
async def test_wrong_queries(ada: Person, query: str) -> None:
    async with ada.http.get(f"{CONVERSATIONS}?{query}") as response:
        await expect(response, 400, "INVALID_FIELD")


async def test_no_or_a_forged_token(mesh: Mesh) -> None:
    async with aiohttp.ClientSession(mesh.edge_url) as http:
        expired = mesh.token_for("m", ttl_seconds=-60)
        for header in ("Bearer forged.forged.forged", "Bearer ", "Basic abc", f"Bearer {expired}"):
            async with http.get(CONVERSATIONS, headers={"Authorization": header}) as response:
                await expect(response, 401, None)


async def test_a_strange_host_is_no_login(mesh: Mesh) -> None:
    headers = {"Host": "evil.example.org"}
    async with aiohttp.ClientSession(mesh.edge_url) as http, http.get(CONVERSATIONS, headers=headers) as response:
        assert 400 <= response.status < 500, await response.text()


async def test_a_strange_origin_may_not_write(mesh: Mesh) -> None:
    headers = {"Origin": "https://evil.example.org"}
    async with (
        aiohttp.ClientSession(mesh.edge_url) as http,
        http.post(CONVERSATIONS, json={"request_id": str(uuid4())}, headers=headers) as response,
    ):
        assert response.status in (401, 403), await response.text()


async def test_a_role_that_is_too_low(mesh: Mesh) -> None:
    headers = {"Authorization": f"Bearer {mesh.token_for('reader', ('viewer',))}"}
    async with (
        aiohttp.ClientSession(mesh.edge_url, headers=headers) as http,
        http.post(CONVERSATIONS, json={"request_id": str(uuid4())}) as response,
    ):
        await expect(response, 403, "SCOPE_MISSING")
