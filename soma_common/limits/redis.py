"""Requests counted in Redis, by one script that runs whole: what it counts is exact however many ask at once.

Imported where a Redis is configured and nowhere else.
"""

from importlib.resources import files
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from soma_common.kernel.breaker import Breaker, BreakerRule
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.limits.policy import RateLimit
from soma_common.limits.port import RateLimits, refusal
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.limits")
_MICROS: Final = 1_000_000
# Nobody waits longer for a count, and while Redis is away one request in a second tries whether it is back.
_ANSWER_SECONDS: Final = 0.25
_RULE: Final = BreakerRule(failures=1, rest_seconds=1.0)


class RedisRateLimits(RateLimits):
    """Rate limits in one Redis. While it is away everybody passes, and a metric counts them."""

    def __init__(
        self, url: str, clock: Clock, registry: CollectorRegistry, *, answer_seconds: float = _ANSWER_SECONDS
    ) -> None:
        self._client = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=answer_seconds,
            socket_connect_timeout=answer_seconds,
        )
        self._script = self._client.register_script(files("soma_common.limits").joinpath("lua/take.lua").read_bytes())
        self._clock = clock
        self._breaker = Breaker(_RULE)
        self._unchecked = Counter(
            "soma_rate_limit_unchecked",
            "Requests that passed uncounted because Redis did not answer.",
            registry=registry,
        )

    async def take(self, tenant_id: TenantId, sub: str, limit: RateLimit) -> None:
        """Counts in one round trip, or lets pass what cannot be counted."""
        self._breaker, allowed = self._breaker.allows(self._clock.monotonic())
        wait_micros = await self._count(tenant_id, sub, limit) if allowed else None
        if wait_micros is None:
            self._unchecked.inc()
        elif wait_micros > 0:
            raise refusal(sub, limit, max(0.001, wait_micros / _MICROS))

    async def _count(self, tenant_id: TenantId, sub: str, limit: RateLimit) -> float | None:
        key = f"soma:limits:{tenant_id}:{limit.name}:{sub}"
        law = (round(limit.interval_seconds * _MICROS), round(limit.tolerance_seconds * _MICROS))
        try:
            wait = await self._script(keys=[key], args=law)
        except (RedisError, OSError, TimeoutError) as problem:
            _LOG.warning("requests pass uncounted while Redis is away", problem=type(problem).__name__)
            self._breaker = self._breaker.failed(self._clock.monotonic())
            return None
        self._breaker = self._breaker.succeeded(self._clock.monotonic())
        return float(wait)

    def on_the_way(self, limit: RateLimit) -> None:
        """A statement in PostgreSQL does not reach the count."""

    async def sweep(self) -> None:
        """Nothing: keys end by themselves."""

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()
