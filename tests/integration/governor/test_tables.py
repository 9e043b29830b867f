"""Who sees which rows: a tenant its own, the worker the ledger only."""

import asyncpg
import pytest

from soma_common.postgres.pool import HouseDatabase
from soma_common.testing.postgres import HouseDatabases

TABLES = {
    "budgets",
    "holds",
    "receipts",
    "settlements",
    "levels",
    "tool_calls",
    "output_lengths",
    "scoped_budgets",
    "scoped_counters",
    "rate_marks",
    "configurations",
    "calibration",
}
READ_BY_THE_WORKER = {"budgets", "holds", "scoped_counters", "levels", "configurations"}
FORCED = (
    "select relname from pg_class where relnamespace = 'governor'::regnamespace and relkind in ('r', 'p') "
    "and relrowsecurity and relforcerowsecurity"
)


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("governor", "servers.governor")


async def test_every_table_forces_row_level_security(urls: HouseDatabase) -> None:
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        forced = {row["relname"] for row in await connection.fetch(FORCED)}
    finally:
        await connection.close()
    assert forced >= TABLES | {"health_reports"}


async def test_without_a_tenant_there_are_no_rows(urls: HouseDatabase) -> None:
    connection = await asyncpg.connect(urls.app_dsn)
    try:
        for table in sorted(TABLES):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
    finally:
        await connection.close()


async def test_the_worker_reads_budgets_holds_and_levels_and_no_receipt(urls: HouseDatabase) -> None:
    connection = await asyncpg.connect(urls.worker_dsn)
    try:
        for table in sorted(READ_BY_THE_WORKER):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        for table in sorted(TABLES - READ_BY_THE_WORKER):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"select count(*) from {table}")
    finally:
        await connection.close()


async def test_reports_of_health_are_the_worker_s_only(urls: HouseDatabase) -> None:
    worker, app = await asyncpg.connect(urls.worker_dsn), await asyncpg.connect(urls.app_dsn)
    try:
        assert await worker.fetchval("select count(*) from health_reports") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.fetchval("select count(*) from health_reports")
    finally:
        await worker.close()
        await app.close()
