"""The doctor on the running mesh, and where there is none."""

import json

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream

CHECKS = {"python", "settings", "disk", "folders", "ports", "clock", "keys", "database", "turn"}
SERVERS = {f"server {name}" for name in ("database", "memory", "cognitive", "governor", "control", "chat", "edge")}


def test_all_is_good_on_a_running_mesh(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = mesh.cli("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["good"] is True
    assert {row["name"] for row in told["findings"]} == CHECKS | SERVERS
    assert all(row["state"] == "GOOD" and not row["mend"] for row in told["findings"])
    assert "one word" in model.requests()[-1].prompt, "the turn is a real one"
    heard = json.loads(mesh.cli("memory", "search", "are you there", "--json").stdout).get("hits", [])
    assert not any("one word" in hit["memory"]["text"] for hit in heard), "and nothing of it is kept"


def test_a_model_that_refuses_is_found(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    done = mesh.cli("doctor")
    assert done.returncode == 1
    assert "refused the key" in done.stdout
    assert "somastack model test" in done.stdout
    assert "Traceback" not in done.stderr


def test_it_works_while_the_stack_is_down(mesh: Mesh) -> None:
    empty = {"SOMA_HOME": str(mesh.home.parent / "nothing"), "SOMA_INSTANCE": "nothing"}
    done = mesh.cli("doctor", "--json", settings=empty)
    assert done.returncode == 1, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["findings"]}
    assert rows["python"]["state"] == "GOOD"
    assert rows["ports"]["state"] == "BAD", "they are the mesh's"
    assert {rows[name]["mend"] for name in ("keys", "database", "servers", "turn")} == {"make up"}
