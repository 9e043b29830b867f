"""Use cases that read many memories: a list, the newest first, and the lineage of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.domain.memory import Kind, Memory
from servers.memory.domain.namespaces import sees_hidden
from servers.memory.storing.memories import may_see
from servers.memory.storing.rows import MemoryStore, memory_of_row
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.paging import Page, unreadable_token
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/storing.sql")
# How much of each part of a lineage is told.
MOST_RELATIVES: Final = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """Which memories to list; empty means no restriction, except for the namespaces."""

    namespaces: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    tags: tuple[str, ...] = ()
    subject: str = ""
    conversation_id: UUID | None = None
    source_id: str = ""
    with_retired: bool = False


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a memory comes from and what became of it."""

    memory: Memory
    versions: Sequence[Memory]
    superseded: Sequence[Memory]
    superseded_by: Sequence[Memory]
    sources: Sequence[Memory]
    descendants: Sequence[Memory]


class Reading:
    """Lists memories and follows what became of them."""

    def __init__(self, database: Database, store: MemoryStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    async def list(self, caller: Caller, wanted: Listing, page: Page) -> tuple[list[Memory], tuple[str, str] | None]:
        """A page, the newest first, and the place behind which the next one begins, None at the end."""
        learn_time, last_id = _behind(page)
        async with self._database.transaction(caller.tenant_id) as connection:
            rows = await connection.fetch(
                _SQL.list,
                caller.tenant_id,
                list(wanted.namespaces),
                [int(kind) for kind in wanted.kinds],
                list(wanted.tags),
                wanted.subject,
                wanted.conversation_id,
                wanted.source_id,
                self._clock.now(),
                wanted.with_retired,
                sees_hidden(caller),
                learn_time,
                last_id,
                page.size + 1,
            )
        found = [memory_of_row(row) for row in rows[: page.size]]
        more = len(rows) > page.size
        return found, (found[-1].learn_time.isoformat(), str(found[-1].memory_id)) if more else None

    async def lineage(self, caller: Caller, memory_id: UUID) -> Lineage:
        """What is known of a memory's past and future, as far as the caller may see it. Raises RESOURCE_NOT_FOUND."""
        now = self._clock.now()
        async with self._database.transaction(caller.tenant_id) as connection:
            memory = await self._store.find(connection, memory_id)
            if memory is None or not may_see(caller, memory, now):
                raise not_found("memory", memory_id)
            parts = []
            for statement in (_SQL.versions, _SQL.predecessors, _SQL.successors, _SQL.sources, _SQL.descendants):
                rows = await connection.fetch(statement, caller.tenant_id, memory_id, MOST_RELATIVES)
                found = [memory_of_row(row) for row in rows]
                own = statement is _SQL.versions
                parts.append(found if own else [other for other in found if may_see(caller, other, now)])
        return Lineage(memory, *parts)


def _behind(page: Page) -> tuple[datetime | None, UUID | None]:
    """By the time at which a memory became known, which never changes; ids that were imported tell no time."""
    if page.after is None:
        return None, None
    try:
        learn_time, memory_id = page.after
        return datetime.fromisoformat(str(learn_time)), UUID(str(memory_id))
    except ValueError:
        raise unreadable_token() from None
