"""A second tenant in the running mesh: used with its keys at every door, and seen by nobody else."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4, uuid5

import pytest
from openai import AuthenticationError

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.asking import budgets_of
from tests.e2e.support.person import Person, person_of
from tests.e2e.test_memory import FACT, QUESTION, learned, recalled
from tests.e2e.test_openai import ASK, first_model

DAY_TOKENS = 70_000


def fresh_name() -> str:
    return f"team-{uuid4().hex[:10]}"


def told(mesh: Mesh, *words: str) -> Any:
    """The JSON of a command that succeeds."""
    done = mesh.cli(*words, "--json")
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture
def made(mesh: Mesh) -> dict[str, Any]:
    """A new tenant, as `somastack tenant create --json` tells it."""
    found: dict[str, Any] = told(mesh, "tenant", "create", fresh_name(), "--tokens", str(DAY_TOKENS))
    return found


@pytest.fixture
async def team(mesh: Mesh, made: dict[str, Any], model: ScriptedUpstream) -> AsyncIterator[Person]:
    """The owner of a new tenant, with its first key in the place of a token."""
    async with person_of(mesh, "owner", made["key"]) as person:
        yield person


async def conversations(person: Person) -> set[str]:
    request = conversation_pb.ListConversationsRequest(page_size=200)
    answer = await person.grpc.call(person.grpc.conversations.ListConversations, request)
    return {each.conversation_id for each in answer.conversations}


async def test_a_key_opens_the_doors_of_openai_grpc_rest_and_the_socket(
    team: Person, made: dict[str, Any], model: ScriptedUpstream
) -> None:
    answer = await team.openai.chat.completions.create(model=await first_model(team), messages=ASK)
    assert answer.choices[0].message.content == model.requests()[-1].text_sent
    assert (await team.grpc.say("Good morning!")).kinds[-1] == "completed"
    async with team.http.get("/api/v1/chat/agents") as response:
        agents = (await response.json())["agents"]
    assert [(agent["agent_id"], agent["tenant_default"]) for agent in agents] == [(made["agent"]["agent_id"], True)]
    headers = {"Accept": "text/event-stream"}
    message = {"content": [{"text": "And by SSE?"}]}
    async with team.http.post("/api/v1/chat/turns", json=message, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert "event: completed" in await response.text()
    async with team.socket() as socket:
        welcome = await socket.receive()
        assert welcome["payload"]["tenant_id"] == made["tenant"]["tenant_id"]
        assert (await socket.turn("And by socket?")).end["type"] == "chat.done"


async def test_two_tenants_see_nothing_of_each_other(team: Person, admin: Person, model: ScriptedUpstream) -> None:
    theirs = (await team.grpc.say(FACT)).events[0]
    await learned(team)
    await admin.grpc.say("Nothing to see here.")
    mine, others = await conversations(admin), await conversations(team)
    assert mine
    assert others
    assert not mine & others
    assert not [text for text in await recalled(admin, QUESTION) if "Trondheim" in text]
    async with admin.http.get(f"/api/v1/chat/turns/{theirs.turn_id}") as response:
        assert response.status == 404
    async with admin.http.get(f"/api/v1/conversations/{next(iter(others))}") as response:
        assert response.status == 404


async def test_its_budget_is_its_own(team: Person, admin: Person, model: ScriptedUpstream) -> None:
    before = {budget.period: budget.used_tokens for budget in await budgets_of(admin)}
    answer = await team.openai.chat.completions.create(model=await first_model(team), messages=ASK)
    assert answer.usage is not None
    day = next(budget for budget in await budgets_of(team) if budget.limit_tokens)
    assert (day.limit_tokens, day.used_tokens) == (DAY_TOKENS, answer.usage.total_tokens)
    assert {budget.period: budget.used_tokens for budget in await budgets_of(admin)} == before


async def test_what_runs_the_installation_is_not_for_a_tenant(team: Person) -> None:
    async with team.http.get("/admin/tenants") as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "SCOPE_MISSING")
    async with team.http.post("/admin/tenants", json={"name": fresh_name()}) as response:
        assert response.status == 403


async def test_a_team_makes_keys_of_its_own_by_rest(team: Person, mesh: Mesh, made: dict[str, Any]) -> None:
    body = {"name": "reader", "role": "viewer"}
    async with team.http.post("/admin/api-keys", json=body) as response:
        key = await response.json()
        assert response.status == 200, key
    async with person_of(mesh, "owner", key["key"]) as reader:
        async with reader.http.get("/api/v1/chat/agents") as response:
            assert response.status == 200
        async with reader.http.post("/admin/api-keys", json=body) as response:
            assert response.status == 403
    listed = told(mesh, "key", "list", "--tenant", made["tenant"]["name"])["api_keys"]
    assert [each["name"] for each in listed] == ["reader", "first key"]
    assert all(each["last_used_time"] for each in listed)
    assert told(mesh, "key", "list", "--tenant", made["tenant"]["name"], "--all")["api_keys"] == listed


async def test_a_key_that_nobody_has_is_refused_at_every_door(mesh: Mesh, made: dict[str, Any]) -> None:
    wrong = made["key"][:-2] + ("00" if made["key"][-2:] != "00" else "11")
    async with person_of(mesh, "nobody", wrong) as nobody:
        async with nobody.http.get("/api/v1/chat/agents") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (401, "INVALID_TOKEN")
        with pytest.raises(AuthenticationError) as refused:
            await nobody.openai.models.list()
        assert refused.value.code == "invalid_api_key"


def test_the_installations_own_tenant_and_the_new_one_are_listed(mesh: Mesh, made: dict[str, Any]) -> None:
    tenants = {each["name"]: each for each in told(mesh, "tenant", "list")["tenants"]}
    assert tenants["installation"]["tenant_id"] == mesh.identity["SOMA_TENANT_ID"]
    assert tenants["installation"]["runs_installation"]
    assert tenants[made["tenant"]["name"]] == made["tenant"]
    assert told(mesh, "tenant", "show", made["tenant"]["name"]) == made["tenant"]


async def test_when_chat_refuses_nothing_of_the_tenant_is_left(admin: Person, mesh: Mesh) -> None:
    request_id, name = uuid4(), fresh_name()
    tenant_id = uuid5(request_id, "soma.control.v1.Tenant")
    # Somebody uses the tenant before it is made, so that it has a default agent already.
    async with person_of(mesh, "early", mesh.token_for("early", ("admin",), tenant_id)) as early:
        async with early.http.get("/api/v1/chat/agents") as response:
            assert response.status == 200
        usual = await budgets_of(early)
        budget = {"period": "BUDGET_PERIOD_DAY", "limit_tokens": "5", "hard": True}
        body = {"name": name, "request_id": str(request_id), "budget": budget}
        headers = {"Authorization": f"Bearer {mesh.token()}"}
        async with admin.http.post("/admin/tenants", json=body, headers=headers) as response:
            error = (await response.json())["error"]
        assert (error["code"], error["details"]["saga_id"]) == ("SAGA_FAILED", str(request_id))
        assert "undone" in error["message"]
        assert await budgets_of(early) == usual
    assert name not in {each["name"] for each in told(mesh, "tenant", "list")["tenants"]}
    shown = mesh.cli("saga", "inspect", str(request_id)).stdout
    assert "COMPENSATED" in shown.upper()
    assert told(mesh, "tenant", "create", name)["tenant"]["name"] == name


def test_the_saga_that_made_it_can_be_looked_at(mesh: Mesh, made: dict[str, Any]) -> None:
    shown = mesh.cli("saga", "inspect", made["saga_id"]).stdout
    for word in ("tenant.provision", "write tenant", "add owner", "set budget", "make agent", "make first key"):
        assert word in shown, shown
    assert made["key"].rpartition("_")[2] not in shown


def test_who_lost_the_answer_asks_again(mesh: Mesh, made: dict[str, Any]) -> None:
    words = ("tenant", "create", made["tenant"]["name"], "--tokens", str(DAY_TOKENS), "--request-id", made["saga_id"])
    assert told(mesh, *words) == made
    assert mesh.cli(*words).stdout.strip() == made["key"]


def test_the_commands_of_keys(mesh: Mesh) -> None:
    done = mesh.cli("key", "create", "a robot", "--role", "viewer", "--ttl", "90d")
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    key_id = key.split("_")[1]
    assert key.startswith("soma_")
    assert key not in done.stderr
    for word in ("kept nowhere", "OPENAI_API_KEY", f"{mesh.edge_url}/v1"):
        assert word in done.stderr, word
    shown = mesh.cli("key", "list").stdout
    assert key_id in shown
    assert key not in shown
    rotated = mesh.cli("key", "rotate", key_id, "--grace", "1h")
    assert rotated.returncode == 0, rotated.stderr
    assert rotated.stdout.strip() != key
    assert rotated.stdout.split("_")[1] == key_id
    asked = mesh.cli("key", "revoke", key_id)
    assert asked.returncode == 2
    assert "a robot" in asked.stderr
    assert mesh.cli("key", "revoke", "--yes", key_id).returncode == 0
    assert key_id not in mesh.cli("key", "list").stdout
    assert "revoked" in next(line for line in mesh.cli("key", "list", "--all").stdout.splitlines() if key_id in line)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("tenant", "create", "Web Team"), 2, "name"),
        (("tenant", "create", "web-team", "--request-id", "x"), 2, "no id of a request"),
        (("tenant", "show", "nobody-here"), 1, "There is no tenant nobody-here"),
        (("key", "create", "x", "--role", "king"), 2, "role"),
        (("key", "create", "x", "--ttl", "soon"), 2, "no span of time"),
        (("key", "revoke", "--yes", "0000000000000000"), 1, "There is no API key"),
        (("key", "list", "--tenant", "nobody-here"), 1, "There is no tenant"),
    ],
)
def test_what_a_command_refuses_it_says_in_a_sentence(
    mesh: Mesh, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = mesh.cli(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
