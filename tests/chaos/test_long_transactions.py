"""Transactions that stay open, one with an old snapshot and one with a stream's head, while sixteen writers write."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.testing.eventually import eventually
from tests.chaos.conftest import Scenes
from tests.chaos.course import Course
from tests.chaos.program import change
from tests.chaos.scene import Scene
from tests.chaos.stage import TRANSPORTS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]

WRITERS: Final = 16
CHANGES: Final = 6
ONE, HELD = "conversation/one", "conversation/held"


@asynccontextmanager
async def old_snapshot(scene: Scene) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that sees the log as it is now, for as long as it lasts."""
    connection = await asyncpg.connect(scene.urls.owner_dsn)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await connection.fetchval("select count(*) from outbox")
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def held_head(scene: Scene, tenant: TenantId, store: EventStore) -> AsyncIterator[None]:
    """A transaction that has written to a stream and is not committed before the end of the block."""
    database = await Database.open(scene.plan.house())
    try:
        async with database.transaction(tenant) as connection:
            await change(connection, store, tenant, str(uuid4()), [HELD])
            busy = asyncio.create_task(never_idle(connection))
            yield
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
    finally:
        await database.close()


async def never_idle(connection: Connection) -> None:
    """The server ends a transaction that is idle for long."""
    while True:
        await asyncio.shield(connection.fetchval("select 1"))
        await asyncio.sleep(1)


async def write_hard(scene: Scene) -> None:
    """Sixteen writers: every change goes to the one stream and to one of many."""
    tenant, store = TenantId(UUID(scene.plan.tenants[0])), EventStore("chat")
    databases = [await Database.open(scene.plan.house()) for _ in range(4)]

    async def writer(number: int) -> None:
        chance = random.Random(number)
        for _ in range(CHANGES):
            streams = [ONE, f"conversation/{chance.randrange(40)}"]
            await surely(databases[number % 4], store, tenant, streams)

    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(old_snapshot(scene))
            await stack.enter_async_context(held_head(scene, tenant, store))
            waits = asyncio.create_task(surely(databases[0], store, tenant, [HELD]))
            await asyncio.gather(*(writer(number) for number in range(WRITERS)))

            async def others_flow() -> bool:
                left = await scene.left()
                return not left["waiting"] and not left["missing"]

            await eventually(others_flow, within_seconds=60, every_seconds=0.2)
            assert not waits.done()
        await waits
    finally:
        for database in databases:
            await database.close()


async def surely(database: Database, store: EventStore, tenant: TenantId, streams: list[str]) -> None:
    """As a caller does it: nobody waits for a lock for ever, and what was refused is tried again."""
    request_id = str(uuid4())
    while True:
        try:
            async with database.transaction(tenant) as connection:
                return await change(connection, store, tenant, request_id, streams)
        except SomaError as problem:
            if problem.reason is not Reason.CONFLICT:
                raise


async def go_through(scene: Scene) -> None:
    course = Course(scene, 3)
    course.start("relay", "consumer")
    await write_hard(scene)
    assert await course.judged() == []
    lines = (scene.history / "committed").read_text().splitlines()
    assert sum(f'"{ONE}"' in line for line in lines) == WRITERS * CHANGES
    assert sum(f'"{HELD}"' in line for line in lines) == 2


async def test_open_transactions_hold_up_their_own_stream_only(scenes: Scenes) -> None:
    async with asyncio.TaskGroup() as group:
        for transport in TRANSPORTS:
            group.create_task(go_through(await scenes(transport)))
