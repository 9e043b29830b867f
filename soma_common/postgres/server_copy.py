"""A copy of the whole embedded server, taken while it serves, and a data folder made from one.

PostgreSQL's own base backup with the log that completes it: all databases at one moment, everything committed before
the copy began included. Nothing here knows which archive the copy goes into.
"""

import asyncio
import os
import secrets
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

import asyncpg

from soma_common.postgres.accounts import PostgresSetupError, make_folder
from soma_common.postgres.embedded import SUPERUSER, EmbeddedPostgres
from soma_common.postgres.failures import connecting, translated
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("soma_common.postgres", "sql/server_copy.sql")
_BLOCK: Final = 1 << 20
_LONGEST_COMPLAINT: Final = 300
_OPTIONS: Final = (
    "--pgdata=-",
    "--format=tar",
    "--wal-method=fetch",
    "--checkpoint=fast",
    "--label=somastack",
    "--no-manifest",
    "--no-password",
    f"--username={SUPERUSER}",
)


@dataclass(frozen=True, slots=True)
class ServerCopy:
    """A copy that can be read once. `size_bytes` is what it will be, roughly."""

    size_bytes: int
    _server: EmbeddedPostgres

    async def read(self) -> AsyncGenerator[bytes, None]:
        """The copy, one tar stream. Raises PostgresSetupError when it breaks off."""
        process = await asyncio.create_subprocess_exec(
            str(self._server.programs / "pg_basebackup"),
            *_OPTIONS,
            f"--host={self._server.socket_directory}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self._server.environment(), "PGPASSWORD": self._server.superuser_password()},
            cwd="/",
            limit=_BLOCK,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = asyncio.create_task(process.stderr.read())
        try:
            while block := await process.stdout.read(_BLOCK):
                yield block
            said = (await complaints).decode(errors="replace").strip().rpartition("\n")[2]
            if await process.wait() != 0:
                raise PostgresSetupError(f"The copy of the database broke off: {said[:_LONGEST_COMPLAINT]}")
        finally:
            if process.returncode is None:
                process.kill()
                # A pipe that is read no more never shows its end, and without that the process is waited for in vain.
                await process.stdout.read()
                await process.wait()
            await asyncio.gather(complaints, return_exceptions=True)


@asynccontextmanager
async def server_copy(server: EmbeddedPostgres) -> AsyncIterator[ServerCopy]:
    """Keep the log for as long as the block lasts, so that the copy can be completed with it.

    Raises SomaError(DATABASE_UNAVAILABLE) when the server does not answer.
    """
    with translated():
        with connecting():
            connection = await asyncpg.connect(server.superuser_dsn(), timeout=10)
        try:
            await connection.execute(_SQL.keep_log, f"somastack_{secrets.token_hex(6)}")
            yield ServerCopy(await connection.fetchval(_SQL.size), server)
        finally:
            await connection.close()


def receive(server: EmbeddedPostgres, copy: IO[bytes]) -> None:
    """Make the data folder of a server that has none from a copy. Raises PostgresSetupError and tarfile.TarError."""
    server.prepare_from(lambda folder: _unpack(copy, folder, server))


def _unpack(copy: IO[bytes], folder: Path, server: EmbeddedPostgres) -> None:
    with tarfile.open(fileobj=copy, mode="r|") as tar:
        for member in tar:
            target = _inside(folder, member.name)
            if member.isdir():
                if make_folder(target, 0o700):
                    server.account.take(target)
            elif member.isfile():
                _write(tar, member, target)
                server.account.take(target)
            else:
                raise PostgresSetupError(f"The copy of the database has something in it that is no file: {member.name}")


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise PostgresSetupError(f"The copy of the database names a place outside its folder: {name}")
    return folder.joinpath(*parts)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while block := source.read(_BLOCK):
            file.write(block)
