"""Quarantines in PostgreSQL.

What one hides is worked out there, in the transaction that opens or lifts it.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.memory.domain.quarantine import Quarantine, Suspect
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/quarantine.sql")
# How many memories and turns are named at most.
NAMED: Final = 1_000


class QuarantineStore:
    """Everything runs in the transaction of the connection it gets."""

    async def open(self, connection: Connection, tenant_id: TenantId, quarantine: Quarantine) -> None:
        """Hide what it names and everything that was made of it, once those who are storing are done."""
        suspect = quarantine.suspect
        named = (suspect.memory_id, suspect.conversation_id, suspect.source_id)
        said = (quarantine.reason, quarantine.owner_sub, quarantine.start_time)
        await connection.execute(_SQL.open, tenant_id, quarantine.quarantine_id, *named, *said)

    async def lift(self, connection: Connection, tenant_id: TenantId, quarantine_id: UUID, now: datetime) -> int | None:
        """End a quarantine; answers how many memories are seen again, None where there is no such quarantine."""
        restored: int | None = await connection.fetchval(_SQL.lift, tenant_id, quarantine_id, now)
        return restored

    async def find(self, connection: Connection, tenant_id: TenantId, quarantine_id: UUID) -> Quarantine:
        """One quarantine that is there."""
        [row] = await connection.fetch(_SQL.find, tenant_id, quarantine_id)
        return _quarantine(row)

    async def page(
        self, connection: Connection, tenant_id: TenantId, lifted: bool, before: UUID | None, size: int
    ) -> list[Quarantine]:
        """Quarantines, the newest first, behind this one; with the lifted ones or without."""
        rows = await connection.fetch(_SQL.page, tenant_id, lifted, before, size)
        return [_quarantine(row) for row in rows]

    async def members(self, connection: Connection, tenant_id: TenantId, quarantine_id: UUID) -> list[UUID]:
        """The first memories that an open quarantine hides, by id."""
        rows = await connection.fetch(_SQL.members, tenant_id, quarantine_id, NAMED)
        return [row["memory_id"] for row in rows]

    async def turns(self, connection: Connection, tenant_id: TenantId, quarantine_id: UUID) -> list[UUID]:
        """The turns whose recall had used a memory that an open quarantine hides, the newest first."""
        rows = await connection.fetch(_SQL.turns, tenant_id, quarantine_id, NAMED)
        return [row["turn_id"] for row in rows]


def _quarantine(row: Any) -> Quarantine:
    return Quarantine(
        quarantine_id=row["quarantine_id"],
        suspect=Suspect(row["memory_id"], row["conversation_id"], row["source_id"]),
        reason=row["reason"],
        owner_sub=row["owner_sub"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        memory_count=row["memory_count"],
    )
