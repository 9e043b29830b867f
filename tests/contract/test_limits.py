"""Rate limits, one suite on PostgreSQL and on Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.limits import Counting, RateLimit, RateLimits, open_limits
from soma_common.limits.redis import RedisRateLimits
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.redis import launched_redis

pytestmark = pytest.mark.contract

SLOW = RateLimit("send", requests=5, period_seconds=600)
ALSO_SLOW = RateLimit("read", requests=2, period_seconds=600)


@dataclass(frozen=True)
class Counted:
    """Rate limits as two processes of a house open them, and the address of what they count in."""

    one: RateLimits
    other: RateLimits
    urls: HouseDatabase
    redis_url: str | None


@pytest.fixture(params=["postgres", "redis"])
async def counted(
    request: pytest.FixtureRequest, house_database: HouseDatabases, open_database: OpenDatabase
) -> AsyncIterator[Counted]:
    redis_url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    urls = house_database("chat", None)
    one, other = [await opened(redis_url, urls, open_database) for _ in range(2)]
    yield Counted(one, other, urls, redis_url)
    await one.close()
    await other.close()


async def opened(redis_url: str | None, urls: HouseDatabase, open_database: OpenDatabase) -> RateLimits:
    """As `open_limits` does it; but a Redis on a machine that is busy with tests is waited for."""
    if redis_url is None:
        return open_limits(None, await open_database(urls), Clock(), CollectorRegistry())
    return RedisRateLimits(redis_url, Clock(), CollectorRegistry(), answer_seconds=20)


async def wait_of(limits: RateLimits, tenant: TenantId, sub: str, limit: RateLimit) -> float:
    """0 when the request was taken, else the time to wait."""
    try:
        await limits.take(tenant, sub, limit)
    except SomaError as error:
        refused = error
    else:
        return 0.0
    assert refused.reason is Reason.RATE_LIMITED
    assert refused.metadata == {"limit": limit.sentence}
    assert refused.retry_after_seconds is not None
    assert 0 < refused.retry_after_seconds <= limit.period_seconds
    assert refused.quota[0].subject == f"{limit.name}/{sub}"
    return refused.retry_after_seconds


async def test_a_burst_passes_and_the_next_waits(counted: Counted) -> None:
    tenant = TenantId(uuid4())
    waits = [await wait_of(counted.one, tenant, "ann", SLOW) for _ in range(7)]
    assert waits[:5] == [0.0] * 5
    # The next one has its place an interval after the first; being refused does not push it back.
    assert all(115 < wait <= 120 for wait in waits[5:])


async def test_tenants_users_and_limits_do_not_touch_each_other(counted: Counted) -> None:
    tenant, other = TenantId(uuid4()), TenantId(uuid4())
    assert [await wait_of(counted.one, tenant, "ann", ALSO_SLOW) for _ in range(2)] == [0.0, 0.0]
    assert await wait_of(counted.one, tenant, "ann", ALSO_SLOW) > 0
    assert await wait_of(counted.one, tenant, "bob", ALSO_SLOW) == 0
    assert await wait_of(counted.one, other, "ann", ALSO_SLOW) == 0
    assert await wait_of(counted.one, tenant, "ann", SLOW) == 0


async def test_fifty_callers_of_two_processes_are_counted_exactly(counted: Counted) -> None:
    tenant = TenantId(uuid4())
    sides = [counted.one, counted.other] * 25
    waits = await asyncio.gather(*(wait_of(side, tenant, "ann", SLOW) for side in sides))
    assert sum(wait == 0 for wait in waits) == 5


async def test_after_the_stated_wait_there_is_room_for_one(counted: Counted) -> None:
    tenant, limit = TenantId(uuid4()), RateLimit("quick", requests=4, period_seconds=1, burst=1)
    assert await wait_of(counted.one, tenant, "ann", limit) == 0
    wait = await wait_of(counted.one, tenant, "ann", limit)
    assert 0 < wait <= 0.25
    await asyncio.sleep(wait)
    assert await wait_of(counted.one, tenant, "ann", limit) == 0
    assert await wait_of(counted.one, tenant, "ann", limit) > 0


async def test_a_pause_fills_the_burst_and_no_more(counted: Counted) -> None:
    tenant, limit = TenantId(uuid4()), RateLimit("quick", requests=2, period_seconds=1, burst=3)
    assert sum([await wait_of(counted.one, tenant, "ann", limit) == 0 for _ in range(3)]) == 3
    await asyncio.sleep(2)
    waits = await asyncio.gather(*(wait_of(counted.one, tenant, "ann", limit) for _ in range(10)))
    assert sum(wait == 0 for wait in waits) in (3, 4)


async def test_names_of_users_are_text_and_nothing_else(counted: Counted) -> None:
    tenant = TenantId(uuid4())
    for sub in ("a:b", "'; drop table rate_limits; --", "ö" * 200, "x\ny"):
        assert await wait_of(counted.one, tenant, sub, ALSO_SLOW) == 0


async def test_it_is_the_servers_clock_that_counts(counted: Counted) -> None:
    """What stands there was written by the server's clock, not by ours: it is an interval ahead of the server's now."""
    tenant, limit = TenantId(uuid4()), RateLimit("slow", requests=1, period_seconds=100)
    await counted.one.take(tenant, "ann", limit)
    if counted.redis_url is not None:
        async with Redis.from_url(counted.redis_url) as client:
            stood = await client.get(f"soma:limits:{tenant}:slow:ann")
            seconds, micros = await client.time()
        ahead = int(stood or 0) / 1_000_000 - (seconds + micros / 1_000_000)
    else:
        connection = await asyncpg.connect(counted.urls.worker_dsn)
        ahead = await connection.fetchval(
            "select extract(epoch from arrival_time - clock_timestamp())::float8 from rate_limits where tenant_id = $1",
            tenant,
        )
        await connection.close()
    assert 95 < ahead <= 100


async def test_who_could_start_afresh_is_forgotten(counted: Counted) -> None:
    tenant, limit = TenantId(uuid4()), RateLimit("quick", requests=100, period_seconds=1)
    await counted.one.take(tenant, "ann", limit)
    if counted.redis_url is not None:
        client = Redis.from_url(counted.redis_url)

        async def gone() -> bool:
            return not await client.exists(f"soma:limits:{tenant}:quick:ann")

        await eventually(gone, within_seconds=5)
        await client.aclose()
        return
    connection = await asyncpg.connect(counted.urls.worker_dsn)
    await connection.execute("update rate_limits set arrival_time = now() - interval '1 hour'")
    await counted.one.take(TenantId(uuid4()), "ann", SLOW)
    await counted.one.sweep()
    assert await connection.fetchval("select count(*) from rate_limits") == 1
    await connection.close()


async def test_only_the_houses_own_database_counts_on_the_way(counted: Counted) -> None:
    expected = Counting(timedelta(seconds=120), timedelta(seconds=480)) if counted.redis_url is None else None
    assert counted.one.on_the_way(SLOW) == expected


async def test_while_redis_is_away_everybody_passes_at_once_and_is_counted(
    tmp_path: Path, house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    server, registry, tenant = launched_redis(tmp_path), CollectorRegistry(), TenantId(uuid4())
    server.start()
    database = await open_database(house_database("chat", None))
    limits = open_limits(server.url, database, Clock(), registry)
    try:
        assert [await wait_of(limits, tenant, "ann", ALSO_SLOW) > 0 for _ in range(3)] == [False, False, True]
        server.kill()
        begin = time.perf_counter()
        assert [await wait_of(limits, tenant, "ann", ALSO_SLOW) for _ in range(200)] == [0.0] * 200
        assert time.perf_counter() - begin < 2
        assert registry.get_sample_value("soma_rate_limit_unchecked_total") == 200
        await asyncio.to_thread(server.start)

        async def refused() -> bool:
            return await wait_of(limits, tenant, "ann", ALSO_SLOW) > 0

        await eventually(refused, within_seconds=20)
    finally:
        await limits.close()
        server.kill()


async def test_without_its_database_a_request_is_refused(open_database: OpenDatabase, tmp_path: Path) -> None:
    nowhere = f"postgresql://chat_app@/none?host={tmp_path}"
    database: Database = await open_database(HouseDatabase("chat", "chat", nowhere, nowhere))
    limits = open_limits(None, database, Clock(), CollectorRegistry())
    with pytest.raises(SomaError) as caught:
        await limits.take(TenantId(uuid4()), "ann", SLOW)
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    for bad in ({"requests": 0}, {"period_seconds": 0}, {"burst": -1}, {"name": ""}):
        with pytest.raises(ValueError, match="a rate limit needs"):
            RateLimit(**({"name": "x", "requests": 1, "period_seconds": 1.0} | bad))  # type: ignore[arg-type]
