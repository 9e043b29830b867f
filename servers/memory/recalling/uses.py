"""Which turn's recall used which memory, for who asks later what a bad source has touched.

Rows are kept for 400 days; nothing here decides what a use is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/quarantine.sql")
_LOG: Final = get_logger("soma.memory")
KEPT: Final = timedelta(days=400)
_PRUNE_SECONDS: Final = 3600.0
_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Use:
    """That a turn's recall answered a memory, and when."""

    memory_id: UUID
    turn_id: UUID
    time: datetime


class Uses:
    """The uses of memories."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @staticmethod
    async def note(connection: Connection, tenant_id: TenantId, uses: Sequence[Use]) -> None:
        """Remember uses; a turn that uses a memory again counts once. The same pair may not be in `uses` twice."""
        columns = [use.memory_id for use in uses], [use.turn_id for use in uses], [use.time for use in uses]
        await connection.execute(_SQL.note_uses, tenant_id, *columns)

    async def prune(self) -> int:
        """Forget the uses of all tenants that are older than 400 days, some at a time; answers how many."""
        oldest, pruned = self._clock.now() - KEPT, 0
        while True:
            done = await self._database.run_worker(lambda it: it.execute(_SQL.prune_uses, oldest, _BATCH))
            gone = int(done.rpartition(" ")[2])
            pruned += gone
            if gone < _BATCH:
                return pruned

    async def run(self) -> None:
        """Prune every hour until cancelled; what fails is tried again an hour later."""
        while True:
            try:
                await self.prune()
            except SomaError as error:
                _LOG.warning("old uses were not pruned", reason=error.reason.value)
            await asyncio.sleep(_PRUNE_SECONDS)
