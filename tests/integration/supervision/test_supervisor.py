"""The client on a real supervisor with small programs: states, orders, restarts, and the state that people see."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from soma_common.supervision.client import (
    ProcessStartError,
    ProcessState,
    SupervisorClient,
    UnknownProcessError,
)
from soma_common.supervision.probe import Readiness, http_probe, postgres_probe
from soma_common.supervision.status import Door, ServiceState, all_stopped, observe
from soma_common.supervision.xmlrpc import SupervisorDownError

SETTINGS = """
[unix_http_server]
file={folder}/s
[supervisord]
logfile={folder}/supervisord.log
pidfile={folder}/pid
nodaemon=true
silent=true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[rpcinterface:soma]
supervisor.rpcinterface_factory=soma_common.supervision.spawn_counter:make_spawn_counter
[program:steady]
command={python} -c "import time; time.sleep(600)"
startsecs=0
autorestart=true
stdout_logfile={folder}/steady.log
[program:resting]
command={python} -c "import time; time.sleep(600)"
startsecs=0
autostart=false
stdout_logfile={folder}/resting.log
[program:broken]
command={python} -c "raise SystemExit(3)"
startsecs=1
startretries=1000000
autostart=false
stdout_logfile={folder}/broken.log
"""


@pytest.fixture
async def client() -> AsyncIterator[SupervisorClient]:
    with tempfile.TemporaryDirectory(prefix="soma-") as folder:
        path = Path(folder) / "conf"
        path.write_text(SETTINGS.format(folder=folder, python=sys.executable))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "supervisor.supervisord", "-c", str(path), stdout=subprocess.DEVNULL
        )
        found = SupervisorClient(Path(folder) / "s")
        try:
            assert await found.wait_until_answers(20)
            await eventually(lambda: is_running(found, "steady"))
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def is_running(client: SupervisorClient, name: str) -> bool:
    return (await client.get(name)).state is ProcessState.RUNNING


async def eventually(condition: Callable[[], Awaitable[bool]], timeout_seconds: float = 20) -> None:
    async with asyncio.timeout(timeout_seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_processes_are_listed_with_their_state(client: SupervisorClient) -> None:
    found = {process.name: process for process in await client.list()}
    assert set(found) == {"steady", "resting", "broken"}
    assert found["steady"].pid
    assert found["resting"].state is ProcessState.STOPPED
    assert found["resting"].pid is None
    assert found["steady"].restarts == found["resting"].restarts == 0
    assert found["steady"].log_file.name == "steady.log"


async def test_orders_can_be_repeated(client: SupervisorClient) -> None:
    await client.start("resting")
    await client.start("resting")
    assert (await client.get("resting")).state is ProcessState.RUNNING
    first = (await client.get("resting")).pid
    await client.restart("resting")
    assert (await client.get("resting")).pid != first
    await client.stop("resting")
    await client.stop("resting")
    assert (await client.get("resting")).state is ProcessState.STOPPED


async def test_a_killed_process_comes_back_and_is_counted(client: SupervisorClient) -> None:
    before = await client.get("steady")
    assert before.pid
    os.kill(before.pid, signal.SIGKILL)

    async def is_back() -> bool:
        now = await client.get("steady")
        return now.pid not in (None, before.pid) and now.restarts == 1

    await eventually(is_back)


async def test_what_died_a_moment_ago_is_stopped_as_well(client: SupervisorClient) -> None:
    supervisor = await client.pid()
    for _ in range(8):  # each time another side of the race may win
        steady = (await client.get("steady")).pid
        assert steady
        os.kill(supervisor, signal.SIGSTOP)
        os.kill(steady, signal.SIGKILL)
        stopping = asyncio.create_task(client.stop("steady"))
        for _ in range(50):  # the order lies there before the supervisor learns of the death
            await asyncio.sleep(0)
        os.kill(supervisor, signal.SIGCONT)
        await stopping
        assert (await client.get("steady")).state is ProcessState.STOPPED
        await client.start("steady")


async def test_a_broken_process_is_told_and_not_given_up(client: SupervisorClient) -> None:
    with pytest.raises(ProcessStartError):
        await client.start("broken")

    async def tried_again() -> bool:
        return (await client.get("broken")).restarts >= 2

    await eventually(tried_again)
    assert (await client.get("broken")).state in (ProcessState.BACKOFF, ProcessState.STARTING)


async def test_unknown_names_and_a_missing_supervisor_are_told(client: SupervisorClient, tmp_path: Path) -> None:
    for order in (client.get, client.start, client.stop, client.restart):
        with pytest.raises(UnknownProcessError):
            await order("nobody")
    nobody = SupervisorClient(tmp_path / "none")
    assert not await nobody.answers()
    with pytest.raises(SupervisorDownError):
        await nobody.list()


async def test_people_see_whether_a_process_serves_not_only_that_it_lives(client: SupervisorClient) -> None:
    async def ready() -> Readiness:
        return Readiness(True)

    async def unready() -> Readiness:
        return Readiness(False, "waits for the database")

    every = [Door("steady", "a", ready), Door("resting", "b", ready), Door("gone", "c", ready)]
    steady, resting, gone = await observe(client, every)
    assert (steady.state, steady.reason) == (ServiceState.RUNNING, "")
    assert (resting.state, resting.pid) == (ServiceState.STOPPED, None)
    assert gone.state is ServiceState.STOPPED
    (waiting,) = await observe(client, [Door("steady", "a", unready)])
    assert (waiting.state, waiting.reason) == (ServiceState.STARTING, "waits for the database")
    assert {row.state for row in all_stopped(every)} == {ServiceState.STOPPED}


async def test_doors_that_are_shut_or_say_no_are_not_ready(tmp_path: Path) -> None:
    answer = (
        b'HTTP/1.0 503 no\r\n\r\n{"ready": false, "dependencies": {"database": {"state": "down", "required": true}}}'
    )

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await http_probe(f"127.0.0.1:{port}")() == Readiness(False, "waits for database")
        answer = (
            b'HTTP/1.0 200 OK\r\n\r\n{"ready": true, "dependencies": {"database": {"state": "up", "required": true}, '
            b'"events": {"state": "down", "required": false}, "memory": {"state": "unknown", "required": false}}}'
        )
        assert await http_probe(f"127.0.0.1:{port}")() == Readiness(True, "serves without events")
        answer = b"HTTP/1.0 200 OK\r\n\r\n{}"
        assert (await http_probe(f"127.0.0.1:{port}")()).ready
    assert not (await http_probe(f"127.0.0.1:{port}")()).ready
    assert not (await postgres_probe(tmp_path)()).ready
    assert not (await postgres_probe(None)()).ready
