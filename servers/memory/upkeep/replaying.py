"""What a sleep cycle replays: the most important memories that a consolidation may look at and none has lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_use
from servers.memory.storing.rows import memory_of_row
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/consolidations.sql")
# What was looked at is not looked at again for so long: the memories of a day come to those of a week.
RESTS: Final = timedelta(days=7)
MOST_COUNTED: Final = 1000


class Replaying:
    """Reads what is replayed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def first(self, caller: Caller, namespaces: Sequence[str], most: int) -> list[Memory]:
        """The most important ones of these namespaces together, as far as the caller may use them."""
        async with self._database.transaction(caller.tenant_id) as connection:
            rows = await connection.fetch(_SQL.to_replay, *self._looked_for(caller, namespaces), most)
        return [memory_of_row(row) for row in rows]

    async def count(self, caller: Caller, namespaces: Sequence[str]) -> int:
        """How many there are in these namespaces, at most `MOST_COUNTED`."""
        values = (*self._looked_for(caller, namespaces), MOST_COUNTED)
        async with self._database.transaction(caller.tenant_id) as connection:
            return int(await connection.fetchval(_SQL.count_to_replay, *values))

    def _looked_for(self, caller: Caller, namespaces: Sequence[str]) -> tuple[TenantId, list[str], datetime, datetime]:
        now = self._clock.now()
        return caller.tenant_id, [name for name in namespaces if may_use(caller, name)], now - RESTS, now

    async def again(self, caller: Caller, memory_ids: Sequence[UUID]) -> list[Memory]:
        """Those of these that can still be seen or rest in a fact, in this order."""
        tenant_id = caller.tenant_id
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_SQL.replayed, tenant_id, list(memory_ids), self._clock.now())
        return [memory for memory in map(memory_of_row, rows) if may_use(caller, memory.namespace)]
