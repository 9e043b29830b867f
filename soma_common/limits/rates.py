"""Counts requests per tenant, user and limit in one statement each.

Nothing here knows which methods are limited by what: that table is handed in.
"""

from collections.abc import Mapping
from datetime import timedelta

from soma_common.kernel.errors import QuotaViolation, SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.limits.policy import RateLimit
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import RpcCall

_SQL = Queries.of("soma_common.limits", "sql/limits.sql")


class RateLimits:
    """Rate limits of a house. `limits` maps a full method path to its limit; a method without one costs nothing."""

    def __init__(self, database: Database, limits: Mapping[str, RateLimit]) -> None:
        self._database = database
        self._limits = limits

    async def check(self, call: RpcCall) -> None:
        """Count a call. Raises SomaError(RATE_LIMITED) with the time to wait when it is one too many."""
        limit = self._limits.get(call.method)
        if limit is not None:
            await self.take(call.caller.tenant_id, call.caller.sub, limit)

    async def take(self, tenant_id: TenantId, sub: str, limit: RateLimit) -> None:
        """Count one request of this user. Raises as `check`; a refused request is not counted."""

        async def count(connection: Connection) -> float:
            interval = timedelta(seconds=limit.interval_seconds)
            tolerance = timedelta(seconds=limit.tolerance_seconds)
            wait = await connection.fetchval(_SQL.take, tenant_id, sub, limit.name, interval, tolerance)
            return float(wait)

        wait_seconds = await self._database.run(tenant_id, count)
        if wait_seconds > 0:
            raise SomaError(
                Reason.RATE_LIMITED,
                {"limit": limit.sentence},
                retry_after_seconds=wait_seconds,
                quota=(QuotaViolation(f"{limit.name}/{sub}", limit.sentence),),
            )

    async def sweep(self) -> int:
        """Forget everybody who could start afresh anyway; returns how many rows that were."""
        async with self._database.worker() as connection:
            return int((await connection.execute(_SQL.sweep)).rpartition(" ")[2])
