"""Restoring a backup into an empty installation: everything is judged before anything is touched.

Nothing here prints; progress is told to whoever asked.
"""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from cli.backup.archive import Reader, opened
from cli.backup.manifest import DATABASE_PART, Manifest, Part, path_of, unfit
from cli.backup.taking import ground
from cli.exits import CommandError
from cli.render import Progress, size
from cli.stack.database import SCHEMAS
from cli.stack.first_start import make_folders
from cli.stack.lock import held
from config import DeployMode, Settings
from config.home import Home
from soma_common.postgres.accounts import PostgresSetupError, make_folder
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import PLACES
from soma_common.postgres.migrate import migrations_of
from soma_common.postgres.server_copy import receive

_SPARE: Final = 1.1


async def restore_backup(settings: Settings, source: Path, progress: Progress) -> Manifest:
    """Make this installation out of a backup. Raises CommandError; then nothing was changed, or nothing is left."""
    if settings.mode is not DeployMode.STANDALONE:
        raise CommandError(f"In the shape {settings.mode} the databases are restored where they are operated.")
    with opened(source) as archive:
        manifest = archive.manifest
        if (problem := unfit(manifest, ground(), _own_schemas())) is not None:
            raise CommandError(f"{problem} Nothing was changed.")
        _check_names(source, settings.home_folders, manifest)
        _refuse_full(settings)
        _check_room(EmbeddedPostgres(settings.home).folder, manifest)
        archive.verify(progress.measure("Checking the backup", manifest.size_bytes))
        make_folders(settings)
        async with held(settings.home_folders.run / "lock", progress):
            _refuse_full(settings)
            with _whole_or_nothing(settings):
                _fill(settings, archive, progress)
    return manifest


def _fill(settings: Settings, archive: Reader, progress: Progress) -> None:
    progress.step("Putting keys, secrets and settings in their places")
    parts = {part.name: part for part in archive.manifest.parts}
    for part in parts.values():
        if (path := path_of(part)) is not None:
            with archive.part(part) as content:
                _write(settings.home / path, content.read())
    progress.step("Putting the database in its place")
    try:
        with archive.part(parts[DATABASE_PART]) as copy:
            receive(EmbeddedPostgres(settings.home), copy)
    except (PostgresSetupError, tarfile.TarError) as problem:
        raise CommandError(f"The database cannot be restored: {problem} Nothing is left of it.") from problem


def _own_schemas() -> dict[str, int]:
    wanted = ((name, migrations_of(package, shared=PLACES[name].shared_tables)) for name, package in SCHEMAS.items())
    return {name: len(migrations) for name, migrations in wanted}


def _check_names(source: Path, home: Home, manifest: Manifest) -> None:
    """A backup may put files only where an installation keeps them."""
    roots = {root.relative_to(home.path).as_posix() for root in home.kept}
    names = [part.name for part in manifest.parts]
    good = all(part.name == DATABASE_PART or _is_kept(part, roots) for part in manifest.parts)
    if not good or DATABASE_PART not in names or len(set(names)) != len(names):
        raise CommandError(f"{source} is not made as a backup is. Nothing was changed.")


def _is_kept(part: Part, roots: set[str]) -> bool:
    path = PurePosixPath(path_of(part) or "/")
    return not path.is_absolute() and ".." not in path.parts and path.parts[:1] != () and path.parts[0] in roots


def _refuse_full(settings: Settings) -> None:
    """Raise CommandError unless nothing of an installation is here."""
    server = EmbeddedPostgres(settings.home)
    present = [path for path in (*settings.home_folders.kept, server.data) if path.exists() and not _is_bare(path)]
    if not present and not settings.home_folders.restore_mark.exists():
        return
    found = ", ".join(str(path) for path in present) or str(settings.home_folders.restore_mark)
    raise CommandError(
        f"A backup is restored into an empty installation only, and this one has data already: {found}. Nothing was "
        f"changed. Restore into another one with SOMA_HOME={settings.home}-restored before this command and before "
        f"`somastack up`, or stop this one with `somastack down` and move {_folders(settings, server)} away."
    )


def _is_bare(path: Path) -> bool:
    """A folder without a file in it is nothing that could be lost."""
    return path.is_dir() and not any(each.is_file() for each in path.rglob("*"))


def _folders(settings: Settings, server: EmbeddedPostgres) -> str:
    """Where an installation's data are: one folder, or two where root's database lies elsewhere."""
    outside = settings.home not in server.folder.parents
    return f"{settings.home} and {server.folder}" if outside else str(settings.home)


def _check_room(folder: Path, manifest: Manifest) -> None:
    place = next(part for part in (folder, *folder.parents) if part.exists())
    free, needed = shutil.disk_usage(place).free, int(manifest.size_bytes * _SPARE)
    if free < needed:
        raise CommandError(
            f"The backup takes {size(needed)} and there are {size(free)} free in {place}. Nothing was changed. "
            "Make room, or set SOMA_HOME to a folder on a larger disk."
        )


@contextmanager
def _whole_or_nothing(settings: Settings) -> Iterator[None]:
    """What fails leaves nothing; what is killed leaves a mark, with which nothing starts."""
    home, server = settings.home_folders, EmbeddedPostgres(settings.home)
    _write(home.restore_mark, b"")
    try:
        yield
    except BaseException:
        shutil.rmtree(server.data, ignore_errors=True)
        for path in home.kept:
            with suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        home.restore_mark.unlink()
        raise
    home.restore_mark.unlink()


def _write(path: Path, content: bytes) -> None:
    make_folder(path.parent, 0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
