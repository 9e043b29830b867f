"""What comes in: memories are stored in sets, each with its index rows, within the limits of the tenant.

What is worth keeping is decided before; what replaces what, in the statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from servers.memory.domain.likeness import rounds
from servers.memory.domain.memory import REPEATED_IMPORTANCE
from servers.memory.storing.drafts import drafts_json
from servers.memory.storing.rows import Indexed, MemoryStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/storing.sql")


class Outcome(IntEnum):
    """What became of a memory; the numbers of `store_memories`."""

    STORED = 1
    REPEATED = 2
    FORGOTTEN = 3
    CROWDED = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one memory: under which id it is there now, and what it replaced, with the versions since."""

    outcome: Outcome
    memory_id: UUID | None
    version: int
    superseded: tuple[tuple[UUID, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may have: namespaces in all, and memories stored a day (UTC), 0 for no limit."""

    namespaces: int = 10_000
    daily_writes: int = 0


class Intake:
    """Stores memories in the transaction of the connection it gets."""

    def __init__(self, store: MemoryStore, limits: Limits) -> None:
        self._store = store
        self.limits = limits

    def why_refused(self, outcome: Outcome) -> str:
        """Why something was not kept, in words that end “This is not kept as a memory: …”."""
        if outcome is Outcome.FORGOTTEN:
            return "what was learned from there was forgotten"
        most = self.limits.namespaces
        return f"the tenant has {most:,} namespaces, and no more are allowed; use one of them, or empty one"

    async def store(
        self, connection: Connection, tenant_id: TenantId, memories: Sequence[Indexed], now: datetime
    ) -> list[Kept]:
        """Store, strengthen or refuse each by itself, in this order. Raises RATE_LIMITED for the limit of a day."""
        found: dict[UUID, Kept] = {}
        for places in rounds([(each.memory, each.text_key) for each in memories]):
            some = [memories[place] for place in places]
            rows = await connection.fetch(
                _SQL.store, tenant_id, now, REPEATED_IMPORTANCE, self.limits.namespaces, drafts_json(some)
            )
            for row in rows:
                replaced = tuple(zip(row["superseded"], row["versions"], strict=True))
                found[row["memory_id"]] = Kept(Outcome(row["outcome"]), row["kept_id"], row["version"], replaced)
            fresh = [each for each in some if found[each.memory.memory_id].outcome is Outcome.STORED]
            await self._store.index(connection, tenant_id, fresh)
        await self._count(connection, tenant_id, sum(kept.outcome is Outcome.STORED for kept in found.values()), now)
        return [found[each.memory.memory_id] for each in memories]

    async def _count(self, connection: Connection, tenant_id: TenantId, stored: int, now: datetime) -> None:
        if not stored:
            return
        limit = self.limits.daily_writes
        today = await connection.fetchval(_SQL.count_writes, tenant_id, now.date(), stored, limit > 0)
        if limit and today > limit:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            raise SomaError(
                Reason.RATE_LIMITED,
                {"limit": f"a tenant stores at most {limit:,} memories a day, until midnight UTC"},
                retry_after_seconds=(midnight - now).total_seconds(),
            )
