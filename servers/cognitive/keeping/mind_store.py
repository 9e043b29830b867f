"""A whole mind in PostgreSQL: read in one round trip, and moved on by a turn in one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.adapting.rows import adaptation_of
from servers.cognitive.domain.load import Load
from servers.cognitive.domain.modulation import Mind
from servers.cognitive.domain.neuromodulators import Values
from servers.cognitive.keeping.moves import Move
from servers.cognitive.keeping.rows import state_of
from servers.cognitive.sleeping.rows import load_of, sleep_of
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/minds.sql")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a turn led to that was observed before."""

    version: int
    values: Values


@dataclass(frozen=True, slots=True)
class Used:
    """What a turn had used, and where its memories are kept; empty where it keeps none.

    `shares` are None where it used no memory.
    """

    conversation_id: UUID | None = None
    shares: tuple[float, float, float, float] | None = None
    memories: int = 0
    namespace: str = ""


class MindStore:
    """Reads the minds of one tenant, and moves them on by turns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, tenant_id: TenantId, agent_id: UUID, now: datetime, turn_id: UUID | None = None
    ) -> tuple[Mind, Seen | None]:
        """The mind of an agent as it is stored, and what a turn led to if it was observed before."""
        [row] = await self._database.tenant_read(tenant_id, _SQL.read_mind, agent_id, turn_id)
        seen = None if row["turn_version"] is None else Seen(row["turn_version"], Values(*row["turn_after"]))
        sleep, load = sleep_of(_Part(row, "sleep_"), now), load_of(_Part(row, "load_"), now)
        return Mind(state_of(row, now), sleep, adaptation_of(_Part(row, "adaptation_")), load), seen

    async def observe(self, tenant_id: TenantId, move: Move, used: Used, load: Load) -> bool:
        """Move a mind on; False, and nothing written, when its state has moved since it was read."""
        about = (used.conversation_id, used.shares, used.memories, used.namespace)
        facts = (load.facts.open_turns, load.facts.context_fill, load.facts.error_rate)
        loaded = (load.load, *facts, load.turns_above, load.above_since)
        rows = await self._database.tenant_statement(
            tenant_id, _SQL.observe_turn, *move.columns, *about, *loaded, *move.events
        )
        return bool(rows[0]["written"])


class _Part:
    """The columns of one table in a row of several, under their own names."""

    def __init__(self, row: Any, prefix: str) -> None:
        self._row, self._prefix = row, prefix

    def __getitem__(self, name: str) -> Any:
        return self._row[self._prefix + name]
