"""What comes in: memories are stored in sets, each with its index rows, within the limits of the tenant.

What is worth keeping is decided before; what replaces what, in the statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from servers.memory.domain.likeness import rounds
from servers.memory.domain.memory import REPEATED_IMPORTANCE, Memory
from servers.memory.storing.drafts import drafts_json
from servers.memory.storing.rows import Indexed, memory_of_row
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
    """What became of one memory: under which id it is there now, and what it replaced, with the versions since.

    `memory` is how it is there, told where it was stored alone.
    """

    outcome: Outcome
    memory_id: UUID | None
    version: int
    superseded: tuple[tuple[UUID, int], ...] = ()
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may have: namespaces in all, and memories stored a day (UTC), 0 for no limit."""

    namespaces: int = 10_000
    daily_writes: int = 0


class Intake:
    """Stores memories in the transaction of the connection it gets."""

    def __init__(self, limits: Limits) -> None:
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
            statement = _SQL.keep_one if len(some) == 1 else _SQL.keep_many
            for row in await connection.fetch(statement, tenant_id, *self._values(some, now)):
                self._check(row["today"], now)
                found[row["draft_id"]] = _kept(row, alone=len(some) == 1)
        return [found[each.memory.memory_id] for each in memories]

    def _values(self, some: Sequence[Indexed], now: datetime) -> tuple[object, ...]:
        return (
            now,
            REPEATED_IMPORTANCE,
            self.limits.namespaces,
            drafts_json(some),
            [each.memory.memory_id for each in some],
            [each.memory.namespace for each in some],
            [each.entry for each in some],
            [each.vector for each in some],
            [each.memory.embedding_version for each in some],
            self.limits.daily_writes > 0,
        )

    def _check(self, today: int, now: datetime) -> None:
        limit = self.limits.daily_writes
        if limit and today > limit:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            raise SomaError(
                Reason.RATE_LIMITED,
                {"limit": f"a tenant stores at most {limit:,} memories a day, until midnight UTC"},
                retry_after_seconds=(midnight - now).total_seconds(),
            )


def _kept(row: Any, *, alone: bool) -> Kept:
    replaced = tuple(zip(row["superseded"], row["versions"], strict=True))
    memory = memory_of_row(row) if alone and row["kept_id"] is not None else None
    return Kept(Outcome(row["outcome"]), row["kept_id"], row["kept_version"], replaced, memory)
