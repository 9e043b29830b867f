"""API keys in PostgreSQL.

What a key may do and whether it is in force is decided in `domain/keys.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from servers.control.domain.keys import ApiKey
from soma_common.kernel.errors import not_found
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/keys.sql")


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key with the hashes of its texts."""

    key: ApiKey
    hash: str
    previous_hash: str | None


class KeyStore:
    """Reads and writes keys inside the caller's transaction."""

    async def insert(self, connection: Connection, key: ApiKey, hashed: str) -> bool:
        """Write a new key; False when its id is there already."""
        made = await connection.fetchval(
            _SQL.insert_key,
            key.key_id,
            key.tenant_id,
            key.name,
            key.sub,
            key.role,
            list(key.scopes),
            key.created_by,
            key.create_time,
            key.expire_time,
            hashed,
        )
        return made is not None

    async def list(
        self, connection: Connection, with_revoked: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[ApiKey]:
        """Keys of the tenant, newest first, after one."""
        time, key_id = after or (None, "")
        return [_key(row) for row in await connection.fetch(_SQL.list_keys, with_revoked, time, key_id, limit)]

    async def lock(self, connection: Connection, key_id: str) -> ApiKey:
        """One key, held until the transaction ends. Raises RESOURCE_NOT_FOUND."""
        row = await connection.fetchrow(_SQL.lock_key, key_id)
        if row is None:
            raise not_found("API key", key_id)
        return _key(row)

    async def revoke(self, connection: Connection, key_id: str, now: datetime) -> None:
        """End a key."""
        await connection.execute(_SQL.revoke_key, key_id, now)

    async def rotate(
        self, connection: Connection, key_id: str, hashed: str, now: datetime, previous_until: datetime | None
    ) -> None:
        """Give a key a new text; the one before works until then, or not at all."""
        await connection.execute(_SQL.rotate_key, key_id, hashed, now, previous_until)

    async def find(self, database: Database, key_id: str) -> FoundKey | None:
        """A key of any tenant."""
        rows = await database.worker_statement(_SQL.find_key, key_id)
        return None if not rows else FoundKey(_key(rows[0]), rows[0]["hash"], rows[0]["previous_hash"])

    async def note_use(self, database: Database, key_id: str, now: datetime) -> None:
        """Remember that a key was used."""
        await database.worker_statement(_SQL.note_use, key_id, now)


def _key(row: Any) -> ApiKey:
    values = {name: row[name] for name in ApiKey.__slots__}
    return ApiKey(**{**values, "scopes": tuple(values["scopes"])})
