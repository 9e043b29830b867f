"""Schema migrations: plain `.sql` files, in order, once, under an advisory lock, with checksums.

Nothing here knows what a migration does. Files are `<package>/sql/migrations/NNNN_name.sql`; the shared tables come
first.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Final

import asyncpg

from soma_common.postgres.failures import connecting, translated
from soma_common.postgres.house import PLACES, Place
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

SHARED: Final = "soma_common.postgres"
_FILE: Final = re.compile(r"^(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql$")
_SQL = Queries.of(SHARED, "sql/migrate.sql")


class MigrationError(Exception):
    """The schema and the program do not fit; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `origin` is `shared` or `house`; the checksum is of the text before placeholders are filled."""

    origin: str
    version: int
    name: str
    text: str

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return f"{self.origin}/{self.version:04d}_{self.name}"

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations_of(package: str | None, *, shared: bool = True) -> list[Migration]:
    """All migrations of a house in their order: the shared ones if it has those, then those of its package."""
    found = _read("shared", SHARED) if shared else []
    return found if package is None else found + _read("house", package)


def _read(origin: str, package: str) -> list[Migration]:
    folder = files(package).joinpath("sql", "migrations")
    found = []
    for file in folder.iterdir() if folder.is_dir() else ():
        match = _FILE.match(file.name)
        if match is None:
            raise MigrationError(f"The file {file.name} in {package} is not named NNNN_name.sql.")
        found.append(Migration(origin, int(match["version"]), match["name"], file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    versions = [migration.version for migration in found]
    if versions != list(range(1, len(found) + 1)):
        raise MigrationError(f"The migrations of {package} are not numbered 0001, 0002, … without gaps: {versions}.")
    return found


async def migrate(
    owner_dsn: str, schema: str, package: str | None, progress: Callable[[str], None] | None = None
) -> list[str]:
    """Bring a schema to the version of this program; returns the labels of what was applied.

    Each file runs in its own transaction. `package` is the house's import name, None for the shared tables alone.
    Raises MigrationError when an applied file was changed since, SomaError(DATABASE_UNAVAILABLE) when the server does
    not answer.
    """
    with translated():
        with connecting():
            connection = await asyncpg.connect(owner_dsn, timeout=10)
        try:
            fill = partial(_fill, place=PLACES[schema])
            await connection.execute(_SQL.hold, schema)
            if not await connection.fetchval(_SQL.book_exists, f"{schema}.schema_migrations"):
                await connection.execute(fill(_SQL.make_book))
            pending = _pending(_wanted(package, schema), await _applied(connection, schema), schema)
            for migration in pending:
                if progress is not None:
                    progress(migration.label)
                async with connection.transaction():
                    # The driver cannot execute a file that only reserves its number.
                    await connection.execute(fill(migration.text) + "\nselect;")
                    note = (migration.origin, migration.version, migration.name, migration.checksum)
                    await connection.execute(fill(_SQL.note_applied), *note)
        finally:
            await connection.close()
    return [migration.label for migration in pending]


async def schema_version(connection: Connection, schema: str) -> int:
    """How many migrations the schema has had; 0 for a schema that was never migrated."""
    return len(await _applied(connection, schema))


async def schema_versions(superuser_dsn: Callable[[str], str]) -> dict[str, int]:
    """How many migrations each house's schema has had, given a superuser's address for each database.

    Raises SomaError(DATABASE_UNAVAILABLE) when the server does not answer.
    """
    found = {}
    with translated():
        for place in PLACES.values():
            with connecting():
                connection = await asyncpg.connect(superuser_dsn(place.database), timeout=10)
            try:
                found[place.house] = await schema_version(connection, place.schema)
            finally:
                await connection.close()
    return found


async def require_current(database: Database, package: str | None) -> None:
    """Refuse to serve on a schema that is behind or different.

    A schema that is ahead is fine: migrations first expand, and contract in a later release. Raises MigrationError.
    """
    async with database.worker() as connection:
        applied = await _applied(connection, database.schema)
    pending = _pending(_wanted(package, database.schema), applied, database.schema)
    if pending:
        raise MigrationError(
            f"The schema {database.schema} is behind this program: {len(pending)} migrations are missing, "
            f"the first is {pending[0].label}. Run `somastack up`, which applies them."
        )


def _wanted(package: str | None, schema: str) -> list[Migration]:
    return migrations_of(package, shared=PLACES[schema].shared_tables)


async def _applied(connection: Connection, schema: str) -> Mapping[tuple[str, int], str]:
    if not await connection.fetchval(_SQL.book_exists, f"{schema}.schema_migrations"):
        return {}
    rows = await connection.fetch(_fill(_SQL.list_applied, place=PLACES[schema]))
    return {(row["origin"], row["version"]): row["checksum"] for row in rows}


def _pending(wanted: list[Migration], applied: Mapping[tuple[str, int], str], schema: str) -> list[Migration]:
    pending = []
    for migration in wanted:
        checksum = applied.get((migration.origin, migration.version))
        if checksum is None:
            pending.append(migration)
        elif checksum != migration.checksum:
            raise MigrationError(
                f"The migration {migration.label} was applied to the schema {schema} with other content. "
                "An applied migration must never be changed: restore the file and add a new one."
            )
    return pending


def _fill(text: str, *, place: Place) -> str:
    """Put the names of the house's roles and schema where a file says :owner, :app, :worker, :relay, :schema."""
    names = {right: place.role(right) for right in place.rights} | {"schema": place.schema}
    return re.sub(r"(?<![:\w]):(owner|app|worker|relay|schema)\b", lambda match: names[match[1]], text)
