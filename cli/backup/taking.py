"""Taking a backup: the database as it is at one moment while everything serves, then the files of the data folder.

Nothing here prints; progress is told to whoever asked.
"""

import asyncio
import errno
import platform
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cli.backup.archive import Writer, written
from cli.backup.manifest import DATABASE_PART, Ground, Manifest, file_part
from cli.exits import CommandError, Exit
from cli.render import Progress
from cli.stack.lock import held
from cli.stack.processes import end_unsupervised
from cli.stack.supervisord import MARK, log_file
from config import DeployMode, Settings
from config.programs import DATABASE
from soma_common.kernel.clock import Clock
from soma_common.postgres.accounts import PostgresSetupError
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.migrate import schema_versions
from soma_common.postgres.programs import MAJOR
from soma_common.postgres.server_copy import server_copy
from soma_common.supervision.client import SupervisorClient

_READY_SECONDS: Final = 60.0
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def ground() -> Ground:
    """What a physical copy of our database needs, as it is here."""
    return Ground(postgres=MAJOR, machine=platform.machine())


async def take_backup(settings: Settings, target: Path, progress: Progress, *, overwrite: bool) -> Manifest:
    """Write a backup of the whole installation. Raises CommandError, SomaError and OSError; then nothing is left."""
    if settings.mode is not DeployMode.STANDALONE:
        raise CommandError(f"In the shape {settings.mode} the databases are backed up where they are operated.")
    server = EmbeddedPostgres(settings.home)
    if not server.data.is_dir() or not settings.home_folders.identity_file.exists():
        raise CommandError(f"There is nothing to back up in {settings.home}.", Exit.CANNOT_REACH)
    with _room_for(target), written(target, overwrite=overwrite) as archive:
        async with held(settings.home_folders.run / "lock", progress), _served(settings, server, progress):
            return await _write(settings, server, archive, progress)


async def _write(settings: Settings, server: EmbeddedPostgres, archive: Writer, progress: Progress) -> Manifest:
    schemas = await schema_versions(server.superuser_dsn)
    begin = Clock().now()
    async with server_copy(server) as copy:
        tell = progress.measure("Copying the database", copy.size_bytes)
        try:
            async with aclosing(copy.read()) as blocks:
                await archive.add(DATABASE_PART, blocks, tell)
        except PostgresSetupError as problem:
            raise CommandError(f"{problem} There is no backup. Its log: somastack logs {DATABASE}") from problem
    # The files come after the database, so that a secret it names is here, even one that was made meanwhile.
    progress.step("Adding keys, secrets and settings")
    for name, content in _files(settings):
        archive.add_small(file_part(name), content)
    progress.step("Closing the file")
    manifest = Manifest(
        version=version("somastack"),
        instance=settings.instance,
        begin_time=begin.isoformat(timespec="milliseconds"),
        ground=ground(),
        schemas=schemas,
        parts=(),
    )
    return archive.close(manifest)


def _files(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Every file that is kept, by its place in the data folder; drafts of files (.name) are none."""
    for root in settings.home_folders.kept:
        for path in sorted((root, *root.rglob("*"))):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(settings.home).as_posix(), path.read_bytes()


@contextmanager
def _room_for(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno in _NO_ROOM:
            raise CommandError(f"There is no room for the backup in {target.parent}. Nothing is left of it.") from None
        raise


@asynccontextmanager
async def _served(settings: Settings, server: EmbeddedPostgres, progress: Progress) -> AsyncIterator[None]:
    """The database serves for as long as the block lasts: the running one, else it alone, started for this."""
    if await SupervisorClient(settings.supervisor_socket).answers():
        yield
        return
    await end_unsupervised(settings)
    progress.step("Starting the database for the time of the backup")
    with log_file(settings, DATABASE).open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            settings.python,
            "-m",
            "soma_common.postgres.embedded",
            str(settings.home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**settings.child_environment(), MARK: str(settings.home)},
            cwd=settings.home,
            start_new_session=True,
        )
    try:
        try:
            await server.wait_ready(_READY_SECONDS)
        except TimeoutError:
            log_path = log_file(settings, DATABASE)
            raise CommandError(f"The database does not start. Its log is {log_path}.", Exit.CANNOT_REACH) from None
        yield
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()
