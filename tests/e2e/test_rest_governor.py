"""The governor as JSON over HTTP: receipts, what was sent, levels as they change, budgets, configuration, and roles."""

import hashlib
import json
from base64 import b64decode
from typing import Any
from uuid import uuid4

import pytest

from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person
from tests.e2e.test_rest import get, post


async def refused(person: Person, path: str, body: Any = None) -> tuple[int, str]:
    """The status and the reason of a call that is refused."""
    asked = person.http.get(path) if body is None else person.http.post(path, json=body)
    async with asked as response:
        answer = await response.json()
        return response.status, str(answer["error"]["code"])


async def test_receipts_are_listed_compared_and_prompts_made_again(ada: Person, bob: Person, admin: Person) -> None:
    first = await ada.grpc.say("Which tea?")
    second = await ada.grpc.say("Which tea is the strongest one of all, and why is that so?")
    one, other = first.started.receipt_id, second.started.receipt_id
    listed = (await get(ada, "/api/v1/receipts", page_size="1"))["receipts"]
    assert [row["receipt_id"] for row in listed] == [other], "the newest first"
    found = await get(ada, f"/api/v1/receipts/{one}:diff", other_receipt_id=other)
    assert all(row["sentence"] for row in found["differences"])
    assert found["differences"]
    receipt = (await get(ada, f"/api/v1/receipts/{other}"))["receipt"]
    made = await get(ada, f"/api/v1/chat/turns/{second.turn_id}/prompt")
    assert made["exact"] is True
    body = b64decode(made["body"])
    assert hashlib.sha256(body).digest() == b64decode(receipt["legs"][0]["request_sha256"])
    assert json.loads(body)["messages"][-1]["content"].startswith("Which tea is the strongest")
    assert not (await get(bob, "/api/v1/receipts"))["receipts"], "nobody else's"
    assert await refused(bob, f"/api/v1/chat/turns/{second.turn_id}/prompt") == (404, "RESOURCE_NOT_FOUND")
    everybody = await get(admin, "/api/v1/receipts", conversation_id=receipt["conversation_id"])
    assert [row["receipt_id"] for row in everybody["receipts"]] == [other]


async def test_the_level_comes_at_once_and_as_a_stream(ada: Person) -> None:
    status = (await get(ada, "/api/v1/level"))["status"]
    assert {row["name"] for row in status["dependencies"]} >= {"memory", "database"}
    headers = {"Accept": "text/event-stream"}
    async with ada.http.get("/api/v1/level:watch", headers=headers) as response:
        assert response.content_type == "text/event-stream"
        lines = [(await response.content.readline()).decode().strip() for _ in range(2)]
    told = json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))
    assert told["status"]["level"] == status["level"]


async def test_a_configuration_is_changed_once_and_by_its_version(eve: Person) -> None:
    path = "/api/v1/governor/config"
    assert (await get(eve, path))["version"]["version"] == 0
    change = {"config": {"good_checks_to_recover": 5}, "based_on_version": 0, "request_id": str(uuid4())}
    assert (await post(eve, path, **change, validate_only=True))["version"]["config"]["good_checks_to_recover"] == 5
    change["request_id"] = str(uuid4())
    made = await post(eve, path, **change)
    assert made["version"]["version"] == 1
    assert await post(eve, path, **change) == made, "repeated"
    assert await refused(eve, path, {**change, "request_id": str(uuid4())}) == (409, "ETAG_MISMATCH")
    wrong = {"config": {"weights": {"context_quality": 1, "tool_relevance": 1, "budget_efficiency": 1}}}
    assert await refused(eve, path, wrong) == (400, "INVALID_FIELD")
    versions = (await get(eve, f"{path}/versions"))["versions"]
    assert [(row["version"], row["changed_by"]) for row in versions] == [(1, eve.sub), (0, "")]
    assert (await get(eve, path, version="0"))["version"]["config"]["good_checks_to_recover"] == 3


async def test_budgets_of_each_user_apply_to_each_user(eve: Person) -> None:
    each = {"period": "BUDGET_PERIOD_DAY", "scope": "BUDGET_SCOPE_USER", "limit_tokens": "90000", "hard": True}
    await post(eve, "/api/v1/budget", **each, request_id=str(uuid4()))
    mine = (await get(eve, "/api/v1/budget"))["budgets"]
    assert {row["scope"]: row["limit_tokens"] for row in mine}["BUDGET_SCOPE_USER"] == "90000"
    every = (await get(eve, "/api/v1/budgets", scope="BUDGET_SCOPE_USER"))["budgets"]
    assert [(row["scope_id"], row["limit_tokens"]) for row in every] == [("", "90000")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/budgets", None),
        ("/api/v1/budget", {"period": "BUDGET_PERIOD_DAY", "limit_tokens": "1"}),
        ("/api/v1/governor/config", {"config": {"good_checks_to_recover": 5}}),
    ],
)
async def test_what_takes_a_higher_role_is_refused(ada: Person, model: ScriptedUpstream, path: str, body: Any) -> None:
    assert await refused(ada, path, body) == (403, "SCOPE_MISSING")
