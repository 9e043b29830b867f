"""The steady work on memories of all tenants: what expired is deleted, what faded is swept, what nobody can undo goes.

Several processes share it: who takes a tenant moves its next time, so that it is nobody else's until then.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from servers.memory.domain.retention import UNDO
from servers.memory.storing.telling import lost_memories, told
from servers.memory.upkeep.sweeping import Sweeper, SweepOrder
from soma.memory.v1 import upkeep_pb2
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as

_SQL: Final = Queries.of("servers.memory", "sql/sweeps.sql")
_LOG: Final = get_logger("soma.memory.upkeep")
LEASE_SECONDS: Final = 900.0
LOOK_SECONDS: Final = 60.0
# A tenant is looked at about once an hour; its faded memories are swept about once a day.
EVERY_SECONDS: Final = 3600.0
AT_ONCE: Final = 1000
PURGED_AT_ONCE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Nightly:
    """Looks after what is due. `sweeps` says whether faded memories are swept by themselves."""

    database: Database
    sweeper: Sweeper
    events: EventStore
    clock: Clock
    ids: Ids
    sweeps: bool
    min_retention: float

    async def run(self) -> None:
        """Repeats it until cancelled."""
        while True:
            try:
                await self.look()
            except SomaError as error:
                _LOG.info("upkeep waits for the database", reason=error.reason.value)
            except Exception as error:  # noqa: BLE001 - the outermost net of this task: the work goes on
                _LOG.error("upkeep failed", error_id=str(self.ids.uuid7()), exc_info=error)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Looks after each tenant that is due now. Raises DATABASE_UNAVAILABLE."""
        await self.database.worker_statement(_SQL.join_upkeep)
        while due := await self.database.worker_statement(_SQL.claim_upkeep, LEASE_SECONDS):
            tenant_id, sweeps = TenantId(due[0]["tenant_id"]), due[0]["sweeps"]
            with acting_as(service_caller("memory", tenant_id), str(self.ids.uuid7())):
                await self.look_after(tenant_id, sweeps)
            await self.database.worker_statement(_SQL.end_upkeep, tenant_id, EVERY_SECONDS, sweeps)

    async def look_after(self, tenant_id: TenantId, sweeps: bool) -> None:
        """One tenant, in small transactions: cut short, the next look goes on."""
        await self.database.run(tenant_id, lambda it: self._tell_lost(it, tenant_id))
        if sweeps and self.sweeps:
            while await self._sweep(tenant_id) == AT_ONCE:
                continue
        await self.database.run(tenant_id, lambda it: it.execute(_SQL.forget_old, tenant_id, self.clock.now()))
        while await self.database.run(tenant_id, lambda it: self._purge(it, tenant_id)) == PURGED_AT_ONCE:
            continue

    async def _sweep(self, tenant_id: TenantId) -> int:
        order = SweepOrder(self.ids.uuid7(), (), self.min_retention, AT_ONCE, spares_restored=True)
        caller = service_caller("memory", tenant_id)
        answer = await self.sweeper.sweep(
            caller, order, lambda swept: upkeep_pb2.SweepMemoriesResponse(swept_count=swept.count)
        )
        return answer.swept_count

    async def _purge(self, connection: Connection, tenant_id: TenantId) -> int:
        now = self.clock.now()
        rows = await connection.fetch(_SQL.purge, tenant_id, now, now - UNDO, PURGED_AT_ONCE)
        gone = [told("memory.forgotten", row["memory_id"], row["version"], row["namespace"]) for row in rows]
        await self.events.append(connection, tenant_id, [*gone, *await lost_memories(connection, tenant_id)])
        return len(rows)

    async def _tell_lost(self, connection: Connection, tenant_id: TenantId) -> None:
        """Facts that went where the release before this one deleted a memory: it tells of that memory alone."""
        await self.events.append(connection, tenant_id, await lost_memories(connection, tenant_id))
