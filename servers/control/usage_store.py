"""The usage of turns in PostgreSQL.

Nothing here knows an event or a message of the contract.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from servers.control.domain.usage import Days, DayUsage, Usage
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/usage.sql")
_FIELDS: Final = tuple(field.name for field in fields(Usage))


@dataclass(frozen=True, slots=True)
class EndedTurn:
    """A turn that ended: by which event it is known, on which day, and how. Tokens and money stand in `used`."""

    event_id: UUID
    day: date
    agent_id: str
    outcome: str
    used: tuple[int, int, int, int, int]


class UsageStore:
    """Reads and writes usage inside the caller's transaction."""

    async def add(self, connection: Connection, tenant_id: TenantId, turn: EndedTurn) -> None:
        """Count a turn; one that is counted stays as it is."""
        place = (tenant_id, turn.event_id, turn.day, turn.agent_id, turn.outcome)
        await connection.execute(_SQL.add, *place, *turn.used)

    async def counted(self, connection: Connection, tenant_id: TenantId, ids: Collection[UUID]) -> set[UUID]:
        """Those events whose turns are counted."""
        return {row["event_id"] for row in await connection.fetch(_SQL.find_counted, tenant_id, list(ids))}

    async def days(
        self, connection: Connection, tenant_id: TenantId, days: Days, agent_id: str, size: int,
        after: tuple[date, str],
    ) -> list[DayUsage]:  # fmt: skip
        """Usage by day and agent, behind a day and an agent."""
        rows = await connection.fetch(_SQL.list_days, tenant_id, days.first, days.last, agent_id, *after, size)
        return [DayUsage(row["day"], row["agent_id"], _usage(row)) for row in rows]

    async def total(self, connection: Connection, tenant_id: TenantId, days: Days, agent_id: str) -> Usage:
        """Usage of all these days together."""
        return _usage(await connection.fetchrow(_SQL.sum_up, tenant_id, days.first, days.last, agent_id))


def _usage(row: Any) -> Usage:
    return Usage(*(row[name] for name in _FIELDS))
