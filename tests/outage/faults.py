"""How each fault is made in a running stack, and undone: signals, the supervisor, PostgreSQL, the model's script.

Nothing here knows what a turn should be like meanwhile.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg

from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.supervision.client import SupervisorClient
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault as UpstreamFault
from soma_common.testing.upstream import FaultKind, Script
from tests.outage.matrix import Cell, Fault

Broken = AbstractAsyncContextManager[None]
# A slowed process runs this share of the time: longer than a call needs, shorter than anybody waits.
_RUNS_SECONDS: Final = 0.1
_STANDS_SECONDS: Final = 0.25
_PROGRAMS: Final = {"signals": "redis", "events": "kafka"}
_TABLES: Final = {
    "memory": ("somamemory", "memory", "memories"),
    "memory_index": ("somamemory", "memory", "memory_vectors"),
    "cognitive": ("somabrain", "cognitive", "agent_states"),
    "governor": ("somaagent", "governor", "budgets"),
    "control": ("somaagent", "control", "features"),
}
_DATABASES: Final = {"memory_database": "somamemory", "cognitive_database": "somabrain", "database": "somaagent"}


def broken(mesh: Mesh, cell: Cell) -> Broken:
    """The fault of the cell, inside the block."""
    if cell.dependency == "model":
        return _model(mesh, cell.fault)
    if cell.dependency in _PROGRAMS and cell.fault is Fault.FAILING:
        return _locked_redis(mesh)
    if cell.dependency == "memory_index" and cell.fault is not Fault.FAILING:
        return _locked_table(mesh, cell.dependency, cell.fault)
    if cell.fault is Fault.FAILING:
        return (
            _closed_database(mesh, _DATABASES[cell.dependency])
            if cell.dependency in _DATABASES
            else _renamed(mesh, cell)
        )
    program = _PROGRAMS.get(cell.dependency, cell.dependency)
    return {Fault.PAUSED: _paused, Fault.SLOWED: _slowed, Fault.GONE: _gone}[cell.fault](mesh, program)


def _processes(mesh: Mesh, program: str) -> list[int]:
    """The processes of a program and those that they started."""
    rows = mesh.status()
    roots = {row.pid for name, row in rows.items() if row.pid and (name == program or name.startswith(f"{program}-"))}
    parents = {int(path.name): _parent_of(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = set[int]()
    while roots:
        found |= roots
        roots = {pid for pid, parent in parents.items() if parent in found} - found
    return sorted(found)


def _parent_of(process: Path) -> int:
    with suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@asynccontextmanager
async def _paused(mesh: Mesh, program: str) -> AsyncIterator[None]:
    pids = _processes(mesh, program)
    _send(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(pids, signal.SIGCONT)


@asynccontextmanager
async def _slowed(mesh: Mesh, program: str) -> AsyncIterator[None]:
    pids = _processes(mesh, program)
    async with _beating(lambda: _send(pids, signal.SIGSTOP), lambda: _send(pids, signal.SIGCONT)):
        yield


@asynccontextmanager
async def _beating(stand: Callable[[], None], run: Callable[[], None]) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            stand()
            await asyncio.sleep(_STANDS_SECONDS)
            run()
            await asyncio.sleep(_RUNS_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        run()


@asynccontextmanager
async def _gone(mesh: Mesh, program: str) -> AsyncIterator[None]:
    supervisor = SupervisorClient(mesh.home / "run" / "supervisor.sock")
    names = [name for name in mesh.status() if name == program or name.startswith(f"{program}-")]
    _send(_processes(mesh, program), signal.SIGKILL)
    for name in names:
        await supervisor.stop(name)
    try:
        yield
    finally:
        for name in names:
            await supervisor.start(name)


@asynccontextmanager
async def _as_superuser(mesh: Mesh, database: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(EmbeddedPostgres(mesh.home).superuser_dsn(database))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _renamed(mesh: Mesh, cell: Cell) -> AsyncIterator[None]:
    """A table that every answer needs is not there: the service answers, with errors."""
    database, schema, table = _TABLES[cell.dependency]
    async with _as_superuser(mesh, database) as connection:
        await connection.execute(f"alter table {schema}.{table} rename to {table}_away")
        try:
            yield
        finally:
            await connection.execute(f"alter table {schema}.{table}_away rename to {table}")


@asynccontextmanager
async def _locked_table(mesh: Mesh, dependency: str, fault: Fault) -> AsyncIterator[None]:
    database, schema, table = _TABLES[dependency]
    async with _as_superuser(mesh, database) as connection:

        async def hold(seconds: float | None) -> None:
            async with connection.transaction():
                await connection.execute(f"lock table {schema}.{table} in access exclusive mode")
                await asyncio.sleep(3600 if seconds is None else seconds)

        async def beat() -> None:
            while True:
                await hold(_STANDS_SECONDS / 2)
                await asyncio.sleep(_RUNS_SECONDS)

        holding = asyncio.create_task(hold(None) if fault is Fault.PAUSED else beat())
        try:
            yield
        finally:
            holding.cancel()
            with suppress(asyncio.CancelledError):
                await holding


@asynccontextmanager
async def _closed_database(mesh: Mesh, database: str) -> AsyncIterator[None]:
    """The server answers, and refuses everybody this one database."""
    async with _as_superuser(mesh) as connection:
        await connection.execute(f"alter database {database} allow_connections false")
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database)
        try:
            yield
        finally:
            await connection.execute(f"alter database {database} allow_connections true")


@asynccontextmanager
async def _locked_redis(mesh: Mesh) -> AsyncIterator[None]:
    """A Redis that answers everybody with an error, for want of a password."""
    path = mesh.status()["redis"].address.removeprefix("unix:")
    await _redis(path, b"CONFIG SET requirepass locked", b"CLIENT KILL TYPE pubsub", b"CLIENT KILL TYPE normal")
    try:
        yield
    finally:
        await _redis(path, b"AUTH locked", b'CONFIG SET requirepass ""')


async def _redis(path: str, *commands: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    for command in commands:
        writer.write(command + b"\r\n")
        await writer.drain()
        answer = await reader.readline()
        assert answer[:1] in (b"+", b":"), answer
    writer.close()


@asynccontextmanager
async def _model(mesh: Mesh, fault: Fault) -> AsyncIterator[None]:
    upstream = mesh.upstream
    if fault is Fault.PAUSED:
        pid = upstream.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
    elif fault is Fault.GONE:
        upstream.kill()
        try:
            yield
        finally:
            upstream.start()
    else:
        upstream.set_default(Script(chunks=8, fault=_SCRIPTED[fault]))
        try:
            yield
        finally:
            upstream.reset()


_SCRIPTED: Final = {
    Fault.SLOWED: UpstreamFault(FaultKind.SLOW, at_chunk=1, seconds=0.2),
    Fault.FAILING: UpstreamFault(FaultKind.SERVER_ERROR),
}
