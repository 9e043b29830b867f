"""Rate limits: a burst passes, one too many waits, users do not touch each other."""

import asyncio
from uuid import uuid4

import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.limits.policy import RateLimit
from soma_common.limits.rates import RateLimits
from soma_common.postgres.pool import Database
from soma_common.rpc.call import RpcCall
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

SLOW = RateLimit("send", requests=5, period_seconds=600)


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("chat", None))


async def refusal_of(limits: RateLimits, tenant: TenantId, sub: str, limit: RateLimit) -> SomaError | None:
    try:
        await limits.take(tenant, sub, limit)
    except SomaError as refusal:
        return refusal
    return None


async def taken(limits: RateLimits, tenant: TenantId, sub: str, limit: RateLimit) -> bool:
    refusal = await refusal_of(limits, tenant, sub, limit)
    if refusal is None:
        return True
    assert refusal.reason is Reason.RATE_LIMITED
    assert refusal.retry_after_seconds is not None
    assert 0 < refusal.retry_after_seconds <= limit.period_seconds
    assert refusal.quota
    return False


async def test_a_burst_passes_and_the_next_waits(database: Database) -> None:
    limits, tenant = RateLimits(database, {}), TenantId(uuid4())
    assert [await taken(limits, tenant, "ann", SLOW) for _ in range(7)] == [True] * 5 + [False] * 2
    assert await taken(limits, tenant, "bob", SLOW)
    assert await taken(limits, TenantId(uuid4()), "ann", SLOW)


async def test_concurrent_requests_are_counted_exactly(database: Database) -> None:
    limits, tenant = RateLimits(database, {}), TenantId(uuid4())
    results = await asyncio.gather(*(taken(limits, tenant, "ann", SLOW) for _ in range(20)))
    assert sum(results) == 5


async def test_after_the_stated_wait_there_is_room(database: Database) -> None:
    limits, tenant = RateLimits(database, {}), TenantId(uuid4())
    limit = RateLimit("quick", requests=10, period_seconds=1, burst=1)
    await limits.take(tenant, "ann", limit)
    with pytest.raises(SomaError) as caught:
        await limits.take(tenant, "ann", limit)
    wait = caught.value.retry_after_seconds
    assert wait is not None
    await asyncio.sleep(wait)
    await limits.take(tenant, "ann", limit)


async def test_a_method_is_limited_only_when_the_table_says_so(database: Database) -> None:
    limits = RateLimits(database, {"/a/B": RateLimit("b", requests=1, period_seconds=60)})
    caller = Caller(TenantId(uuid4()), "ann")
    for _ in range(3):
        await limits.check(RpcCall(caller, "c", "/a/Free"))
    await limits.check(RpcCall(caller, "c", "/a/B"))
    with pytest.raises(SomaError):
        await limits.check(RpcCall(caller, "c", "/a/B"))


async def test_rows_that_say_nothing_any_more_are_swept(database: Database) -> None:
    limits, tenant = RateLimits(database, {}), TenantId(uuid4())
    await limits.take(tenant, "ann", SLOW)
    async with database.worker() as connection:
        await connection.execute("update rate_limits set arrival_time = now() - interval '1 hour'")
    assert await limits.sweep() == 1


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    for bad in ({"requests": 0}, {"period_seconds": 0}, {"burst": -1}, {"name": ""}):
        with pytest.raises(ValueError, match="a rate limit needs"):
            RateLimit(**({"name": "x", "requests": 1, "period_seconds": 1.0} | bad))  # type: ignore[arg-type]
