"""Who sees which rows of models: a tenant its own, the worker versions only; what the tables refuse."""

from uuid import uuid4

import asyncpg
import pytest

from soma_common.postgres.pool import HouseDatabase
from soma_common.testing.identity import OTHER_TENANT, TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

TABLES = {"model_catalogues", "model_fallbacks", "model_profiles"}
FORCED = (
    "select relname from pg_class where relnamespace = 'chat'::regnamespace and relkind = 'r' "
    "and relrowsecurity and relforcerowsecurity"
)
CATALOGUE = "insert into model_catalogues (tenant_id, version, update_time) values ($1, 1, now())"
PROFILE = (
    "insert into model_profiles (tenant_id, profile_id, provider, model, window_tokens, max_output_tokens, "
    "price_input, price_cached_input, price_output, price_reasoning, tools, tokenizer, version, create_time, "
    "update_time) "
    "values ($1, $2, 'custom', 'm', $3, $4, 0, 0, 0, 0, true, '', 1, now(), now())"
)


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("chat", "servers.chat")


async def test_every_table_forces_row_level_security(urls: HouseDatabase) -> None:
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        assert {row["relname"] for row in await connection.fetch(FORCED)} >= TABLES
    finally:
        await connection.close()


async def test_a_tenant_sees_and_writes_its_own_rows_only(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    database = await open_database(urls)
    async with database.transaction(TENANT) as connection:
        await connection.execute(CATALOGUE, TENANT)
        await connection.execute(PROFILE, TENANT, "mine", 4096, 1024)
        await connection.execute("insert into model_fallbacks values ($1, 'mine', '{spare}')", TENANT)
    async with database.transaction(OTHER_TENANT) as connection:
        for table in sorted(TABLES):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        assert await connection.execute("delete from model_profiles where tenant_id = $1", TENANT) == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(OTHER_TENANT) as connection:
            await connection.execute(CATALOGUE, uuid4())
    async with database.transaction(TENANT) as connection:
        assert await connection.fetchval("select profile_id from model_profiles") == "mine"


async def test_the_worker_reads_versions_and_no_profile(urls: HouseDatabase) -> None:
    connection = await asyncpg.connect(urls.worker_dsn)
    try:
        assert await connection.fetchval("select count(*) from model_catalogues") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("select count(*) from model_profiles")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(CATALOGUE, TENANT)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("profile_id", "window", "longest"),
    [("Upper", 4096, 1024), ("a/b", 4096, 1024), ("ok", 100, 50), ("ok", 4096, 4000)],
)
async def test_the_tables_refuse_what_cannot_be(
    urls: HouseDatabase, open_database: OpenDatabase, profile_id: str, window: int, longest: int
) -> None:
    database = await open_database(urls)
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction(TENANT) as connection:
            await connection.execute(CATALOGUE, TENANT)
            await connection.execute(PROFILE, TENANT, profile_id, window, longest)
