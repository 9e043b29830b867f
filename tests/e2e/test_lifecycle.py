"""A stack of its own that is started, taken apart, changed and stopped by the command line."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh, mesh_upstream


@pytest.fixture
def stack() -> Iterator[Mesh]:
    with mesh_upstream() as model, Mesh(model) as running:
        yield running


def pids_of(stack: Mesh) -> dict[str, int]:
    return {name: row.pid for name, row in stack.status().items() if row.pid}


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def supervisor_of(stack: Mesh) -> int:
    return int((stack.home / "run" / "supervisord.pid").read_text())


def test_a_stack_from_its_first_start_to_its_last_stop(stack: Mesh) -> None:
    first = pids_of(stack)

    # The supervisor dies: what it started is found, ended and started again.
    os.kill(supervisor_of(stack), signal.SIGKILL)
    gone = time.monotonic() + 10
    while stack.cli("status").returncode != 3:
        assert time.monotonic() < gone
    stack.up()
    second = pids_of(stack)
    assert not [name for name, pid in first.items() if runs(pid)]
    assert set(second) == set(first)

    # Other settings: everything is started anew with them.
    done = stack.cli("up", settings={"SOMA_BUDGET_DAY_TOKENS": "123456"}, timeout_seconds=120)
    assert done.returncode == 0, done.stderr
    assert "have changed" in done.stderr
    assert done.stdout.strip().splitlines()[-1].endswith(stack.edge_url + "/")
    third = pids_of(stack)
    assert not set(third.values()) & set(second.values())

    # It stops, leaves nothing, and can be stopped again.
    supervisor = supervisor_of(stack)
    stack.down()
    assert not [pid for pid in (*third.values(), supervisor) if runs(pid)]
    assert stack.cli("status").returncode == 3
    again = stack.cli("down")
    assert again.returncode == 0
    assert "Nothing was running" in again.stdout

    # A backup of what is stopped starts the database for its own time only.
    file = stack.home.parent / "stopped.soma"
    done = stack.cli("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert file.exists()
    assert stack.cli("status").returncode == 3
    assert "Nothing was running" in stack.cli("down").stdout

    # Somebody takes a port: one sentence says which, who and what to do.
    host, port = stack.target("memory").split(":")
    with socket.create_server((host, int(port))):
        refused = stack.cli("up", timeout_seconds=60)
    assert refused.returncode == 1
    assert f"Port {port}, which memory needs" in refused.stderr
    assert f"(process {os.getpid()})" in refused.stderr
    assert "Traceback" not in refused.stderr
