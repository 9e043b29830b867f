"""States, their log and their snapshots in PostgreSQL.

What a change means is decided in `domain/`; here it is read, locked and written.
"""

from dataclasses import astuple
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.cognitive.domain.state import LogLine, State
from servers.cognitive.keeping.moves import Move
from servers.cognitive.keeping.rows import line_of, state_of
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/queries.sql")


class StateStore:
    """Reads and writes the states of one tenant, in one statement or inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: TenantId, agent_id: UUID, now: datetime) -> State:
        """The state of an agent, or its first one where nothing has happened."""
        rows = await self._database.tenant_read(tenant_id, _SQL.find_state, agent_id)
        return state_of(rows[0] if rows else None, now)

    async def lock(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, first: State) -> State:
        """The state of an agent, held until the transaction ends; made from `first` where there is none."""
        await connection.execute(_SQL.make_state, tenant_id, agent_id, list(astuple(first.values)), first.as_of)
        return state_of(await connection.fetchrow(_SQL.lock_state, tenant_id, agent_id), first.as_of)

    async def write(self, connection: Connection, tenant_id: TenantId, move: Move) -> None:
        """Move a locked state on."""
        await connection.fetchval(_SQL.move_state, tenant_id, *move.columns, *move.events)

    async def log(self, connection: Connection, agent_id: UUID, before_version: int, limit: int) -> list[LogLine]:
        """The lines before a version, newest first."""
        rows = await connection.fetch(_SQL.list_log, agent_id, before_version, limit)
        return [line_of(row) for row in rows]

    async def log_after(self, connection: Connection, agent_id: UUID, version: int, limit: int) -> list[LogLine]:
        """The lines after a version, oldest first."""
        rows = await connection.fetch(_SQL.list_log_after, agent_id, version, limit)
        return [line_of(row) for row in rows]

    async def snapshot(self, connection: Connection, agent_id: UUID, version: int) -> State | None:
        """The newest snapshot before a version, else that of the version itself; None where there is neither."""
        row = await connection.fetchrow(_SQL.find_snapshot, agent_id, version)
        return None if row is None else state_of(row, row["as_of"])
