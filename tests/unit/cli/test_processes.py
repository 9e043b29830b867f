"""Processes left behind, ports that are taken, and one command at a time."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.render import Progress
from cli.stack.lock import held
from cli.stack.occupied import first_occupied
from cli.stack.processes import alive, end_unsupervised, marked
from cli.stack.supervisord import MARK
from config import Settings, load_settings

SLEEP = "import time; time.sleep(60)"
# Below the ports of outgoing connections, and at no shift that a stack of tests reserves.
SHIFT = "2633"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"SOMA_HOME": str(tmp_path / "home"), "SOMA_INSTANCE": "test", "SOMA_PORT_SHIFT": SHIFT})


@pytest.fixture
def left_behind(settings: Settings) -> Iterator[dict[str, int]]:
    """A service of this stack without a supervisor, one of another stack, and a shell that inherited the mark."""
    service = [sys.executable, "-c", SLEEP, "-m", "servers.chat"]
    processes = {
        "ours": subprocess.Popen(service, env={MARK: str(settings.home)}),
        "another's": subprocess.Popen(service, env={MARK: f"{settings.home}-2"}),
        "shell": subprocess.Popen([sys.executable, "-c", SLEEP], env={MARK: str(settings.home)}),
    }
    yield {name: process.pid for name, process in processes.items()}
    for process in processes.values():
        process.kill()
        process.wait()


async def test_only_services_of_this_data_folder_count_as_left_behind(
    settings: Settings, left_behind: dict[str, int]
) -> None:
    async with asyncio.timeout(10):
        while not marked(settings):
            await asyncio.sleep(0.02)
    assert marked(settings) == [left_behind["ours"]]
    assert await end_unsupervised(settings) == 1
    assert [name for name, pid in left_behind.items() if alive(pid)] == ["another's", "shell"]
    assert await end_unsupervised(settings) == 0


def test_a_process_that_is_gone_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(process.pid), "it only waits to be buried"
    process.wait()
    assert not alive(process.pid)
    assert alive(os.getpid())


def test_a_port_that_is_taken_is_named_with_its_holder(settings: Settings) -> None:
    assert first_occupied(settings) is None
    port = int(settings.endpoint("governor").http_listen.rpartition(":")[2])
    with socket.create_server((settings.loopback, port)):
        sentence = first_occupied(settings)
    assert sentence is not None
    assert f"Port {port}, which governor needs" in sentence
    assert f"(process {os.getpid()})" in sentence
    assert "SOMA_PORT_SHIFT" in sentence


async def test_a_second_command_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    async def second() -> None:
        async with held(tmp_path / "lock", Progress()):
            order.append("second")

    async with held(tmp_path / "lock", Progress()):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        order.append("first")
    await waiting
    assert order == ["first", "second"]
    assert "Waiting for another" in capsys.readouterr().err
