"""Every exit code is really produced, and JSON stays alone on standard output."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh

UNKNOWN = "0197a0c2-1111-7000-8000-000000000001"


def test_json_is_all_there_is_on_standard_output(mesh: Mesh) -> None:
    """Of `up`; the journeys read all that any other command prints as JSON."""
    done = mesh.cli("up", "--json", timeout_seconds=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["page"] == f"{mesh.edge_url}/"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status",), 0),
        (("memory", "forget", UNKNOWN, "--yes"), 1),
        (("logs", "nobody"), 2),
        (("backup",), 2),
        (("restore", "/"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_an_exit_code(mesh: Mesh, words: tuple[str, ...], code: int) -> None:
    done = mesh.cli(*words)
    assert done.returncode == code, done.stderr
    assert bool(done.stderr) == (code != 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("logs",), ("token",), ("backup", "x.soma")], ids=" ".join)
def test_what_is_not_there_cannot_be_reached(mesh: Mesh, words: tuple[str, ...]) -> None:
    nothing = {"SOMA_HOME": str(mesh.home.parent / "nothing"), "SOMA_INSTANCE": "nothing"}
    done = mesh.cli(*words, settings=nothing)
    assert done.returncode == 3, done.stderr
    assert not Path("x.soma").exists()


def test_a_services_key_is_no_users_key(mesh: Mesh) -> None:
    done = mesh.cli("budget", "show", settings={"SOMA_USER_KEY_PATH": str(mesh.home / "keys" / "edge.json")})
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "edge.json" in done.stderr
    assert "error inside" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_closed_ends_with_four(mesh: Mesh, tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert mesh.cli("backup", str(tmp_path / "x.soma")).returncode == 4


def test_forgetting_asks_and_takes_no_answer_from_a_pipe(mesh: Mesh) -> None:
    stored = mesh.cli("memory", "store", f"Something to keep {os.getpid()}").stdout.strip()
    refused = mesh.cli("memory", "forget", stored, stdin="y\n")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert mesh.cli("memory", "show", stored).returncode == 0


def test_colours_are_for_terminals_only(mesh: Mesh) -> None:
    done = mesh.cli("status", settings={"TERM": "xterm-256color"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [("status", "--watch", "--json"), ("logs", "chat", "--follow", "--json")], ids=" ".join
)
def test_what_goes_on_ends_with_ctrl_c(mesh: Mesh, words: tuple[str, ...]) -> None:
    process = mesh.begin(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(2):
        assert isinstance(json.loads(process.stdout.readline()), dict)
    process.send_signal(2)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not said
