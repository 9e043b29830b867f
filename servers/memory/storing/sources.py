"""The sources of memories in PostgreSQL: who else told them, and what was forgotten.

Who may forget what is not decided here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.domain.sources import SourceRef
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/sources.sql")


@dataclass(frozen=True, slots=True)
class Forgetting:
    """One source that is being forgotten: whose memories (empty: everybody's), and for which request."""

    tenant_id: TenantId
    source: SourceRef
    owner_sub: str
    ended: bool
    request_id: UUID

    @property
    def key(self) -> tuple[TenantId, str, str]:
        """Its row."""
        return self.tenant_id, self.source.key, self.owner_sub


@dataclass(frozen=True, slots=True)
class Loss:
    """A memory that lost a source, and whether it is gone with it."""

    memory_id: UUID
    namespace: str
    version: int
    gone: bool


class Sources:
    """Everything runs in the transaction of the connection it gets."""

    async def begin_forgetting(self, connection: Connection, what: Forgetting, now: datetime) -> None:
        """Refuse from now on what was learned from the source before, once those who are storing it are done."""
        await connection.execute(_SQL.begin_forgetting, *what.key, what.ended, now, what.request_id)

    async def forget_some(self, connection: Connection, what: Forgetting, limit: int) -> list[Loss]:
        """Take the source from a few memories, one call after the other for each source; none are left when empty."""
        await connection.execute(_SQL.hold_forgetting, *what.key)
        source = what.source
        values = (what.tenant_id, source.conversation_id, source.source_id, what.owner_sub, limit)
        rows = await connection.fetch(_SQL.forget_some, *values)
        return [Loss(**row) for row in rows]

    async def count(self, connection: Connection, what: Forgetting, losses: list[Loss]) -> tuple[int, int]:
        """Add to what the request did; answers how many it has forgotten and how many it has kept."""
        gone = sum(loss.gone for loss in losses)
        [row] = await connection.fetch(_SQL.count_forgotten, *what.key, gone, len(losses) - gone)
        return row["forgotten_count"], row["kept_count"]
