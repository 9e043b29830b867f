"""What a superuser prepares once: roles with their rights and timeouts, databases, schemas, the vector extension.

Nothing here knows tables: those are the migrations' business.
"""

import hashlib
import hmac
from collections.abc import Mapping

import asyncpg

from soma_common.postgres.failures import connecting, translated
from soma_common.postgres.house import PLACES, ROLES, Place
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.postgres", "sql/provision.sql")


async def provision(superuser_dsn: str, passwords: Mapping[str, str]) -> bool:
    """Make every role, database, schema and extension that is missing, and set the passwords.

    `passwords` maps every name in `ROLES` to its password. Costs one query when nothing has changed; then it returns
    False. Raises ValueError for a missing password, SomaError(DATABASE_UNAVAILABLE) when the server does not answer.
    """
    missing = [role for role in ROLES if not passwords.get(role)]
    if missing:
        raise ValueError(f"no password for: {', '.join(missing)}")
    marker = _fingerprint(passwords)
    names = tuple(dict.fromkeys(place.database for place in PLACES.values()))
    with translated():
        with connecting():
            connection = await asyncpg.connect(superuser_dsn, timeout=10)
        try:
            if await connection.fetchval(_SQL.find_fingerprint, names[-1]) == marker:
                return False
            await connection.execute(_SQL.hold)
            await provision_roles(connection, passwords)
            for name in names:
                await _make_database(connection, name)
                await _fill_database(superuser_dsn, name)
            await connection.execute(await connection.fetchval(_SQL.format_fingerprint, names[-1], marker))
        finally:
            await connection.close()
    return True


async def provision_roles(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles of every house and set their rights, timeouts, search path and password."""
    formats = {"owner": _SQL.format_owner, "app": _SQL.format_app}
    for place in PLACES.values():
        for right in place.rights:
            role = place.role(right)
            if not await connection.fetchval(_SQL.role_exists, role):
                await _formatted(connection, _SQL.format_create_role, role)
            await _formatted(
                connection, formats.get(right, _SQL.format_worker), role, passwords[role], place.search_path
            )


async def fill_schema(connection: asyncpg.Connection, place: Place) -> None:
    """Make a house's schema and extensions in the database of this connection."""
    await _formatted(connection, _SQL.format_schema, place.schema, place.role("owner"))
    for role in place.roles:
        await _formatted(connection, _SQL.format_usage, place.schema, role)
    if "vector" in place.extensions:
        await connection.execute(_SQL.create_vector)
        await _formatted(connection, _SQL.format_public_usage, place.house)


async def _make_database(connection: asyncpg.Connection, name: str) -> None:
    if not await connection.fetchval(_SQL.database_exists, name):
        await _formatted(connection, _SQL.format_create_database, name)
    await _formatted(connection, _SQL.format_close_database, name)
    for place in PLACES.values():
        if place.database == name:
            for role in place.roles:
                await _formatted(connection, _SQL.format_connect, name, role)


async def _fill_database(superuser_dsn: str, name: str) -> None:
    with connecting():
        connection = await asyncpg.connect(superuser_dsn, database=name, timeout=10)
    try:
        await connection.execute(_SQL.close_public)
        for place in PLACES.values():
            if place.database == name:
                await fill_schema(connection, place)
    finally:
        await connection.close()


async def _formatted(connection: asyncpg.Connection, query: str, *arguments: str) -> None:
    """Run a statement that takes no parameters: the server itself quotes them into it first."""
    await connection.execute(await connection.fetchval(query, *arguments))


def _fingerprint(passwords: Mapping[str, str]) -> str:
    """A word for this very state. Keyed by the passwords themselves, so it tells nothing about them."""
    key = "\0".join(passwords[role] for role in ROLES).encode()
    text = "\0".join(repr(place) for place in PLACES.values()) + "".join(getattr(_SQL, name) for name in dir(_SQL))
    return hmac.new(hashlib.sha256(key).digest(), text.encode(), "sha256").hexdigest()
