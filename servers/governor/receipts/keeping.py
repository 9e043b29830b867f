"""The steady work on receipts: partitions of the coming months, and what is older than it is kept.

A month is dropped when no tenant keeps it any more; who keeps less has its receipts deleted before.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/receipts.sql")
DAYS_KEPT: Final = 400
MONTHS_AHEAD: Final = 2
KEEP_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class ReceiptKeeping:
    """Makes room for receipts and lets go of old ones; every method may be repeated, by several at once."""

    database: Database
    clock: Clock

    async def keep(self) -> None:
        """Both. Raises DATABASE_UNAVAILABLE."""
        now = self.clock.now()
        await self.database.worker_statement(_SQL.make_partitions, now, MONTHS_AHEAD)
        await self.database.worker_statement(_SQL.drop_old, now - timedelta(days=DAYS_KEPT))
