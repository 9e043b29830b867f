"""States and their log in PostgreSQL.

What a change means is decided in `domain/`; here it is read, locked and written.
"""

from dataclasses import astuple
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.neuromodulators import Signal, Values
from servers.cognitive.domain.state import LogLine, State, apply, first_state
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/queries.sql")


class StateStore:
    """Reads and writes the states of one tenant inside the caller's transaction."""

    async def find(self, connection: Connection, agent_id: UUID, now: datetime) -> State:
        """The state of an agent, or its first one where nothing has happened."""
        row = await connection.fetchrow(_SQL.find_state, agent_id)
        return _state(row) if row is not None else first_state(None, now)

    async def lock(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, first: State) -> State:
        """The state of an agent, held until the transaction ends; made from `first` where there is none."""
        await connection.execute(_SQL.make_state, tenant_id, agent_id, list(astuple(first.values)), first.as_of)
        return _state(await connection.fetchrow(_SQL.lock_state, tenant_id, agent_id))

    async def turn(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, turn_id: UUID
    ) -> tuple[int, Values] | None:
        """The version and the values that a turn led to, if it was observed before."""
        row = await connection.fetchrow(_SQL.find_turn, tenant_id, agent_id, turn_id)
        return (row["version"], Values(*row["after"])) if row is not None else None

    async def write(
        self,
        connection: Connection,
        tenant_id: TenantId,
        agent_id: UUID,
        state: State,
        line: LogLine,
    ) -> State:
        """Add a line to the log and move the locked state on; answers the new state."""
        after = apply(state, line)
        await connection.execute(
            _SQL.add_to_log,
            tenant_id,
            agent_id,
            line.version,
            line.kind,
            line.turn_id,
            line.changed_by,
            line.time,
            list(astuple(line.baseline)),
            list(astuple(line.before)),
            list(astuple(after.values)),
            [signal.name for signal in line.signals],
            [signal.upward for signal in line.signals],
            [signal.strength for signal in line.signals],
            [signal.cause for signal in line.signals],
            line.failed,
        )
        await connection.execute(
            _SQL.save_state,
            tenant_id,
            agent_id,
            after.version,
            list(astuple(after.values)),
            list(astuple(after.baseline)),
            after.as_of,
            list(after.recent_failures),
        )
        return after

    async def log(self, connection: Connection, agent_id: UUID, before_version: int, limit: int) -> list[LogLine]:
        """The lines before a version, newest first."""
        rows = await connection.fetch(_SQL.list_log, agent_id, before_version, limit)
        return [_line(row) for row in rows]


def _state(row: Any) -> State:
    return State(
        version=row["version"],
        values=Values(*row["state_values"]),
        baseline=Values(*row["baseline"]),
        as_of=row["as_of"],
        recent_failures=tuple(row["recent_failures"]),
    )


def _line(row: Any) -> LogLine:
    signals = zip(row["signal_names"], row["signal_upward"], row["signal_strengths"], row["signal_causes"], strict=True)
    return LogLine(
        version=row["version"],
        kind=row["kind"],
        turn_id=row["turn_id"],
        changed_by=row["changed_by"],
        time=row["time"],
        baseline=Values(*row["baseline"]),
        before=Values(*row["before"]),
        after=Values(*row["after"]),
        signals=tuple(Signal(*parts) for parts in signals),
        failed=row["failed"],
    )
