"""A stranger's stack from its first start to its last stop: offline, with a model, taken apart, changed, stopped."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh, mesh_upstream
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from soma_common.testing.upstream.records import masked

KEY = "sk-a-strangers-own-key"
NO_MODEL = dict.fromkeys(("SOMA_MODEL_BASE_URL", "SOMA_MODEL", "SOMA_MODEL_API_KEY"), "")
UP_SECONDS = 300


@pytest.fixture(scope="module")
def stack() -> Iterator[Mesh]:
    """A stack whose settings name no model, with two processes of chat; the tests of this file leave it as they say."""
    with mesh_upstream() as model, Mesh(model, {**NO_MODEL, "SOMA_CHAT_WORKERS": "2"}) as running:
        yield running


@pytest.fixture
def upstream(stack: Mesh) -> Iterator[ScriptedUpstream]:
    stack.upstream.reset()
    yield stack.upstream
    for model in models(stack).values():
        if not model.get("read_only"):
            said(stack, "model", "remove", "--yes", model["model_profile_id"])


def pids_of(stack: Mesh) -> dict[str, int]:
    return {name: row.pid for name, row in stack.status().items() if row.pid}


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def supervisor_of(stack: Mesh) -> int:
    return int((stack.home / "run" / "supervisord.pid").read_text())


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


async def both_answer(stack: Mesh, words: str) -> None:
    """Wait until both processes of chat answer with this: each learns of a model within a second or so."""
    await eventually(lambda: all(words in said(stack, "chat", "Hello?") for _ in range(4)), within_seconds=60)


def test_the_offline_answer_names_the_command_that_ends_it(stack: Mesh, upstream: ScriptedUpstream) -> None:
    answer = said(stack, "chat", "Hello?")
    assert "somastack model add openai" in answer
    assert "Hello?" in answer
    findings = {it["name"]: it for it in json.loads(said(stack, "doctor", "--json"))["findings"]}
    assert (findings["turn"]["state"], findings["model"]["state"]) == ("GOOD", "HINT")
    assert findings["model"]["mend"] == "somastack model add openai"


async def test_a_model_is_added_used_changed_for_another_and_removed_without_a_restart(
    stack: Mesh, upstream: ScriptedUpstream
) -> None:
    pids = {name: row.pid for name, row in stack.status().items()}
    done = stack.cli(
        *("model", "add", "custom", "--base-url", upstream.base_url, "--model", "scripted", "--key-stdin"),
        *("--window", "16000", "--max-output", "800", "--price-output", "4"),
        stdin=f"{KEY}\n",
    )
    assert done.returncode == 0, done.stderr
    assert "scripted answers: first word after" in done.stdout
    assert "answers from now on" in done.stderr
    model = models(stack)["scripted"]
    assert (model["tenant_default"], model["own_key"], model["window_tokens"]) == (True, True, 16000)
    assert model["price"]["output_micros_per_million"] == "4000000"

    upstream.reset()
    upstream.set_default(Script(text="A real answer.", chunks=3))
    await both_answer(stack, "A real answer.")
    assert {record.headers["authorization"] for record in upstream.requests()} == {
        masked({"authorization": f"Bearer {KEY}"})["authorization"]
    }
    add_custom(stack, "--id", "second", "--no-default")
    assert not models(stack)["second"]["tenant_default"]
    assert "second answers from now on" in said(stack, "model", "default", "second")
    asked = json.loads(said(stack, "model", "test", "--json"))
    assert asked["reachable"]

    unasked = stack.cli("model", "remove", "second")
    assert unasked.returncode == 2
    assert "its key" in unasked.stderr
    assert "It is the default" in unasked.stderr
    assert "offline answers from now on" in said(stack, "model", "remove", "--yes", "second")
    said(stack, "model", "remove", "--yes", "scripted")
    assert set(models(stack)) == {"offline"}
    await both_answer(stack, "somastack model add")
    assert {name: row.pid for name, row in stack.status().items()} == pids


async def test_a_model_that_does_not_answer_is_added_and_told(stack: Mesh, upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    address = ("--base-url", upstream.base_url, "--model", "scripted", "--key-stdin")
    done = stack.cli("model", "add", "custom", *address, stdin="sk-wrong")
    assert done.returncode == 1
    assert "refused the key" in done.stderr
    assert "somastack model remove scripted" in done.stderr

    def refused() -> bool:
        turn = stack.cli("chat", "Hello?")
        return turn.returncode == 1 and "refused the key" in turn.stderr

    await eventually(refused, within_seconds=60)


WRONG_USE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("acme",), "", "anthropic"),
    (("openai",), "", "--key-stdin"),
    (("openai", "--key-stdin"), "\n", "no key"),
    (("ollama",), "", "--model"),
    (("custom", "--model", "m"), "", "--base-url"),
    (("custom", "--model", "m", "--base-url", "http://169.254.169.254/v1"), "", "link-local"),
    (("custom", "--model", "m", "--base-url", "http://h/v1", "--id", "A b"), "", "lower-case"),
    (("custom", "--model", "m", "--base-url", "http://h/v1", "--window", "5"), "", "window"),
)


def test_wrong_use_is_a_sentence_and_changes_nothing(stack: Mesh) -> None:
    for words, stdin, word in WRONG_USE:
        done = stack.cli("model", "add", *words, stdin=stdin)
        assert (done.returncode, done.stdout) == (2, ""), (words, done.stderr)
        assert word in done.stderr, words
        assert "Traceback" not in done.stderr, words
    assert set(models(stack)) == {"offline"}


def test_what_is_not_there_or_only_read_is_told(stack: Mesh) -> None:
    for verb in (("default", "nothing"), ("remove", "nothing", "--yes")):
        done = stack.cli("model", *verb)
        assert (done.returncode, "nothing" in done.stderr) == (1, True), done.stderr
    done = stack.cli("model", "remove", "offline", "--yes")
    assert "settings" in done.stderr
    assert done.returncode == 2


async def test_a_supervisor_that_dies_takes_nothing_with_it(stack: Mesh, upstream: ScriptedUpstream) -> None:
    add_custom(stack)
    first = pids_of(stack)
    os.kill(supervisor_of(stack), signal.SIGKILL)
    await eventually(lambda: stack.cli("status").returncode == 3, within_seconds=60)

    # What it started is found, ended and started again.
    done = stack.cli("up", timeout_seconds=UP_SECONDS)
    assert done.returncode == 0, done.stderr
    assert not [name for name, pid in first.items() if runs(pid)]
    assert set(pids_of(stack)) == set(first)

    # What was added is there, and its key is in one file only.
    assert "Answers come from scripted" in done.stdout
    upstream.set_default(Script(text="Still here.", chunks=2))
    assert "Still here." in said(stack, "chat", "Hello?")
    files = [path for path in stack.home.rglob("*") if path.is_file()]
    holding = [path for path in files if KEY.encode() in path.read_bytes()]
    assert [path.relative_to(stack.home).parts[:2] for path in holding] == [("secrets", "soma")]
    assert [path.stat().st_mode & 0o777 for path in holding] == [0o600]
    for words in (("config", "show", "--all"), ("model", "list", "--json"), ("receipt", "--json")):
        assert KEY not in stack.cli(*words).stdout


def test_other_settings_start_everything_anew(stack: Mesh) -> None:
    before = pids_of(stack)
    done = stack.cli("up", settings={"SOMA_BUDGET_DAY_TOKENS": "123456"}, timeout_seconds=UP_SECONDS)
    assert done.returncode == 0, done.stderr
    assert "have changed" in done.stderr
    assert done.stdout.strip().splitlines()[-1].endswith(stack.edge_url + "/")
    after = pids_of(stack)
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())


def test_it_stops_leaves_nothing_and_is_still_all_there(stack: Mesh, tmp_path: Path) -> None:
    pids, supervisor = pids_of(stack), supervisor_of(stack)
    stack.down()
    assert not [pid for pid in (*pids.values(), supervisor) if runs(pid)]
    assert stack.cli("status").returncode == 3
    assert "Nothing was running" in said(stack, "down")

    # A backup of what is stopped starts the database for its own time only.
    file = tmp_path / "stopped.soma"
    said(stack, "backup", str(file))
    assert file.exists()
    assert stack.cli("status").returncode == 3
    assert "Nothing was running" in said(stack, "down")

    # Somebody takes a port: one sentence says which, who and what to do.
    host, port = stack.target("memory").split(":")
    with socket.create_server((host, int(port))):
        refused = stack.cli("up", timeout_seconds=UP_SECONDS)
    assert refused.returncode == 1
    assert f"Port {port}, which memory needs" in refused.stderr
    assert f"(process {os.getpid()})" in refused.stderr
    assert "Traceback" not in refused.stderr
