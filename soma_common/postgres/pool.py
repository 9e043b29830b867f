"""The one way to a house's tables: tenant-scoped transactions over two small pools.

Nothing here knows a table. SQL arrives as text from `Queries`; failures leave as `failures.py` says.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias, TypeVar

import asyncpg

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.failures import (
    DRIVER_EXCEPTIONS,
    RETRY_AFTER_SECONDS,
    Failure,
    OutcomeUnknownError,
    connecting,
    failure_of,
    translate,
    translated,
)
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.queries import Queries

__all__ = ["Connection", "Database", "HouseDatabase"]

T = TypeVar("T")

_SQL = Queries.of("soma_common.postgres", "sql/pool.sql")
_ACQUIRE_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 5.0
_ROLLBACK_SECONDS: Final = 3.0
_COMMAND_SECONDS: Final = 35.0
# A login costs tens of milliseconds; whoever asks again after a pause should not wait for one.
_IDLE_SECONDS: Final = 3600.0
# Long enough for a killed server to come back under its supervisor, short enough for a person who waits.
_PAUSES: Final = (0.0, 0.05, 0.15, 0.3, 0.5, 0.8)


class PooledConnection(asyncpg.Connection):
    """A connection that never carries state of a session, so that giving it back costs no round trip."""

    def get_reset_query(self) -> str:
        """Nothing to reset: settings are local to transactions, locks too."""
        return ""


Pool: TypeAlias = "asyncpg.Pool"
# What stores get: a pooled connection, or a plain one in tests and migrations.
Connection: TypeAlias = "asyncpg.Connection | asyncpg.pool.PoolConnectionProxy"


@dataclass(slots=True)
class _Attempt:
    """How far one try of a transaction went."""

    committing: bool = False


class Database:
    """A house's database, one object per process. It recovers by itself when the server comes back."""

    def __init__(self, urls: HouseDatabase, app: Pool, worker: Pool) -> None:
        self.house = urls.house
        self.schema = urls.schema
        self._app = app
        self._worker = worker

    @classmethod
    async def open(cls, urls: HouseDatabase, *, app_pool: int = 4, worker_pool: int = 2) -> Self:
        """Make the pools. Connects on first use only, so that a service may start before its database."""
        return cls(
            urls,
            await _pool(urls.app_dsn, app_pool, f"soma {urls.house}"),
            await _pool(urls.worker_dsn, worker_pool, f"soma {urls.house} worker"),
        )

    async def close(self) -> None:
        """Close both pools; connections that are still busy after a moment are cut."""
        for pool in (self._app, self._worker):
            try:
                async with asyncio.timeout(_ROLLBACK_SECONDS):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def transaction(self, tenant: TenantId) -> AsyncIterator[Connection]:
        """One transaction that sees and writes the rows of this tenant only.

        Raises SomaError(DATABASE_UNAVAILABLE | CONFLICT | INVALID_FIELD); constraint violations stay asyncpg's.
        """
        with translated():
            async with _transaction(self._app, tenant, _Attempt()) as connection:
                yield connection

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Connection]:
        """One transaction as the worker role: all tenants, but only the queue and lease tables.

        Raises as `transaction`.
        """
        with translated():
            async with _transaction(self._worker, None, _Attempt()) as connection:
                yield connection

    async def run(self, tenant: TenantId, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do the work in a transaction of the tenant; the whole of it is repeated while that is safe.

        Safe means: PostgreSQL asked for it (40001, 40P01), or the connection was lost before COMMIT was sent. `work`
        may therefore run several times and must have no effect outside the transaction. Raises as `transaction`, and
        OutcomeUnknownError when the connection was lost after COMMIT was sent.
        """
        return await _repeat(lambda attempt: _transaction(self._app, tenant, attempt), work)

    async def run_worker(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """As `run`, as the worker role."""
        return await _repeat(lambda attempt: _transaction(self._worker, None, attempt), work)

    async def tenant_statement(self, tenant: TenantId, statement: str, *args: object) -> list[asyncpg.Record]:
        """One statement that calls functions which set their tenant, and the rows it gives: one round trip, one commit.

        The tenant is its first parameter. A function that sets none sees no row. As to lost connections and what is
        raised, see `worker_statement`.
        """
        return await _repeat(
            lambda attempt: _unbound(self._app, attempt), lambda it: it.fetch(statement, tenant, *args)
        )

    async def tenant_read(self, tenant: TenantId, statement: str, *args: object) -> list[asyncpg.Record]:
        """As `tenant_statement`, for one that changes nothing: where its connection is lost, it is asked again."""
        return await _repeat(lambda _: _borrowed(self._app), lambda it: it.fetch(statement, tenant, *args))

    async def worker_statement(self, statement: str, *args: object) -> list[asyncpg.Record]:
        """One statement as the worker role and the rows it gives: it commits by itself, in one round trip.

        A connection lost meanwhile leaves the outcome unknown: only what may be done twice, or is told apart by keys,
        belongs here. Raises as `transaction`, and OutcomeUnknownError for that.
        """
        return await _repeat(lambda attempt: _unbound(self._worker, attempt), lambda it: it.fetch(statement, *args))

    async def ping(self, timeout_seconds: float = 2.0) -> None:
        """Prove that the database answers, also while all is busy. Raises SomaError(DATABASE_UNAVAILABLE).

        It is said in time: a server that hangs does not even let go of a question that is taken back.
        """
        asked = asyncio.ensure_future(self._ask())
        try:
            await asyncio.wait((asked,), timeout=timeout_seconds)
        finally:
            if not asked.done():
                asked.cancel()
                asked.add_done_callback(_forget)
        if asked.cancelled() or not asked.done():
            raise SomaError(Reason.DATABASE_UNAVAILABLE, retry_after_seconds=RETRY_AFTER_SECONDS)
        asked.result()

    async def _ask(self) -> None:
        has_room = self._app.get_idle_size() > 0 or self._app.get_size() < self._app.get_max_size()
        with translated():
            async with _borrowed(self._app if has_room else self._worker) as connection:
                await connection.fetchval(_SQL.ping)


def _forget(asked: "asyncio.Future[None]") -> None:
    """Whatever becomes of a question that nobody waits for any more."""
    if not asked.cancelled():
        asked.exception()


async def _pool(dsn: str, size: int, name: str) -> Pool:
    pool: Pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        max_inactive_connection_lifetime=_IDLE_SECONDS,
        connection_class=PooledConnection,
        server_settings={"application_name": name},
    )
    return pool


@asynccontextmanager
async def _borrowed(pool: Pool) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    with connecting():
        # Only who may have to wait pays for a limit on waiting.
        connection = await pool.acquire(timeout=None if pool.get_idle_size() else _ACQUIRE_SECONDS)
    try:
        yield connection
    finally:
        await pool.release(connection, timeout=_ACQUIRE_SECONDS)


@asynccontextmanager
async def _transaction(pool: Pool, tenant: TenantId | None, attempt: _Attempt) -> AsyncIterator[Connection]:
    async with _borrowed(pool) as connection:
        try:
            await connection.execute(_SQL.begin if tenant is None else _begin_for(tenant))
            yield connection
        except BaseException:
            await unhurried(_roll_back(connection))
            raise
        attempt.committing = True
        await unhurried(_commit(connection))


def _begin_for(tenant: TenantId) -> str:
    """The beginning and the tenant in one round trip; the text is made of nothing but the number of the UUID."""
    return _SQL.begin_for_tenant.replace(":tenant", f"{tenant.int:032x}")


async def _commit(connection: Connection) -> None:
    """A COMMIT that PostgreSQL answers with ROLLBACK is an error and not a success."""
    if await connection.execute(_SQL.commit) == "ROLLBACK":
        raise asyncpg.InFailedSQLTransactionError("a statement had failed, so the transaction was rolled back")


@asynccontextmanager
async def _unbound(pool: Pool, attempt: _Attempt) -> AsyncIterator[Connection]:
    """A connection on which each statement is its own transaction."""
    async with _borrowed(pool) as connection:
        attempt.committing = True
        yield connection


async def _roll_back(connection: Connection) -> None:
    """Undo, or cut a connection that does not even do that: none goes back to the pool with a transaction open."""
    try:
        async with asyncio.timeout(_ROLLBACK_SECONDS):
            await connection.execute(_SQL.roll_back)
    except DRIVER_EXCEPTIONS:
        with suppress(*DRIVER_EXCEPTIONS):
            connection.terminate()


async def unhurried(work: Coroutine[Any, Any, None]) -> None:
    """Let the work end even when our task is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as request:
            cancelled = request
        except Exception:  # noqa: BLE001 - raised by result() below
            break
    task.result()
    if cancelled is not None:
        raise cancelled


async def _repeat(begin: Callable[[_Attempt], Any], work: Callable[[Connection], Awaitable[T]]) -> T:
    pauses = iter(_PAUSES)
    while True:
        attempt = _Attempt()
        try:
            async with begin(attempt) as connection:
                return await work(connection)
        except DRIVER_EXCEPTIONS as problem:
            pause = next(pauses, None)
            if pause is None or not _is_repeatable(problem, attempt):
                error = translate(problem)
                if error is None:
                    raise
                if attempt.committing and error.reason is Reason.DATABASE_UNAVAILABLE:
                    error = OutcomeUnknownError(error.reason, retry_after_seconds=error.retry_after_seconds)
                raise error from problem
        await asyncio.sleep(pause)


def _is_repeatable(problem: BaseException, attempt: _Attempt) -> bool:
    match failure_of(problem):
        case Failure.SERIALIZATION:
            return True
        case Failure.LOST:
            return not attempt.committing
        case _:
            return False
