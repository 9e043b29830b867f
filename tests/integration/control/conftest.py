"""A real supervisor with small real processes, and control's doors in front of it."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.control.administration import Administration, Installation
from servers.control.fleet import Fleet, SupervisedFleet
from servers.control.rpc import AdminServicer
from soma.control.v1 import admin_service_pb2_grpc as admin_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.supervision.client import SupervisorClient
from soma_common.supervision.probe import http_probe, postgres_probe
from soma_common.supervision.status import Door
from soma_common.testing.identity import user
from soma_common.testing.postgres import LaunchedPostgres, temporary_home
from soma_common.testing.rpc import Added, RpcHarness
from soma_common.testing.servers import free_port

SMALL_SERVICE = Path(__file__).with_name("small_service.py")
ROOT = Path(__file__).parents[3]
SETTINGS = """
[unix_http_server]
file={folder}/s
[supervisord]
logfile={folder}/supervisord.log
pidfile={folder}/pid
childlogdir={folder}
nodaemon=true
silent=true
environment=PYTHONPATH="{root}:{root}/gen"
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[rpcinterface:soma]
supervisor.rpcinterface_factory=soma_common.supervision.spawn_counter:make_spawn_counter
"""
PROGRAM = """
[program:{name}]
command={command}
startsecs=0
autorestart=true
autostart={autostart}
stopsignal={stopsignal}
stdout_logfile={folder}/{name}.log
redirect_stderr=true
"""


@dataclass(frozen=True)
class Supervised:
    """A supervisor that runs: its folder, its processes by their doors, and the addresses of their health."""

    folder: Path
    client: SupervisorClient
    doors: list[Door]
    addresses: dict[str, str]
    process: asyncio.subprocess.Process
    cluster: LaunchedPostgres

    @property
    def fleet(self) -> SupervisedFleet:
        return SupervisedFleet(self.client, self.doors, self.addresses, own_name="control")


@pytest.fixture
async def supervised() -> AsyncIterator[Supervised]:
    """`chat` runs, `memory` was not started, `broken` ends at once, `control` serves; `database` is not started yet."""
    cluster = LaunchedPostgres(temporary_home())
    with tempfile.TemporaryDirectory(prefix="soma-") as name:
        folder = Path(name)
        chat, memory, control = free_port(), free_port(), free_port()
        small = f"{sys.executable} {SMALL_SERVICE}"
        commands = {
            "database": f"{sys.executable} -m soma_common.postgres.embedded {cluster.cluster.home}",
            "memory": f"{small} {memory} {folder}/memory.note",
            "chat": f"{small} {chat} {folder}/chat.note",
            "broken": f'{sys.executable} -c "raise SystemExit(3)"',
            "control": f"{small} {control} {folder}/control.note {folder}/s",
        }
        text = SETTINGS.format(folder=folder, root=ROOT, user="user=root" if os.geteuid() == 0 else "")
        for program, command in commands.items():
            text += PROGRAM.format(
                name=program,
                command=command,
                folder=folder,
                autostart="true" if program in ("chat", "control") else "false",
                stopsignal="INT" if program == "database" else "TERM",
            ).replace("startsecs=0", "startsecs=1" if program == "broken" else "startsecs=0")
        (folder / "conf").write_text(text)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "supervisor.supervisord", "-c", str(folder / "conf"), stdout=subprocess.DEVNULL
        )
        addresses = {"memory": f"127.0.0.1:{memory}", "chat": f"127.0.0.1:{chat}", "control": f"127.0.0.1:{control}"}
        doors = [Door("database", "a socket", postgres_probe(cluster.cluster.socket_directory))]
        doors += [Door(program, address, http_probe(address)) for program, address in addresses.items()]
        doors.append(Door("broken", "nowhere", http_probe("127.0.0.1:1")))
        client = SupervisorClient(folder / "s")
        try:
            assert await client.wait_until_answers(60)
            yield Supervised(folder, client, doors, addresses, process, cluster)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()
            cluster.remove()


@dataclass(frozen=True)
class Doors:
    """Control's doors, for a person."""

    rpc: RpcHarness
    home: Path

    async def of(self, fleet: Fleet, database: Database, timeout_seconds: float = 20) -> admin_grpc.AdminServiceStub:
        installation = Installation("STANDALONE", "1.2.3", self.home)
        administration = Administration(fleet, database, EventStore("control"), installation)
        added = Added(
            admin_grpc.add_AdminServiceServicer_to_server,
            AdminServicer(administration, Clock()),
            "soma.control.v1.AdminService",
        )
        served = await self.rpc.serve("control", added, idempotency=IdempotencyStore(database))
        return self.rpc.channel(served, timeout_seconds=timeout_seconds).stub(admin_grpc.AdminServiceStub)


@pytest.fixture
def doors(rpc: RpcHarness, tmp_path: Path) -> Doors:
    return Doors(rpc, tmp_path)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user("ada", roles=("operator",)), "test"):
        yield
