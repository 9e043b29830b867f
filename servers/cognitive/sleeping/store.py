"""Sleeps and loads of agents in PostgreSQL.

What follows what is decided in `domain/sleeping.py` and `domain/load.py`; here it is read, locked and written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.load import ASKS_AGAIN, TIME_ABOVE, TURNS_ABOVE, Load
from servers.cognitive.domain.sleeping import Sleep, first_sleep
from servers.cognitive.sleeping.rows import load_of, sleep_of
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/sleeping.sql")
# So many namespaces are asked for at once, as the contract of memory has it.
_MOST_NAMESPACES: Final = 16
# A full load fades under the threshold within eleven minutes.
_FADED: Final = timedelta(minutes=15)

AgentKey = tuple[TenantId, UUID]


@dataclass(frozen=True, slots=True)
class Rest:
    """How an agent sleeps at a moment, after every time to live that ran out by then, and how loaded it is."""

    agent_id: UUID
    sleep: Sleep
    load: Load
    time: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A sleep that follows another: why, by whom, with which word of the caller's, and when."""

    before: Sleep
    after: Sleep
    cause: str
    changed_by: str
    time: datetime
    trace_id: str = ""


class SleepStore:
    """Reads and writes sleeps of one tenant; what many tenants share is read as the worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: TenantId, agent_id: UUID, now: datetime) -> Rest:
        """How an agent sleeps and how loaded it is."""
        [row] = await self._database.tenant_read(tenant_id, _SQL.find_sleep, agent_id)
        return _rest(agent_id, row, now)

    async def find_in(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime) -> Rest:
        """As `find`, in the caller's transaction."""
        return _rest(agent_id, await connection.fetchrow(_SQL.find_sleep, tenant_id, agent_id), now)

    async def find_many(self, keys: Sequence[AgentKey], now: datetime) -> dict[AgentKey, Rest]:
        """As `find`, for agents of any tenants."""
        tenants, agents = [tenant for tenant, _ in keys], [agent for _, agent in keys]
        rows = await self._database.worker_statement(_SQL.find_many, tenants, agents)
        return {_key(row): _rest(row["agent_id"], row, now) for row in rows}

    async def lock(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime) -> Sleep:
        """The sleep as it is stored, held until the transaction ends; made where there is none."""
        await connection.execute(_SQL.make_sleep, tenant_id, agent_id, now)
        return await self.lock_known(connection, tenant_id, agent_id, now) or first_sleep(now)

    async def lock_known(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime
    ) -> Sleep | None:
        """As `lock`; None where there is none."""
        row = await connection.fetchrow(_SQL.lock_sleep, tenant_id, agent_id)
        return None if row is None else sleep_of(row, now)

    async def lock_ended(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime
    ) -> Sleep | None:
        """As `lock`, only where a time to live ran out and nobody else is at it."""
        row = await connection.fetchrow(_SQL.lock_ended_sleep, tenant_id, agent_id, now)
        return None if row is None else sleep_of(row, now)

    async def cause(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, sleep: Sleep) -> str | None:
        """Why an agent came to sleep so; None for one that was never told to."""
        found: str | None = await connection.fetchval(_SQL.find_cause, tenant_id, agent_id, sleep.version)
        return found

    async def write(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, change: Change) -> bool:
        """Move a sleep on and log it; False, and nothing written, when it is not at the version before."""
        after = change.after
        written = await connection.fetchval(
            _SQL.move_sleep,
            tenant_id,
            agent_id,
            after.version,
            after.state,
            after.previous,
            after.since,
            after.until,
            [stay.state for stay in after.returns],
            [stay.until for stay in after.returns],
            change.before.state,
            change.cause,
            change.changed_by,
            change.trace_id,
            change.time,
        )
        return written is not None

    async def ended(self, now: datetime, limit: int) -> list[AgentKey]:
        """Agents of all tenants whose time to live ran out."""
        return [_key(row) for row in await self._database.worker_statement(_SQL.ended_sleeps, now, limit)]

    async def high(self, now: datetime, limit: int) -> dict[AgentKey, Rest]:
        """Agents of all tenants whose load is high for long enough, unless it faded, and started no cycle lately."""
        values = (now - _FADED, now - ASKS_AGAIN, TURNS_ABOVE, now - TIME_ABOVE, limit)
        rows = await self._database.worker_statement(_SQL.high_loads, *values)
        return {_key(row): _rest(row["agent_id"], row, now) for row in rows}

    async def take_up_load(self, key: AgentKey, now: datetime) -> bool:
        """Whether the cycle that a load asks for is the caller's to start."""
        return bool(await self._database.worker_statement(_SQL.take_up_load, *key, now, now - ASKS_AGAIN))

    async def take_up_counting(self, now: datetime, counted_by: datetime, limit: int) -> list[AgentKey]:
        """Agents of all tenants whose memories are the caller's to count."""
        rows = await self._database.worker_statement(_SQL.take_up_counting, now, counted_by, limit)
        return [_key(row) for row in rows]

    async def namespaces(self, key: AgentKey) -> list[str]:
        """Where the newest turns of an agent kept memories."""
        async with self._database.transaction(key[0]) as connection:
            rows = await connection.fetch(_SQL.newest_namespaces, *key, _MOST_NAMESPACES)
        return [row["namespace"] for row in rows]

    async def count_unconsolidated(self, key: AgentKey, count: int) -> None:
        """Keep how many memories of an agent wait."""
        async with self._database.transaction(key[0]) as connection:
            await connection.execute(_SQL.count_unconsolidated, *key, count)


def _key(row: Any) -> AgentKey:
    return TenantId(row["tenant_id"]), row["agent_id"]


def _rest(agent_id: UUID, row: Any, now: datetime) -> Rest:
    return Rest(agent_id, sleep_of(row, now).at(now), load_of(row, now), now)
