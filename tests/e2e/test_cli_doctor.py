"""The doctor on the running mesh, and where there is none."""

import asyncio
import json
import os
import socket
import subprocess

from soma_common.supervision.client import SupervisorClient
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.ports import PortShift
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream

PORTS = (20020, 8010, 20021, 21021, 20022, 21022, 20043, 20042, 30102, 30101, 9596, 9595)
CHECKS = {"python", "settings", "disk", "folders", "ports", "clock", "keys", "database", "events", "model", "turn"}
SERVERS = {f"server {name}" for name in ("database", "memory", "cognitive", "governor", "control", "chat", "edge")}


def nothing(mesh: Mesh) -> dict[str, str]:
    """The settings of an installation that is not there."""
    return {"SOMA_HOME": str(mesh.home.parent / "nothing"), "SOMA_INSTANCE": "nothing"}


def findings(mesh: Mesh, code: int, **settings: str) -> dict[str, dict[str, str]]:
    """What the doctor says, by name."""
    done = mesh.cli("doctor", "--json", settings=settings, timeout_seconds=120)
    assert done.returncode == code, (done.stdout, done.stderr)
    return {row["name"]: row for row in json.loads(done.stdout)["findings"]}


def test_a_model_that_refuses_is_found(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    done = mesh.cli("doctor")
    assert done.returncode == 1
    assert "refused the key" in done.stdout
    assert "somastack model test" in done.stdout
    assert "Traceback" not in done.stderr


def test_it_works_while_the_stack_is_down(mesh: Mesh) -> None:
    empty = nothing(mesh)
    done = mesh.cli("doctor", "--json", settings=empty)
    assert done.returncode == 1, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["findings"]}
    assert rows["python"]["state"] == "GOOD"
    assert rows["ports"]["state"] == "BAD", "they are the mesh's"
    assert {rows[name]["mend"] for name in ("keys", "database", "servers", "events", "model", "turn")} == {"make up"}


def test_a_port_that_is_taken_is_found_with_its_holder(mesh: Mesh) -> None:
    free = PortShift.reserve(PORTS)
    elsewhere = {**nothing(mesh), "SOMA_PORT_SHIFT": str(free.shift)}
    try:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 20020 + free.shift))
            holder.listen()
            found = findings(mesh, 1, **elsewhere)["ports"]
        assert found["state"] == "BAD"
        assert f"Port {20020 + free.shift}, which edge needs" in found["reason"]
        assert f"process {os.getpid()}" in found["reason"]
        assert found["mend"].startswith("SOMA_PORT_SHIFT=")
        assert findings(mesh, 1, **elsewhere)["ports"]["state"] == "GOOD"
    finally:
        free.release()


async def test_what_is_broken_is_found_and_once_mended_all_is_good(mesh: Mesh, model: ScriptedUpstream) -> None:
    key = mesh.home / "keys" / "user.json"
    key.chmod(0o644)
    await SupervisorClient(mesh.home / "run" / "supervisor.sock").stop("database")
    try:
        found = await asyncio.to_thread(findings, mesh, 1)
        assert found["folders"]["state"] == "BAD"
        assert str(key) in found["folders"]["reason"]
        assert (found["database"]["state"], found["database"]["mend"]) == ("BAD", "make up")
        assert (found["server database"]["state"], found["server database"]["mend"]) == ("BAD", "make up")
        assert found["turn"]["state"] == "BAD"
        assert found["python"]["state"] == found["ports"]["state"] == "GOOD"
        await asyncio.to_thread(subprocess.run, found["folders"]["mend"], shell=True, check=True)
        assert key.stat().st_mode & 0o777 == 0o600
    finally:
        key.chmod(0o600)
        await asyncio.to_thread(mesh.up)
    await eventually(lambda: asyncio.to_thread(all_is_good, mesh), within_seconds=120, every_seconds=1.0)
    assert "one word" in model.requests()[-1].prompt, "the turn is a real one"
    heard = json.loads(mesh.cli("memory", "search", "are you there", "--json").stdout).get("hits", [])
    assert not any("one word" in hit["memory"]["text"] for hit in heard), "and nothing of it is kept"


def all_is_good(mesh: Mesh) -> bool:
    done = mesh.cli("doctor", "--json", timeout_seconds=120)
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["good"] is True
    assert {row["name"] for row in told["findings"]} == CHECKS | SERVERS
    assert all(row["state"] == "GOOD" and not row["mend"] for row in told["findings"])
    return True
