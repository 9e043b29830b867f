"""Receipts that were written, found and listed by named statements.

Nothing here knows what stands in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/receipts.sql")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which receipts: None, an empty model and level 0 are no restriction; `level` is a number of the contract."""

    owner_sub: str | None = None
    conversation_id: UUID | None = None
    agent_id: UUID | None = None
    model: str = ""
    level: int = 0
    from_time: datetime | None = None
    to_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receipt stands in a list: the time of its plan, and its id."""

    plan_time: datetime
    receipt_id: UUID


@dataclass(frozen=True, slots=True)
class Listed:
    """A serialised receipt in a list."""

    place: Place
    receipt: bytes


class ReceiptStore:
    """Reads receipts, each call in a transaction of the tenant; raises DATABASE_UNAVAILABLE."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant: TenantId, identifier: UUID) -> tuple[bytes, str] | None:
        """The bytes of a receipt, by its id or its turn's, and whose it is."""
        row: Any = await self._database.run(tenant, lambda it: it.fetchrow(_SQL.find_receipt, tenant, identifier))
        return None if row["plan"] is None else (row["plan"] + (row["settlement"] or b""), row["owner_sub"])

    async def list(self, tenant: TenantId, wanted: Wanted, before: Place | None, limit: int) -> Sequence[Listed]:
        """Receipts by the time of their plan, the newest first, those before a place."""
        values = (
            wanted.owner_sub,
            wanted.conversation_id,
            wanted.agent_id,
            wanted.model,
            wanted.level,
            wanted.from_time,
            wanted.to_time,
            None if before is None else before.plan_time,
            None if before is None else before.receipt_id,
            limit,
        )
        rows = await self._database.tenant_read(tenant, _SQL.list_receipts, *values)
        return [
            Listed(Place(row["plan_time"], row["receipt_id"]), row["plan"] + (row["settlement"] or b"")) for row in rows
        ]
