"""Where requests are counted, by what is configured: in Redis where there is one, else in PostgreSQL.

Nothing here reads a setting.
"""

from prometheus_client import CollectorRegistry

from soma_common.kernel.clock import Clock
from soma_common.limits.port import RateLimits
from soma_common.limits.postgres import PostgresRateLimits
from soma_common.postgres.pool import Database


def open_limits(redis_url: str | None, database: Database, clock: Clock, registry: CollectorRegistry) -> RateLimits:
    """The rate limits; they connect on first use."""
    if redis_url is None:
        return PostgresRateLimits(database)
    # The library costs a start a moment: only where it is used.
    from soma_common.limits.redis import RedisRateLimits

    return RedisRateLimits(redis_url, clock, registry)
