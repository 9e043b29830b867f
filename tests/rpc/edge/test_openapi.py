"""The document that the edge serves, and real answers held against it."""

import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from soma.chat.v1 import message_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.rpc.edge.scripted_chat import Script, ScriptedChat
from tests.support.openapi import DOCUMENT, conform, operations

HELLO = {"content": [{"text": "Hello"}]}
ID = str(uuid4())


def test_the_judge_finds_what_is_not_declared_and_what_is_missing() -> None:
    with pytest.raises(AssertionError, match="surprise"):
        conform({"conversations": [], "next_page_token": "", "surprise": 1}, "ConversationService_ListConversations")
    with pytest.raises(AssertionError, match="next_page_token"):
        conform({"conversations": []}, "ConversationService_ListConversations")


async def test_it_is_served_to_everybody(stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/openapi.json") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert response.headers["etag"]
        assert await response.json() == DOCUMENT


@pytest.mark.parametrize(
    ("operation", "verb", "path", "body"),
    [
        ("AgentService_ListAgents", "GET", "/api/v1/chat/agents", None),
        ("AgentService_GetAgent", "GET", f"/api/v1/chat/agents/{ID}", None),
        ("AgentService_CreateAgent", "POST", "/api/v1/chat/agents", {"agent": {"name": "Ada"}}),
        ("AgentService_UpdateAgent", "PATCH", f"/api/v1/chat/agents/{ID}", {"agent": {"risk_profile": 1}}),
        ("AgentService_ArchiveAgent", "POST", f"/api/v1/chat/agents/{ID}:archive", {}),
        ("ConversationService_CreateConversation", "POST", "/api/v1/chat/conversations", {"title": "One"}),
        ("ConversationService_ListConversations", "GET", "/api/v1/chat/conversations?page_size=3", None),
        ("ConversationService_ListMessages", "GET", f"/api/v1/chat/conversations/{ID}/messages", None),
        ("ModelService_ListModels", "GET", "/api/v1/models", None),
        ("ModelService_ProbeModel", "POST", "/api/v1/models/tiny:probe", {}),
        ("getHealth", "GET", "/api/v1/health", None),
        ("listOpenAiModels", "GET", "/v1/models", None),
        ("getOpenAiModel", "GET", "/v1/models/soma", None),
    ],
)
async def test_an_answer_is_what_the_document_says(
    http: aiohttp.ClientSession, operation: str, verb: str, path: str, body: Any
) -> None:
    async with http.request(verb, path, json=body) as response:
        assert response.status == 200, await response.text()
        conform(await response.json(), operation)


@pytest.mark.parametrize(
    "script",
    [
        Script(reasoning="Let me see.", tool_calls=(message_pb2.ToolCall(call_id="c", name="n", arguments_json="{}"),)),
        Script(pieces=()),
    ],
    ids=["tools", "empty"],
)
async def test_the_events_of_a_turn_are_what_the_document_says(
    http: aiohttp.ClientSession, chat: ScriptedChat, script: Script
) -> None:
    chat.script = script
    async with http.post("/api/v1/chat/turns", json=HELLO) as response:
        events = [json.loads(line) async for line in response.content]
        assert response.content_type == "application/x-ndjson"
    assert "completed" in events[-1]
    for event in events:
        conform(event, "TurnService_SendMessage", media_type="application/x-ndjson")
    async with http.get(f"/api/v1/chat/turns/{events[0]['turn_id']}") as response:
        conform(await response.json(), "TurnService_GetTurn")


async def test_a_whole_completion_is_what_the_document_says(http: aiohttp.ClientSession) -> None:
    body = {"model": "soma", "messages": [{"role": "user", "content": "Hello"}]}
    async with http.post("/v1/chat/completions", json=body) as response:
        answer = await response.json()
    # What the OpenAI API adds for its own clients is more than is promised here.
    for part in (answer, answer["choices"][0], answer["choices"][0]["message"], answer["usage"]):
        for name in ("system_fingerprint", "logprobs", "refusal", "annotations"):
            part.pop(name, None)
        for name in ("prompt_tokens_details", "completion_tokens_details"):
            part.pop(name, None)
    conform(answer, "createChatCompletion")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (SomaError(Reason.CONVERSATION_BUSY, {"turn_id": ID}), 409),
        (SomaError(Reason.RATE_LIMITED, {"limit": "20 messages a minute"}, retry_after_seconds=2.5), 429),
        (SomaError(Reason.DEADLINE_EXCEEDED), 504),
    ],
    ids=lambda it: str(getattr(it, "reason", it)),
)
async def test_a_refusal_is_what_the_document_says(
    http: aiohttp.ClientSession, chat: ScriptedChat, refusal: SomaError, status: int
) -> None:
    chat.script = Script(refusal=refusal)
    async with http.post("/api/v1/chat/turns", json=HELLO) as response:
        assert response.status == status
        conform(await response.json(), "TurnService_SendMessage", str(status))
    body = {"model": "soma", "messages": [{"role": "user", "content": "Hello"}]}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == status
        conform(await response.json(), "createChatCompletion", str(status))


async def test_a_wrong_field_is_refused_as_the_document_says(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/chat/conversations?page_size=999") as response:
        assert response.status == 400
        conform(await response.json(), "ConversationService_ListConversations", "400")


async def test_every_path_of_the_document_is_a_door(http: aiohttp.ClientSession) -> None:
    for path, verb, operation in operations():
        filled = path.replace("{model}", "soma").replace("{name}", "chat").replace("{", "").replace("}", "")
        async with http.request(verb, filled, json={} if verb in ("POST", "PATCH") else None) as response:
            body = await response.text()
        there = response.status != 405 and not (response.status == 404 and f"{verb} {filled}" in body)
        assert there, (operation["operationId"], response.status, body[:300])
