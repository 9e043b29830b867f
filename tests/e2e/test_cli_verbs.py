"""The verbs of the command line on the running mesh: receipt, budget, memory, mind, model."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from soma_common.security.keys import make_user_key, write_key
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream

UNKNOWN = "0197a0c2-1111-7000-8000-000000000001"
READING = (
    ("receipt", UNKNOWN),
    ("budget", "show"),
    ("memory", "recall", "tea"),
    ("mind", "show"),
    ("model", "list"),
)


def said(mesh: Mesh, *words: str) -> str:
    """What a command that succeeds writes to standard output."""
    done = mesh.cli(*words)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def told(mesh: Mesh, *words: str) -> Any:
    """The JSON of a command that succeeds."""
    return json.loads(said(mesh, *words, "--json"))


def test_the_last_receipt_is_that_of_the_last_answer(mesh: Mesh, model: ScriptedUpstream) -> None:
    asked = mesh.cli("chat", "What is a receipt?")
    receipt = told(mesh, "receipt", "last")
    assert receipt["receipt_id"] in asked.stderr
    assert receipt == told(mesh, "receipt", receipt["receipt_id"])
    shown = said(mesh, "receipt")
    assert receipt["receipt_id"] in shown
    for word in ("Level L", "system_policy", "kept", "always sent", "Phases", "Model calls", "scripted", "█"):
        assert word in shown, word
    assert "\x1b" not in shown, "no colours in a pipe"


def test_a_budget_is_shown_and_set(mesh: Mesh, model: ScriptedUpstream) -> None:
    before = {budget["period"]: budget for budget in told(mesh, "budget", "show")["budgets"]}
    done = mesh.cli("budget", "set", "--period", "total", "--tokens", "900000000", "--soft", "--json")
    try:
        assert done.returncode == 0, done.stderr
        assert "900,000,000 tokens" in done.stderr, "says what it will do"
        assert json.loads(done.stdout)["limit_tokens"] == "900000000"
        kept = told(mesh, "budget", "set", "--period", "total", "--micros", "7000000")
        assert kept["limit_tokens"] == "900000000", "what is not given stays"
        assert "7.000000" in said(mesh, "budget", "show")
    finally:
        said(mesh, "budget", "set", "--period", "total", "--tokens", "0", "--micros", "0")
    after = {budget["period"]: budget for budget in told(mesh, "budget", "show")["budgets"]}
    assert {name: row["limit_tokens"] for name, row in before.items()}.items() <= {
        name: row["limit_tokens"] for name, row in after.items()
    }.items()


def test_a_memory_is_added_found_shown_and_forgotten(mesh: Mesh, model: ScriptedUpstream) -> None:
    word = f"quokka{uuid4().hex[:8]}"
    memory_id = said(mesh, "memory", "store", "The", "animal", "is", word, "--tag", "zoo").strip()
    again = mesh.cli("memory", "store", f"The animal is {word}")
    assert again.stdout.strip() == memory_id
    assert "known already" in again.stderr
    hit = told(mesh, "memory", "recall", word)["hits"][0]
    assert hit["memory"]["memory_id"] == memory_id
    assert hit["parts"]["lexical"] > 0
    assert memory_id in said(mesh, "memory", "recall", word)
    assert told(mesh, "memory", "show", memory_id)["memory"]["tags"] == ["zoo"]
    assert word in said(mesh, "memory", "show", memory_id)
    unasked = mesh.cli("memory", "forget", memory_id)
    assert unasked.returncode == 2, "nobody can be asked"
    assert word in unasked.stderr, "says what it would touch"
    assert memory_id in said(mesh, "memory", "forget", "--yes", memory_id)
    gone = mesh.cli("memory", "show", memory_id)
    assert gone.returncode == 1
    assert memory_id in gone.stderr


def test_what_a_conversation_taught_is_forgotten(mesh: Mesh, model: ScriptedUpstream) -> None:
    conversation_id = str(uuid4())
    unasked = mesh.cli("memory", "forget", "--conversation", conversation_id)
    assert unasked.returncode == 2, "nobody can be asked"
    assert conversation_id in unasked.stderr, "says what it would touch"
    assert said(mesh, "memory", "forget", "--yes", "--conversation", conversation_id).strip() == "Forgotten: 0 memories"


def test_a_mind_is_shown_set_explained_and_reset(mesh: Mesh, model: ScriptedUpstream) -> None:
    after = mesh.cli("mind", "set", "dopamine=9", "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["clamped"] == ["dopamine"]
    assert "dopamine was clamped" in after.stderr
    shown = said(mesh, "mind", "show")
    assert "●" in shown
    assert "raised the temperature" in shown
    assert told(mesh, "mind", "show")["effects"]
    assert told(mesh, "mind", "explain")["changes"][0]["cause"].startswith("set by")
    assert "set by" in said(mesh, "mind", "explain")
    assert mesh.cli("mind", "reset").returncode == 2, "nobody can be asked"
    states = told(mesh, "mind", "reset", "--yes")["states"]
    assert all(state["value"] == pytest.approx(state["baseline"]) for state in states)
    refused = mesh.cli("mind", "set", "dopamine=9", "--strict")
    assert refused.returncode == 2
    assert "dopamine" in refused.stderr


def test_models_are_listed_and_tested(mesh: Mesh, model: ScriptedUpstream) -> None:
    defaults = [row for row in told(mesh, "model", "list")["models"] if row["tenant_default"]]
    assert [row["model"] for row in defaults] == [mesh.model]
    assert mesh.model in said(mesh, "model", "list")
    assert "answers" in said(mesh, "model", "test")
    assert told(mesh, "model", "test", mesh.model)["reachable"] is True
    model.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    failed = mesh.cli("model", "test")
    assert failed.returncode == 1
    assert "refused the key" in failed.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("receipt", "first"),
        ("budget", "set"),
        ("budget", "set", "--period", "year", "--tokens", "1"),
        ("budget", "set", "--tokens", "-1"),
        ("memory", "recall"),
        ("memory", "recall", " "),
        ("memory", "store", ""),
        ("memory", "store", "x", "--importance", "2"),
        ("memory", "show", "1"),
        ("memory", "forget", "1", "--yes"),
        ("memory", "forget", "--yes"),
        ("memory", "forget", "--yes", "--conversation", "1"),
        ("memory", "forget", UNKNOWN, "--yes", "--conversation", UNKNOWN),
        ("mind", "set"),
        ("mind", "set", "oxytocin=1"),
        ("mind", "set", "dopamine"),
        ("mind", "set", "dopamine=much"),
        ("mind", "set", "dopamine=nan"),
    ],
)
def test_wrong_words_are_wrong_use(mesh: Mesh, words: tuple[str, ...]) -> None:
    done = mesh.cli(*words)
    assert done.returncode == 2, (words, done.stdout, done.stderr)
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("receipt", UNKNOWN),
        ("memory", "show", UNKNOWN),
        ("memory", "forget", UNKNOWN, "--yes"),
        ("model", "test", "nothing"),
    ],
)
def test_what_is_not_there_is_named(mesh: Mesh, words: tuple[str, ...]) -> None:
    done = mesh.cli(*words)
    assert done.returncode == 1, (words, done.stdout, done.stderr)
    assert (UNKNOWN if UNKNOWN in words else "nothing") in done.stderr


@pytest.mark.parametrize("words", READING)
def test_another_installations_key_is_not_allowed(mesh: Mesh, tmp_path: Path, words: tuple[str, ...]) -> None:
    key = tmp_path / "user.json"
    write_key(key, make_user_key(mesh.identity["SOMA_ISSUER"]))
    done = mesh.cli(*words, settings={"SOMA_USER_KEY_PATH": str(key)})
    assert done.returncode == 4, (words, done.stdout, done.stderr)
    assert done.stderr


@pytest.mark.parametrize("words", READING)
def test_a_stack_that_is_not_there_cannot_be_reached(mesh: Mesh, words: tuple[str, ...]) -> None:
    empty = {"SOMA_HOME": str(mesh.home.parent / "nothing"), "SOMA_INSTANCE": "nothing"}
    done = mesh.cli(*words, settings=empty)
    assert done.returncode == 3, (words, done.stdout, done.stderr)
    assert "somastack up" in done.stderr
