"""Threads and their options in PostgreSQL.

What a change means is decided in `domain/threads.py`; here it is read, locked and written.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.threads import Heading, Option, Thread
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/threads.sql")
HOW_TO_MAKE_ONE: Final = "of agent {agent_id} yet, or it was erased; CreateThread (POST /cognitive/thread) makes one"


@dataclass(frozen=True, slots=True)
class Which:
    """A thread by its id, or an agent's current one; one by its id may be any agent's where none is named."""

    thread_id: UUID | None
    agent_id: UUID | None

    def missing(self) -> SomaError:
        """The error where there is none."""
        if self.thread_id is not None:
            return not_found("thread", self.thread_id)
        return not_found("current thread", HOW_TO_MAKE_ONE.format(agent_id=self.agent_id))


@dataclass(frozen=True, slots=True)
class Kept:
    """A thread as it is stored, and whether it is its agent's current one."""

    thread: Thread
    current: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A thread without its options."""

    heading: Heading
    version: int
    update_time: datetime
    cursor: int
    exhausted: bool
    current: bool


class ThreadStore:
    """Reads and writes the threads of one tenant inside the caller's transaction."""

    async def make(self, connection: Connection, tenant_id: TenantId, thread: Thread) -> None:
        """Keep a new thread and make it its agent's current one."""
        heading, options = thread.heading, thread.options
        await connection.execute(
            _SQL.make_thread,
            tenant_id,
            heading.thread_id,
            heading.agent_id,
            heading.owner_sub,
            heading.goal,
            heading.method,
            heading.create_time,
            [option.option_id for option in options],
            [option.text for option in options],
            [option.score for option in options],
            [option.reason for option in options],
        )

    async def find(self, connection: Connection, tenant_id: TenantId, which: Which) -> Kept:
        """A thread. Raises RESOURCE_NOT_FOUND."""
        return await self._read(connection, tenant_id, which, _SQL.find_thread)

    async def lock(self, connection: Connection, tenant_id: TenantId, which: Which) -> Kept:
        """A thread that nobody else changes until the transaction ends. Raises RESOURCE_NOT_FOUND."""
        return await self._read(connection, tenant_id, which, _SQL.lock_thread)

    async def _read(self, connection: Connection, tenant_id: TenantId, which: Which, statement: str) -> Kept:
        row = await connection.fetchrow(statement, tenant_id, which.thread_id, which.agent_id)
        if row is None:
            raise which.missing()
        rows = await connection.fetch(_SQL.list_options, tenant_id, row["thread_id"])
        options = tuple(Option(**each) for each in rows)
        return Kept(Thread(_heading(row), options, row["version"], row["update_time"]), row["current"])

    async def list(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, before: UUID | None, limit: int
    ) -> list[Listed]:
        """The threads of an agent before one of them, newest first."""
        rows = await connection.fetch(_SQL.list_threads, tenant_id, agent_id, before, limit)
        return [
            Listed(
                _heading(row),
                row["version"],
                row["update_time"],
                row["cursor_place"],
                row["cursor_place"] == row["option_count"],
                row["current"],
            )
            for row in rows
        ]

    async def write(self, connection: Connection, tenant_id: TenantId, before: Thread, after: Thread) -> None:
        """Move a locked thread on."""
        thread_id = before.heading.thread_id
        place = (after.version, len(after.options), after.cursor, after.update_time)
        await connection.execute(_SQL.move_thread, tenant_id, thread_id, *place)
        if not after.options:
            await connection.execute(_SQL.drop_options, tenant_id, thread_id)
            return
        changed = [new for old, new in zip(before.options, after.options, strict=True) if old != new]
        times = ([option.option_id for option in changed], [option.taken_time for option in changed])
        await connection.execute(_SQL.keep_times, tenant_id, thread_id, *times)


def _heading(row: Any) -> Heading:
    return Heading(
        thread_id=row["thread_id"],
        agent_id=row["agent_id"],
        owner_sub=row["owner_sub"],
        goal=row["goal"],
        method=row["method"],
        create_time=row["create_time"],
    )
