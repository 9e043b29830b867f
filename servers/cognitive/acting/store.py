"""Working memories and actions in PostgreSQL, one round trip each.

What a step means is decided in `domain/`; here it is read and written.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.salience import Gates
from servers.cognitive.domain.working_memory import Item, Met, WorkingMemory
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/acting.sql")


@dataclass(frozen=True, slots=True)
class Session:
    """Whose working memory: a person's session with an agent."""

    tenant_id: TenantId
    agent_id: UUID
    owner_sub: str
    session_id: str

    @property
    def key(self) -> tuple[TenantId, UUID, str, str]:
        """As the statements take it."""
        return self.tenant_id, self.agent_id, self.owner_sub, self.session_id


@dataclass(frozen=True, slots=True)
class Asked:
    """Which action: the repeat key, and the hash of what was asked."""

    request_id: UUID
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """An action as far as it came. `storing`: the last step waits for the memory that it is to become."""

    body_hash: bytes
    steps: int
    answer: bytes
    storing: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A step to be written: what the text did to the working memory, and the action with it."""

    met: Met
    gates: Gates
    time: datetime
    steps: int
    answer: bytes
    storing: bool


class ActStore:
    """Reads and writes the sessions of one tenant at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def session(self, session: Session) -> WorkingMemory:
        """What the session has in mind; empty where it is new."""
        tenant_id, *rest = session.key
        [row] = await self._database.tenant_read(tenant_id, _SQL.find_session, *rest)
        if row["version"] is None:
            return WorkingMemory()
        return WorkingMemory(row["version"], Gates(row["store_open"], row["act_open"]), _items(row))

    async def action(self, session: Session, request_id: UUID) -> Action | None:
        """The action of that request, as far as it came."""
        rows = await self._database.tenant_read(session.tenant_id, _SQL.find_action, session.owner_sub, request_id)
        return Action(**rows[0]) if rows else None

    async def take_step(self, session: Session, asked: Asked, taken: Taken) -> bool:
        """Write a step; False, and nothing written, where the session or the action has moved since it was read."""
        tenant_id, *rest = session.key
        item = taken.met.item
        rows = await self._database.tenant_statement(
            tenant_id,
            _SQL.take_step,
            *rest,
            taken.met.memory.version,
            taken.gates.store,
            taken.gates.act,
            taken.time,
            item.key,
            item.text,
            item.salience,
            item.salient_count,
            item.likeness,
            list(taken.met.evicted),
            asked.request_id,
            asked.body_hash,
            taken.steps,
            taken.answer,
            taken.storing,
        )
        return bool(rows[0]["taken"])

    async def end_storing(
        self, session: Session, asked: Asked, key: bytes, memory_id: UUID | None, steps: int, answer: bytes
    ) -> bool:
        """Write what came of storing the last step; False where somebody else has done so."""
        tenant_id, *rest = session.key
        values = (*rest, key, memory_id, asked.request_id, steps, answer)
        rows = await self._database.tenant_statement(tenant_id, _SQL.end_storing, *values)
        return bool(rows[0]["ended"])

    async def end(self, session: Session, asked: Asked, steps: int, answer: bytes, now: datetime) -> Action | None:
        """Write the whole answer; gives what is there now, None where the action is at another step."""
        values = (session.owner_sub, asked.request_id, asked.body_hash, steps, answer, now)
        [row] = await self._database.tenant_statement(session.tenant_id, _SQL.end_action, *values)
        if row["answer"] is None:
            return None
        return Action(row["body_hash"], steps, row["answer"], storing=False, done=True)

    async def prune(self, sessions_before: datetime, actions_before: datetime) -> None:
        """Forget the sessions of all tenants that were used last before a time, and actions begun before one."""
        await self._database.worker_statement(_SQL.prune_sessions, sessions_before)
        await self._database.worker_statement(_SQL.prune_actions, actions_before)


def _items(row: Any) -> tuple[Item, ...]:
    if row["texts"] is None:
        return ()
    columns = ("text_keys", "texts", "saliences", "salient_counts", "memory_ids", "met_times", "likenesses")
    return tuple(Item(*parts) for parts in zip(*(row[name] for name in columns), strict=True))
