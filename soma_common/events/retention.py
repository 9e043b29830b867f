"""What is kept of events and for how long: partitions of the log ahead of time, and sweeps of log, inbox and bus.

Nothing here publishes or consumes.
"""

from datetime import timedelta
from typing import Final

from soma_common.events.inbox import sweep_inbox
from soma_common.events.transports.port import Transport
from soma_common.kernel.clock import Clock
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries
from soma_common.replay.store import sweep_replays

_SQL = Queries.of("soma_common.events", "sql/retention.sql")

LOG_KEPT: Final = timedelta(days=30)
WEEKS_AHEAD: Final = 4


class Retention:
    """The steady work on one house's log, and on the transport it publishes to."""

    def __init__(self, database: Database, transport: Transport, clock: Clock) -> None:
        self._database = database
        self._transport = transport
        self._clock = clock

    async def make_partitions(self) -> None:
        """Make those of this week and the coming ones that are missing."""
        await self._database.worker_statement(_SQL.make_partitions, self._clock.now(), WEEKS_AHEAD)

    async def keep(self) -> None:
        """Make the partitions of the coming weeks, and forget what is older than its time. Safe to repeat."""
        await self.make_partitions()
        await self._database.worker_statement(_SQL.drop_old, self._clock.now() - LOG_KEPT)
        await sweep_inbox(self._database, LOG_KEPT.total_seconds())
        await self._database.worker_statement(_SQL.sweep_letters, LOG_KEPT.total_seconds())
        await sweep_replays(self._database, LOG_KEPT.total_seconds())
        await self._transport.sweep()
