"""States and their log in PostgreSQL.

What a change means is decided in `domain/`; here it is read, locked and written.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.neuromodulators import Signal, Values
from servers.cognitive.domain.state import LogLine, State, first_state
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/queries.sql")


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the log, the state that it leads to, and what `append_events` needs to tell of it."""

    agent_id: UUID
    line: LogLine
    after: State
    events: tuple[Any, ...]


class StateStore:
    """Reads and writes the states of one tenant, in one statement each or inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: TenantId, agent_id: UUID, now: datetime) -> State:
        """The state of an agent, or its first one where nothing has happened."""
        rows = await self._database.tenant_read(tenant_id, _SQL.find_state, agent_id)
        return _state(rows[0]) if rows else first_state(None, now)

    async def find_with_turn(
        self, tenant_id: TenantId, agent_id: UUID, turn_id: UUID, first: State
    ) -> tuple[State, tuple[int, Values] | None]:
        """The state (`first` where nothing has happened), and what a turn led to if it was observed before."""
        rows = await self._database.tenant_read(tenant_id, _SQL.find_state_and_turn, agent_id, turn_id)
        row = rows[0]
        seen = None if row["turn_version"] is None else (row["turn_version"], Values(*row["turn_after"]))
        return first if row["version"] is None else _state(row), seen

    async def lock(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, first: State) -> State:
        """The state of an agent, held until the transaction ends; made from `first` where there is none."""
        await connection.execute(_SQL.make_state, tenant_id, agent_id, list(astuple(first.values)), first.as_of)
        return _state(await connection.fetchrow(_SQL.lock_state, tenant_id, agent_id))

    async def write(self, connection: Connection, tenant_id: TenantId, move: Move) -> None:
        """Move a locked state on."""
        await connection.fetchval(_SQL.move_state, tenant_id, *_values(move))

    async def move(self, tenant_id: TenantId, move: Move) -> bool:
        """Move a state on in one round trip; False, and nothing written, when it has moved since it was read."""
        rows = await self._database.tenant_statement(tenant_id, _SQL.move_state, *_values(move))
        return bool(rows[0]["written"])

    async def log(self, connection: Connection, agent_id: UUID, before_version: int, limit: int) -> list[LogLine]:
        """The lines before a version, newest first."""
        rows = await connection.fetch(_SQL.list_log, agent_id, before_version, limit)
        return [_line(row) for row in rows]


def _values(move: Move) -> tuple[Any, ...]:
    line, after = move.line, move.after
    return (
        move.agent_id,
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
        list(astuple(after.baseline)),
        after.as_of,
        list(after.recent_failures),
        *move.events,
    )


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
