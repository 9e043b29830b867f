"""The versions of configurations in their table, read and written by named statements.

Nothing here knows what a configuration says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/configuration.sql")


@dataclass(frozen=True, slots=True)
class Version:
    """What is known of a version besides its values; `restores` is the version whose values it has again."""

    number: int
    changed_by: str = ""
    comment: str = ""
    create_time: datetime | None = None
    restores: int | None = None
    changed_fields: Sequence[str] = ()


# The values that come with the system.
FIRST: Final = Version(0)


class VersionStore:
    """Every statement on versions; those that take a connection run in the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, tenant: TenantId) -> tuple[Version, bytes | None]:
        """The version that holds with its values; None for the values that come with the system."""
        return _newest(await self._database.tenant_read(tenant, _SQL.newest_of_tenant))

    async def locked_newest(self, connection: Connection, tenant: TenantId) -> tuple[Version, bytes | None]:
        """As `newest`; nobody else makes a version until the transaction ends."""
        await connection.execute(_SQL.lock, tenant)
        return _newest(await connection.fetch(_SQL.newest, tenant))

    async def find(self, connection: Connection, tenant: TenantId, number: int) -> tuple[Version, bytes] | None:
        """A version with its values."""
        row: Any = await connection.fetchrow(_SQL.find, tenant, number)
        return None if row is None else (_version(row), row["config"])

    async def listed(self, tenant: TenantId, below: int | None, count: int) -> list[Version]:
        """So many versions below a number, the newest first."""
        rows = await self._database.run(tenant, lambda it: it.fetch(_SQL.list_versions, tenant, below, count))
        return [_version(row) for row in rows]

    async def add(self, connection: Connection, tenant: TenantId, version: Version, config: bytes) -> None:
        """Writes a version; it must be locked."""
        await connection.execute(
            _SQL.add,
            tenant,
            version.number,
            config,
            version.changed_by,
            version.comment,
            version.create_time,
            version.restores,
            list(version.changed_fields),
        )


def _newest(rows: Sequence[Any]) -> tuple[Version, bytes | None]:
    return (_version(rows[0]), rows[0]["config"]) if rows else (FIRST, None)


def _version(row: Any) -> Version:
    return Version(
        number=row["version"],
        changed_by=row["changed_by"],
        comment=row["comment"],
        create_time=row["create_time"],
        restores=row["restores_version"],
        changed_fields=tuple(row["changed_fields"]),
    )
