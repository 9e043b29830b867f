"""A statement on a connection of its own: one connection for all calls, a new one after each misfortune."""

import asyncio

import asyncpg
import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.standing import StandingStatement
from soma_common.testing.postgres import HouseDatabases

WHO = "select pg_backend_pid() as pid, pg_sleep($1::float8)"
END_YOURSELF = "select pg_terminate_backend(pg_backend_pid()) where $1::int = 1"


async def pid_of(statement: StandingStatement) -> int:
    (row,) = await statement.rows(0.0)
    return int(row["pid"])


async def test_all_calls_use_one_connection(house_database: HouseDatabases) -> None:
    statement = StandingStatement(house_database("chat", None), WHO)
    try:
        assert await pid_of(statement) == await pid_of(statement)
    finally:
        statement.close()


async def test_a_call_cut_off_in_the_middle_leaves_nothing_to_the_next(house_database: HouseDatabases) -> None:
    statement = StandingStatement(house_database("chat", None), WHO)
    try:
        before = await pid_of(statement)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await statement.rows(30.0)
        assert await pid_of(statement) != before
    finally:
        statement.close()


async def test_a_lost_connection_is_said_and_the_next_call_connects_anew(house_database: HouseDatabases) -> None:
    statement = StandingStatement(house_database("chat", None), END_YOURSELF)
    try:
        with pytest.raises(SomaError) as caught:
            await statement.rows(1)
        assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
        assert await statement.rows(0) == []
    finally:
        statement.close()


async def test_a_refused_row_stays_the_drivers_and_the_statement_goes_on(house_database: HouseDatabases) -> None:
    statement = StandingStatement(house_database("chat", None), "select 1 / $1::int as answer")
    try:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await statement.rows(0)
        assert [row["answer"] for row in await statement.rows(1)] == [1]
    finally:
        statement.close()
