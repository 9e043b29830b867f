"""The steady work on receipts: partitions of the coming months, and what is older than it is kept.

A month is dropped when no tenant keeps it any more; of those who keep less the receipts are deleted before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/receipts.sql")
MONTHS_AHEAD: Final = 2
KEEP_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class ReceiptKeeping:
    """Makes room for receipts and lets go of old ones; it may be repeated, by several processes at once.

    `days_of` reads out of a tenant's stored configuration how long it keeps receipts; None stands for one without any.
    """

    database: Database
    clock: Clock
    days_of: Callable[[bytes | None], int]

    async def keep(self) -> None:
        """Both. Raises DATABASE_UNAVAILABLE."""
        now = self.clock.now()
        await self.database.worker_statement(_SQL.make_partitions, now, MONTHS_AHEAD)
        days = await self._days()
        longest = max((*days.values(), self.days_of(None)))
        for tenant, kept in days.items():
            if kept < longest:
                await self._expire(tenant, now - timedelta(days=kept))
        await self.database.worker_statement(_SQL.drop_old, now - timedelta(days=longest))

    async def _days(self) -> Mapping[TenantId, int]:
        """How long each tenant keeps its receipts."""
        rows = await self.database.worker_statement(_SQL.list_tenants)
        return {TenantId(row["tenant_id"]): self.days_of(row["config"]) for row in rows}

    async def _expire(self, tenant: TenantId, before: datetime) -> None:
        while (await self.database.worker_statement(_SQL.expire, tenant, before))[0]["deleted"]:
            continue
