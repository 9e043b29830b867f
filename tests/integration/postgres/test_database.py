"""Transactions, tenants, cancellation and repeats on a real server."""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.migrate import MigrationError, migrate, migrations_of, require_current, schema_version
from soma_common.postgres.pool import Connection, Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

ADD = "insert into rate_limits (tenant_id, sub, name, arrival_time) values ($1, $2, 'x', now())"
COUNT = "select count(*) from rate_limits"


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("chat", None))


def a_tenant() -> TenantId:
    return TenantId(uuid4())


async def test_a_transaction_sees_its_own_tenant_only(database: Database) -> None:
    one, other = a_tenant(), a_tenant()
    async with database.transaction(one) as connection:
        await connection.execute(ADD, one, "ann")
    async with database.transaction(other) as connection:
        assert await connection.fetchval(COUNT) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(other) as connection:
            await connection.execute(ADD, one, "mallory")
    async with database.worker() as connection:
        assert await connection.fetchval(COUNT) == 1


async def test_one_statement_of_the_worker_commits_by_itself(database: Database) -> None:
    tenant = a_tenant()
    assert await database.worker_statement(ADD, tenant, "ann") == []
    rows = await database.worker_statement("select sub from rate_limits where tenant_id = $1", tenant)
    assert [row["sub"] for row in rows] == ["ann"]
    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.worker_statement("select 1 / 0")
    with pytest.raises(SomaError) as lost:
        await database.worker_statement("select pg_terminate_backend(pg_backend_pid())")
    assert lost.value.reason is Reason.DATABASE_UNAVAILABLE
    assert await database.worker_statement("select 1")


async def test_one_statement_of_a_tenant_is_a_transaction_of_its_own_tenant(database: Database) -> None:
    one, other = a_tenant(), a_tenant()
    take = "select enter_tenant($1), (select count(*) from find_answer($1, 'ann', '/x', $2)) as found"
    columns = "tenant_id, sub, method, request_id, body_hash, response"
    keep = f"insert into idempotency ({columns}) values ($1, $2, $3, $4, '', '')"
    request = uuid4()
    async with database.transaction(one) as connection:
        await connection.execute(keep, one, "ann", "/x", request)
    assert [row["found"] for row in await database.tenant_statement(one, take, request)] == [1]
    assert [row["found"] for row in await database.tenant_statement(other, take, request)] == [0]
    async with database._app.acquire() as connection:
        assert not await connection.fetchval("select current_setting('soma.tenant_id', true)")
    async with database.transaction(other) as connection:
        # A function that is asked for another tenant than the transaction's sees what the transaction may see.
        assert await connection.fetch("select * from find_answer($1, 'ann', '/x', $2)", one, request) == []
        assert await connection.fetchval("show soma.tenant_id") == other.hex


async def test_a_failing_statement_of_a_tenant_leaves_nothing_behind(database: Database) -> None:
    tenant = a_tenant()
    add = "insert into rate_limits (tenant_id, sub, name, arrival_time) select $1, $2, 'x', now() from enter_tenant($1)"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.tenant_statement(tenant, add.replace("enter_tenant($1)", "(select 1) as nobody"), "ann")
    with pytest.raises(SomaError) as lost:
        await database.tenant_statement(
            tenant, "select pg_terminate_backend(pg_backend_pid()) where $1::uuid is not null"
        )
    assert lost.value.reason is Reason.DATABASE_UNAVAILABLE
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 0


async def test_a_read_of_a_tenant_is_asked_again_when_its_connection_is_lost(database: Database) -> None:
    tenant = a_tenant()
    question = "select pg_advisory_xact_lock_shared(7), 7 as seven where $1::uuid is not null"

    async def cut() -> bool:
        async with database.transaction(tenant) as connection:
            end = "select pg_terminate_backend(pid) from pg_stat_activity where query = $1 and state = 'active'"
            return bool(await connection.fetchval(end, question))

    async with database.transaction(tenant) as holder:
        await holder.execute("select pg_advisory_xact_lock(7)")
        asked = asyncio.create_task(database.tenant_read(tenant, question))
        await eventually(cut, within_seconds=30)
    assert [row["seven"] for row in await asked] == [7]


async def test_without_a_tenant_no_row_is_seen(database: Database) -> None:
    tenant = a_tenant()
    async with database.transaction(tenant) as connection:
        await connection.execute(ADD, tenant, "ann")
    async with database._app.acquire() as connection:
        assert await connection.fetchval(COUNT) == 0


class Crafted(UUID):
    """A UUID whose text would say more than its number."""

    def __str__(self) -> str:
        return "'; reset role; select '"

    __format__ = __str__  # type: ignore[assignment]


async def test_the_text_of_a_tenant_can_say_nothing_but_its_number(database: Database) -> None:
    tenant = a_tenant()
    async with database.transaction(TenantId(Crafted(int=tenant.int))) as connection:
        await connection.execute(ADD, tenant, "ann")
        assert await connection.fetchval("show soma.tenant_id") == tenant.hex
    with pytest.raises(AttributeError):
        async with database.transaction("'; select pg_sleep(10); --"):  # type: ignore[arg-type]
            pass
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 1


async def test_a_tenant_does_not_outlive_its_transaction(database: Database) -> None:
    for leave in (False, True):
        with suppress(ZeroDivisionError):
            async with database.transaction(a_tenant()) as connection:
                backend = await connection.fetchval("select pg_backend_pid()")
                assert not leave or 1 / 0
        async with database._app.acquire() as connection:
            assert await connection.fetchval("select pg_backend_pid()") == backend
            assert not await connection.fetchval("select current_setting('soma.tenant_id', true)")
            assert not connection.is_in_transaction()


async def test_a_failure_rolls_back(database: Database) -> None:
    tenant = a_tenant()
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(tenant) as connection:
            _ = 1 / (await connection.execute(ADD, tenant, "ann")).count("?")
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 0


async def test_a_swallowed_failure_is_never_taken_for_a_commit(database: Database) -> None:
    tenant = a_tenant()

    async def swallow() -> None:
        async with database.transaction(tenant) as connection:
            await connection.execute(ADD, tenant, "ann")
            with suppress(asyncpg.UniqueViolationError):
                await connection.execute(ADD, tenant, "ann")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await swallow()


async def test_a_cancelled_task_leaves_no_open_transaction(database: Database) -> None:
    tenant = a_tenant()

    async def work() -> None:
        async with database.transaction(tenant) as connection:
            await connection.execute(ADD, tenant, "ann")
            await connection.execute("select pg_sleep(30)")

    for _ in range(6):
        task = asyncio.create_task(work())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 0
        busy = "select count(*) from pg_stat_activity where state like '%transaction%' and pid <> pg_backend_pid()"
        assert await connection.fetchval(busy) == 0


async def test_a_task_cancelled_at_any_moment_gives_its_connection_back_clean(database: Database) -> None:
    tenant = a_tenant()

    async def work() -> None:
        async with database.transaction(tenant) as connection:
            await connection.execute(ADD, tenant, "ann")
            await connection.execute("select pg_sleep(30)")

    async with database.transaction(tenant):
        pass
    loop = asyncio.get_running_loop()
    errors: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    for steps in range(60):
        task = asyncio.create_task(work())
        for _ in range(steps % 12):
            await asyncio.sleep(0)
        await asyncio.sleep(steps * 0.00005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert errors == []
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 0


async def test_a_commit_is_finished_even_when_the_task_is_cancelled(database: Database) -> None:
    tenant = a_tenant()
    for sub in map(str, range(30)):
        reached = asyncio.Event()

        async def work(sub: str, reached: asyncio.Event) -> None:
            async with database.transaction(tenant) as connection:
                await connection.execute(ADD, tenant, sub)
                reached.set()

        task = asyncio.create_task(work(sub, reached))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with database.transaction(tenant) as connection:
        assert await connection.fetchval(COUNT) == 30


async def test_deadlocks_are_repeated(database: Database) -> None:
    tenant = a_tenant()
    async with database.transaction(tenant) as connection:
        for sub in ("a", "b"):
            await connection.execute(ADD, tenant, sub)
    tries: list[str] = []
    both = asyncio.Barrier(2)

    async def touch(first: str, second: str) -> None:
        async def work(connection: Connection) -> None:
            tries.append(first)
            update = "update rate_limits set arrival_time = now() where sub = $1"
            await connection.execute(update, first)
            if len(tries) <= 2:
                await both.wait()
            await connection.execute(update, second)

        await database.run(tenant, work)

    await asyncio.gather(touch("a", "b"), touch("b", "a"))
    assert len(tries) == 3


async def test_a_cut_connection_is_repeated_before_the_commit(database: Database) -> None:
    tenant = a_tenant()
    tries = 0

    async def work(connection: Connection) -> int:
        nonlocal tries
        tries += 1
        await connection.execute(ADD, tenant, "ann")
        if tries == 1:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        return tries

    assert await database.run(tenant, work) == 2


async def test_text_that_cannot_be_stored_is_a_bad_field(database: Database) -> None:
    tenant = a_tenant()
    with pytest.raises(SomaError) as caught:
        async with database.transaction(tenant) as connection:
            await connection.execute(ADD, tenant, "a\0b")
    assert caught.value.reason is Reason.INVALID_FIELD


async def test_a_statement_that_takes_too_long_is_unavailable(database: Database) -> None:
    sleep = "set local statement_timeout = '50ms'; select pg_sleep(5)"
    with pytest.raises(SomaError) as caught:
        async with database.transaction(a_tenant()) as connection:
            await connection.execute(sleep)
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
    assert caught.value.retry_after_seconds


async def test_roles_have_their_timeouts_and_rights(database: Database) -> None:
    async with database.transaction(a_tenant()) as connection:
        assert await connection.fetchval("show statement_timeout") == "15s"
        assert await connection.fetchval("show lock_timeout") == "5s"
        assert await connection.fetchval("show idle_in_transaction_session_timeout") == "15s"
        assert await connection.fetchval("show search_path") == "chat"
    async with database.worker() as connection:
        assert await connection.fetchval("show statement_timeout") == "30s"
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(a_tenant()) as connection:
            await connection.execute("create table mine (x int)")


async def test_migrations_run_once_and_refuse_a_changed_file(house_database: HouseDatabases) -> None:
    urls = house_database("chat", None)
    assert urls.owner_dsn is not None
    assert await migrate(urls.owner_dsn, urls.schema, None) == []
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        assert await schema_version(connection, "chat") == len(migrations_of(None))
        await connection.execute("update schema_migrations set checksum = 'other' where version = 2")
    finally:
        await connection.close()
    with pytest.raises(MigrationError, match="0002_idempotency was applied to the schema chat with other content"):
        await migrate(urls.owner_dsn, urls.schema, None)


async def test_a_schema_that_is_behind_is_refused(house_database: HouseDatabases, open_database: OpenDatabase) -> None:
    urls = house_database("chat", None)
    database = await open_database(urls)
    await require_current(database, None)
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        await connection.execute("delete from schema_migrations where version = 3")
    finally:
        await connection.close()
    with pytest.raises(MigrationError, match="1 migrations are missing"):
        await require_current(database, None)


EMPTY_SCHEMA = """
do $$
declare thing text;
begin
    -- All names before the first goes: what went with another has none any more.
    foreach thing in array array(
        select format('table if exists %s', oid::regclass) from pg_class
        where relnamespace = 'chat'::regnamespace and relkind in ('r', 'p') and not relispartition
        union all
        select format('function if exists %s', oid::regprocedure) from pg_proc where pronamespace = 'chat'::regnamespace
    )
    loop execute format('drop %s cascade', thing); end loop;
end $$
"""


async def test_two_migrations_at_once_apply_each_file_once(house_database: HouseDatabases) -> None:
    urls = house_database("chat", None)
    assert urls.owner_dsn is not None
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        await connection.execute(EMPTY_SCHEMA)
    finally:
        await connection.close()
    dsn = urls.owner_dsn
    applied = await asyncio.gather(*(migrate(dsn, "chat", None) for _ in range(3)))
    assert sorted(map(len, applied)) == [0, 0, len(migrations_of(None))]


async def test_the_database_answers_a_ping_while_every_connection_is_busy(database: Database) -> None:
    tenant = a_tenant()

    async def be_busy() -> None:
        async with database.transaction(tenant) as connection:
            await connection.execute("select pg_sleep(14)")

    tasks = [asyncio.create_task(be_busy()) for _ in range(8)]
    pool = database._app
    await eventually(lambda: pool.get_size() - pool.get_idle_size() == pool.get_max_size(), within_seconds=10)
    await database.ping(10)
    assert sum(not task.done() for task in tasks) >= pool.get_max_size()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
