"""Requests counted in the house's own database, in a statement of its own or on the way of another one.

The law stands once, in `sql/limits.sql`, as parts that a statement takes in.
"""

import re
from datetime import timedelta
from typing import Final

from soma_common.kernel.tenancy import TenantId
from soma_common.limits.policy import RateLimit
from soma_common.limits.port import Counting, RateLimits, refusal
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.limits", "sql/limits.sql")
# A cast has two colons.
_PLACE: Final = re.compile(r"(?<!:):(?P<name>tenant|sub|name|interval|tolerance)\b")


def counting_statement(statement: str, **parameters: str) -> str:
    """A statement with the parts `:taken` and `:wait` filled in.

    `parameters` says which of its own are `tenant`, `sub`, `name`, `interval` and `tolerance`: `tenant="$1"`. A request
    is counted for each row of its `asked`, where the tenant must have been entered.
    """
    whole = statement.replace(":taken", _SQL.taken).replace(":wait", _SQL.wait)
    return _PLACE.sub(lambda place: parameters[place["name"]], whole)


_TAKE: Final = counting_statement(
    _SQL.take, tenant="$1", sub="$2::text", name="$3::text", interval="$4::interval", tolerance="$5::interval"
)


class PostgresRateLimits(RateLimits):
    """Rate limits of a house, in its table `rate_limits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, tenant_id: TenantId, sub: str, limit: RateLimit) -> None:
        """Counts in one round trip."""
        counting = self.on_the_way(limit)
        values = (sub, limit.name, counting.interval, counting.tolerance)
        (row,) = await self._database.tenant_statement(tenant_id, _TAKE, *values)
        if row["wait_seconds"] > 0:
            raise refusal(sub, limit, row["wait_seconds"])

    def on_the_way(self, limit: RateLimit) -> Counting:
        """The limit as intervals."""
        return Counting(
            timedelta(seconds=limit.interval_seconds),
            timedelta(seconds=limit.tolerance_seconds),
        )

    async def sweep(self) -> None:
        """Deletes rows that say nothing any more."""
        await self._database.worker_statement(_SQL.sweep)

    async def close(self) -> None:
        """Nothing: the database is the house's."""
