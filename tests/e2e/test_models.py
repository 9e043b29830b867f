"""A stranger's way from the offline model to a real one and back, on a mesh that never stops."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from soma_common.testing.mesh import Mesh, mesh_upstream
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from soma_common.testing.upstream.records import masked

KEY = "sk-a-strangers-own-key"
NO_MODEL = dict.fromkeys(("SOMA_MODEL_BASE_URL", "SOMA_MODEL", "SOMA_MODEL_API_KEY"), "")


@pytest.fixture(scope="module")
def offline() -> Iterator[Mesh]:
    """A mesh whose settings name no model, with two processes of chat."""
    with mesh_upstream() as model, Mesh(model, {**NO_MODEL, "SOMA_CHAT_WORKERS": "2"}) as running:
        yield running


@pytest.fixture
def upstream(offline: Mesh) -> Iterator[ScriptedUpstream]:
    offline.upstream.reset()
    yield offline.upstream
    for model in models(offline).values():
        if not model.get("read_only"):
            offline.cli("model", "remove", "--yes", model["model_profile_id"])


def said(mesh: Mesh, *words: str, stdin: str = "") -> str:
    done = mesh.cli(*words, stdin=stdin)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def models(mesh: Mesh) -> dict[str, Any]:
    found = json.loads(said(mesh, "model", "list", "--json"))["models"]
    return {model["model_profile_id"]: model for model in found}


def add_custom(mesh: Mesh, *words: str) -> Any:
    address = ("--base-url", mesh.upstream.base_url, "--model", "scripted")
    return json.loads(said(mesh, "model", "add", "custom", *address, "--key-stdin", "--json", *words, stdin=KEY))


def test_the_offline_answer_names_the_command_that_ends_it(offline: Mesh, upstream: ScriptedUpstream) -> None:
    answer = said(offline, "chat", "Hello?")
    assert "somastack model add openai" in answer
    assert "Hello?" in answer
    findings = {it["name"]: it for it in json.loads(said(offline, "doctor", "--json"))["findings"]}
    assert (findings["turn"]["state"], findings["model"]["state"]) == ("GOOD", "HINT")
    assert findings["model"]["mend"] == "somastack model add openai"


def test_a_model_is_added_used_changed_for_another_and_removed_without_a_restart(
    offline: Mesh, upstream: ScriptedUpstream
) -> None:
    pids = {name: row.pid for name, row in offline.status().items()}
    done = offline.cli(
        *("model", "add", "custom", "--base-url", upstream.base_url, "--model", "scripted", "--key-stdin"),
        *("--window", "16000", "--max-output", "800", "--price-output", "4"),
        stdin=f"{KEY}\n",
    )
    assert done.returncode == 0, done.stderr
    assert "scripted answers: first word after" in done.stdout
    assert "answers from now on" in done.stderr
    model = models(offline)["scripted"]
    assert (model["tenant_default"], model["own_key"], model["window_tokens"]) == (True, True, 16000)
    assert model["price"]["output_micros_per_million"] == "4000000"

    upstream.reset()
    upstream.set_default(Script(text="A real answer.", chunks=3))
    for _ in range(4):  # both processes of chat
        assert "A real answer." in said(offline, "chat", "Hello?")
    assert {record.headers["authorization"] for record in upstream.requests()} == {
        masked({"authorization": f"Bearer {KEY}"})["authorization"]
    }
    add_custom(offline, "--id", "second", "--no-default")
    assert not models(offline)["second"]["tenant_default"]
    assert "second answers from now on" in said(offline, "model", "default", "second")
    asked = json.loads(said(offline, "model", "test", "--json"))
    assert asked["reachable"]

    unasked = offline.cli("model", "remove", "second")
    assert unasked.returncode == 2
    assert "its key" in unasked.stderr
    assert "It is the default" in unasked.stderr
    assert "offline answers from now on" in said(offline, "model", "remove", "--yes", "second")
    said(offline, "model", "remove", "--yes", "scripted")
    assert set(models(offline)) == {"offline"}
    assert "somastack model add" in said(offline, "chat", "Hello again?")
    assert {name: row.pid for name, row in offline.status().items()} == pids


def test_what_was_added_is_there_after_a_restart_and_its_key_is_in_one_file_only(
    offline: Mesh, upstream: ScriptedUpstream
) -> None:
    add_custom(offline)
    offline.down()
    offline.up()
    upstream.set_default(Script(text="Still here.", chunks=2))
    assert "Still here." in said(offline, "chat", "Hello?")
    assert "Answers come from scripted" in said(offline, "up")
    files = [path for path in offline.home.rglob("*") if path.is_file()]
    holding = [path for path in files if KEY.encode() in path.read_bytes()]
    assert [path.relative_to(offline.home).parts[:2] for path in holding] == [("secrets", "soma")]
    assert [path.stat().st_mode & 0o777 for path in holding] == [0o600]
    for words in (("config", "show", "--all"), ("model", "list", "--json"), ("receipt", "--json")):
        assert KEY not in offline.cli(*words).stdout


def test_a_model_that_does_not_answer_is_added_and_told(offline: Mesh, upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    address = ("--base-url", upstream.base_url, "--model", "scripted", "--key-stdin")
    done = offline.cli("model", "add", "custom", *address, stdin="sk-wrong")
    assert done.returncode == 1
    assert "refused the key" in done.stderr
    assert "somastack model remove scripted" in done.stderr
    turn = offline.cli("chat", "Hello?")
    assert turn.returncode == 1
    assert "refused the key" in turn.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "word"),
    [
        (("acme",), "", "anthropic"),
        (("openai",), "", "--key-stdin"),
        (("openai", "--key-stdin"), "\n", "no key"),
        (("ollama",), "", "--model"),
        (("custom", "--model", "m"), "", "--base-url"),
        (("custom", "--model", "m", "--base-url", "http://169.254.169.254/v1"), "", "link-local"),
        (("custom", "--model", "m", "--base-url", "http://h/v1", "--id", "A b"), "", "lower-case"),
        (("custom", "--model", "m", "--base-url", "http://h/v1", "--window", "5"), "", "window"),
    ],
)
def test_wrong_use_is_a_sentence_and_changes_nothing(
    offline: Mesh, upstream: ScriptedUpstream, words: tuple[str, ...], stdin: str, word: str
) -> None:
    done = offline.cli("model", "add", *words, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert set(models(offline)) == {"offline"}


def test_what_is_not_there_or_only_read_is_told(offline: Mesh, upstream: ScriptedUpstream) -> None:
    for verb in (("default", "nothing"), ("remove", "nothing", "--yes")):
        done = offline.cli("model", *verb)
        assert (done.returncode, "nothing" in done.stderr) == (1, True), done.stderr
    done = offline.cli("model", "remove", "offline", "--yes")
    assert "settings" in done.stderr
    assert done.returncode == 2
