"""The command line on the running mesh."""

import json

import jwt

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream


def test_chat_prints_the_answer(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="The kettle is on, the harbour is quiet."))
    done = mesh.cli("chat", "What can you do?")
    assert done.returncode == 0, done.stderr
    assert "The kettle is on, the harbour is quiet." in done.stdout
    assert "What can you do?" in model.requests()[0].prompt


def test_chat_says_what_went_wrong(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    done = mesh.cli("chat", "What can you do?")
    assert done.returncode == 1
    assert "refused the key" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_token_prints_only_a_token(mesh: Mesh) -> None:
    done = mesh.cli("token")
    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert claims["tenant_id"] == mesh.identity["SOMA_TENANT_ID"]
    assert claims["aud"] == "soma"
    assert done.stdout.count("\n") == 1


def test_status_lists_every_process(mesh: Mesh) -> None:
    rows = mesh.status()
    assert set(rows) >= {"database", "memory", "cognitive", "governor", "control", "chat", "edge"}
    for row in rows.values():
        assert row.ready, row
        assert row.pid
    assert mesh.cli("status").stdout.count("RUNNING") == len(rows)


def test_up_is_safe_to_repeat(mesh: Mesh) -> None:
    before = {name: row.pid for name, row in mesh.status().items()}
    mesh.up()
    assert {name: row.pid for name, row in mesh.status().items()} == before


def test_config_shows_sources_and_hides_secrets(mesh: Mesh) -> None:
    done = mesh.cli("config", "show")
    assert done.returncode == 0, done.stderr
    assert "SOMA_MODEL_BASE_URL" in done.stdout
    assert "sk-e2e-secret-key" not in done.stdout
    whole = mesh.cli("config", "show", "--json").stdout
    assert json.loads(whole)["settings"]
    passwords = (mesh.home / "secrets" / "passwords.json").read_text("utf-8")
    assert not any(password in whole for password in json.loads(passwords).values())


def test_logs_are_json_lines_without_secrets(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = mesh.cli("logs", "chat")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    everything = "".join(path.read_text("utf-8") for path in mesh.home.glob("logs/*.log"))
    assert "sk-e2e-secret-key" not in everything
    lines = [line for line in mesh.log_lines("chat") if line.get("service") == "chat"]
    assert lines
    assert {"timestamp", "level", "service", "trace_id", "correlation_id", "tenant_id", "message", "data"} <= set(
        lines[0]
    )


def test_wrong_words_are_wrong_use(mesh: Mesh) -> None:
    for words in (("dance",), ("token", "--role", "emperor"), ("token", "--ttl", "soon"), ("chat", "")):
        done = mesh.cli(*words)
        assert done.returncode == 2, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_setting_is_named(mesh: Mesh) -> None:
    done = mesh.cli("config", "show", settings={"SOMA_DEPLOY_MODE": "moon", "SOMA_MODEL_WINDOW": "many"})
    assert done.returncode == 2
    assert "SOMA_DEPLOY_MODE" in done.stderr
    assert "SOMA_MODEL_WINDOW" in done.stderr, "all problems at once"


def test_a_stack_that_is_not_there_cannot_be_reached(mesh: Mesh) -> None:
    empty = {"SOMA_HOME": str(mesh.home.parent / "nothing"), "SOMA_INSTANCE": "nothing"}
    for words in (("status",), ("chat", "Hello?")):
        done = mesh.cli(*words, settings=empty)
        assert done.returncode == 3, (words, done.stdout, done.stderr)
    assert mesh.cli("down", settings=empty).returncode == 0
