"""Provisioning a whole server: databases, roles and who may enter where."""

import time
from collections.abc import Iterator

import asyncpg
import pytest

from soma_common.postgres.house import PLACES, ROLES
from soma_common.postgres.migrate import migrate
from soma_common.postgres.provision import provision
from soma_common.testing.postgres import LaunchedPostgres, temporary_home

pytestmark = pytest.mark.integration


@pytest.fixture
def launched() -> Iterator[LaunchedPostgres]:
    server = LaunchedPostgres(temporary_home())
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def enters(server: LaunchedPostgres, database: str, role: str, password: str) -> bool:
    try:
        connection = await asyncpg.connect(server.cluster.dsn(database, role, password))
    except (asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError):
        return False
    await connection.close()
    return True


async def test_a_server_is_provisioned_once(launched: LaunchedPostgres) -> None:
    dsn = launched.cluster.superuser_dsn()
    passwords = {role: f"p'{role}\\%" for role in ROLES}
    with pytest.raises(ValueError, match="no password for: chat_owner"):
        await provision(dsn, {})
    assert await provision(dsn, passwords)
    start = time.perf_counter()
    assert not await provision(dsn, passwords)
    assert time.perf_counter() - start < 1
    for place in PLACES.values():
        role = place.role("app")
        assert await enters(launched, place.database, role, passwords[role])
        assert not await enters(launched, place.database, role, "wrong")
        assert not await enters(launched, _other(place.database), role, passwords[role])
        owner = launched.cluster.dsn(place.database, place.role("owner"), passwords[place.role("owner")])
        assert await migrate(owner, place.schema, None if place.shared_tables else "soma_common.events")
    connection = await asyncpg.connect(launched.cluster.dsn("somamemory", "memory_app", passwords["memory_app"]))
    try:
        assert await connection.fetchval("select '[1,2]'::vector <-> '[1,2]'") == 0
        assert await connection.fetchval("show search_path") == "memory, public"
        assert await connection.fetchval("select rolbypassrls from pg_roles where rolname = 'memory_app'") is False
    finally:
        await connection.close()
    connection = await asyncpg.connect(launched.cluster.superuser_dsn("somaagent"))
    try:
        schemas = await connection.fetch("select nspname from pg_namespace where nspname !~ '^pg_'")
        assert {row["nspname"] for row in schemas} >= {"chat", "governor", "control", "bus"}
        # As an installation has it that is older than the bus's own roles.
        await connection.execute("alter schema bus owner to control_owner")
        changed = passwords | {"chat_app": "another"}
        assert await provision(dsn, changed)
        owner = "select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'bus'"
        assert await connection.fetchval(owner) == "bus_owner"
    finally:
        await connection.close()
    assert await enters(launched, "somaagent", "chat_app", "another")
    assert not await enters(launched, "somaagent", "chat_app", passwords["chat_app"])


def _other(database: str) -> str:
    return next(place.database for place in PLACES.values() if place.database != database)
