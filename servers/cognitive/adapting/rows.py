"""Adaptations, their log and what turns had used, in PostgreSQL. What a feedback means is decided in `domain/`."""

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.adaptation import (
    FIRST,
    KEPT_VERSIONS,
    Adaptation,
    Feedback,
    Line,
    Shares,
    Weights,
    shares_of,
)
from servers.cognitive.domain.lessons import NOTHING_YET
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/adapting.sql")
_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class UsedTurn:
    """A turn as feedback needs it; `signal` is what was said of it last, None where nothing is.

    `judged_time` is when something was said or taken back last, also where a reset made that count no more.
    """

    turn_id: UUID
    agent_id: UUID
    shares: Shares
    memories_used: int
    signal: float | None
    judged_time: datetime | None


class AdaptationStore:
    """Reads and writes inside the caller's transaction, which is of the tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def turn(
        self, connection: Connection, tenant_id: TenantId, turn_id: UUID, agent_id: UUID | None = None
    ) -> UsedTurn | None:
        """A turn that was observed, of this agent where one is named."""
        return _turn(await connection.fetchrow(_SQL.find_turn, tenant_id, turn_id, agent_id))

    async def newest_turn(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> UsedTurn | None:
        """The turn of an agent that was observed last."""
        return _turn(await connection.fetchrow(_SQL.find_newest_turn, tenant_id, agent_id))

    async def newest_turn_of(
        self, connection: Connection, tenant_id: TenantId, conversation_id: UUID, agent_id: UUID | None
    ) -> UsedTurn | None:
        """The turn of a conversation that was observed last, of this agent where one is named."""
        row = await connection.fetchrow(_SQL.find_newest_turn_of_conversation, tenant_id, conversation_id, agent_id)
        return _turn(row)

    async def judge(
        self,
        connection: Connection,
        tenant_id: TenantId,
        turn_id: UUID,
        moment: datetime,
        said: tuple[float, int] | None,
    ) -> None:
        """Keep when a turn was judged and what was `said`: a signal, and the version of the weights that came of it."""
        signal, version = (None, None) if said is None else said
        await connection.execute(_SQL.judge_turn, tenant_id, turn_id, signal, version, moment)

    async def unjudge(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, after_version: int) -> None:
        """What was said of turns after a version counts no more."""
        await connection.execute(_SQL.unjudge_turns, tenant_id, agent_id, after_version)

    async def lock(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime) -> Adaptation:
        """What an agent has learned, held until the transaction ends; made where there is nothing yet."""
        first = (list(astuple(FIRST.weights)), FIRST.learning_rate, list(astuple(FIRST.mean_shares)), now)
        await connection.execute(_SQL.make_adaptation, tenant_id, agent_id, *first, NOTHING_YET)
        return adaptation_of(await connection.fetchrow(_SQL.lock_adaptation, tenant_id, agent_id))

    async def write(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, line: Line) -> None:
        """Move a locked adaptation on by a line; the oldest lines beyond those that are kept go."""
        after, cause = line.after, line.feedback or Feedback(0.0, 0.0, Shares())
        state = (
            tenant_id,
            agent_id,
            after.version,
            list(astuple(after.weights)),
            after.learning_rate,
            after.feedback_count,
            list(astuple(after.mean_shares)),
            line.time,
        )
        await connection.execute(_SQL.move_adaptation, *state)
        told = (line.kind, line.cause, line.turn_id, line.changed_by, cause.signal, cause.rate)
        used = (list(astuple(cause.shares)), cause.characters, cause.memories_used, cause.again)
        await connection.execute(_SQL.write_line, *state, *told, *used)
        await self.forget(connection, tenant_id, agent_id, after.version - KEPT_VERSIONS + 1)

    async def forget(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, before_version: int) -> None:
        """Lines before a version go."""
        await connection.execute(_SQL.forget_lines, tenant_id, agent_id, before_version)

    async def line(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, version: int) -> Line | None:
        """The line of a version; None where it is not kept."""
        row = await connection.fetchrow(_SQL.find_line, tenant_id, agent_id, version)
        return None if row is None else _line(row)

    async def lines(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, before_version: int, limit: int
    ) -> list[Line]:
        """The lines before a version, newest first."""
        rows = await connection.fetch(_SQL.list_lines, tenant_id, agent_id, before_version, limit)
        return [_line(row) for row in rows]

    async def forget_turns(self, before: datetime) -> int:
        """What turns of all tenants had used goes where it is older; answers how many there were."""
        count = 0
        while gone := (await self._database.worker_statement(_SQL.forget_turns, before, _AT_ONCE))[0]["count"]:
            count += gone
        return count


def _turn(row: Any) -> UsedTurn | None:
    if row is None:
        return None
    judged = row["signal"], row["judged_time"]
    return UsedTurn(row["turn_id"], row["agent_id"], shares_of(row["shares"]), row["memories_used"], *judged)


def adaptation_of(row: Any) -> Adaptation:
    """What was learned as it was stored; the first where there is no row, or one of nulls only."""
    if row is None or row["version"] is None:
        return FIRST
    return Adaptation(
        version=row["version"],
        weights=Weights(*row["weights"]),
        learning_rate=row["learning_rate"],
        feedback_count=row["feedback_count"],
        mean_shares=Shares(*row["mean_shares"]),
    )


def _line(row: Any) -> Line:
    feedback = Feedback(
        signal=row["signal"],
        rate=row["rate"],
        shares=Shares(*row["shares"]),
        characters=row["characters"],
        memories_used=row["memories_used"],
        again=row["again"],
    )
    return Line(
        kind=row["kind"],
        after=adaptation_of(row),
        cause=row["cause"],
        changed_by=row["changed_by"],
        time=row["time"],
        turn_id=row["turn_id"],
        feedback=feedback if row["kind"] == "feedback" else None,
    )
