"""Where levels stand, in their table; a level that moves is told of in the same transaction.

What a level is stands in `domain/`; nothing here decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from servers.governor.domain.levels import Demand, Health, LevelState, Observation
from servers.governor.domain.rules import Level
from servers.governor.domain.standing import Standing
from servers.governor.encoding.levels import level_message
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/levels.sql")


@dataclass(frozen=True, slots=True)
class KeptStanding:
    """A standing as it was read; `version` guards a change against another one."""

    standing: Standing = field(default_factory=Standing)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A standing that follows another one, why, and under which correlation id."""

    kept: KeptStanding
    after: Standing
    reasons: Iterable[Demand]
    correlation_id: str


class StandingStore:
    """Writes standings, each with its event."""

    def __init__(self, events: EventStore) -> None:
        self._events = events

    async def move(self, connection: Connection, tenant: TenantId, move: Move) -> bool:
        """Writes the standing over the version that was read; False where somebody else wrote meanwhile.

        Whoever writes another level tells of it, so of several at once only one does.
        """
        after = move.after
        status: str = await connection.execute(
            _SQL.save,
            tenant,
            move.kept.version,
            int(after.state.level),
            after.state.good_checks,
            int(after.state.worst_of_streak),
            after.check_time,
            after.change_time,
            orjson.dumps([[seen.name, int(seen.health), seen.detail] for seen in after.sights]).decode(),
            after.sight_time,
        )
        if not status.endswith(" 1"):
            return False
        if after.state.level is not move.kept.standing.state.level:
            await self._events.append(connection, tenant, [_told(tenant, move)])
        return True


def kept_standing(row: Mapping[str, Any] | None) -> KeptStanding:
    """A row of `levels` out of JSON."""
    if row is None:
        return KeptStanding()
    state = LevelState(Level(row["level"]), row["good_checks"], Level(row["worst_of_streak"]))
    standing = Standing(
        state=state,
        check_time=_moment(row["check_time"]),
        change_time=_moment(row["change_time"]),
        sights=tuple(Observation(name, Health(health), detail) for name, health, detail in row["sights"]),
        sight_time=_moment(row["sight_time"]),
    )
    return KeptStanding(standing, row["version"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _told(tenant: TenantId, move: Move) -> EventDraft:
    sources = sorted({reason.source for reason in move.reasons if reason.level > Level.L0})
    payload = payloads_pb.LevelChanged(
        before=level_message(move.kept.standing.state.level),
        after=level_message(move.after.state.level),
        sources=sources,
    )
    return EventDraft("governor.level.changed", f"level/{tenant}", payload, move.correlation_id)
