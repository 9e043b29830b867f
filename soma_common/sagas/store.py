"""Sagas in PostgreSQL: each move is one statement with its events, and each names the holder and the fence.

Nothing here decides what follows or calls an action.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.sagas.held import Beginning, Held, Tried, Written
from soma_common.sagas.models import (
    Direction,
    Saga,
    SagaDefinition,
    SagaFilter,
    Status,
    StepRecord,
    StepStatus,
    Values,
)

_SQL = Queries.of("soma_common.sagas", "sql/sagas.sql")
_LETTERS_AT_ONCE: Final = 20


class SagaStore:
    """The sagas of a house, for one process by the name `holder`."""

    def __init__(self, database: Database, events: EventStore, holder: UUID) -> None:
        self._database = database
        self._events = events
        self._holder = holder

    async def start(
        self, it: Beginning, drafts: Sequence[EventDraft], connection: "Connection | None"
    ) -> tuple[bool, bool, Saga]:
        """Store a saga with its events; says whether it is new, and whether one that was there has the same content."""
        first = it.definition.steps[0]
        values = (
            it.saga_id,
            it.definition.name,
            it.definition.version,
            first.name,
            it.caller.sub,
            sorted(it.caller.roles),
            sorted(it.caller.scopes),
            it.caller.service,
            it.correlation_id,
            it.traceparent,
            json.dumps(it.input),
            list(it.definition.awaited),
            it.definition.timeout_seconds,
            None if it.lease_seconds is None else self._holder,
            it.lease_seconds or 0.0,
            *self._events.values(drafts),
        )
        if connection is None:
            [row] = await self._database.tenant_statement(it.tenant_id, _SQL.start, *values)
        else:
            [row] = await connection.fetch(_SQL.start, it.tenant_id, *values)
        return row["fresh"], row["same"], saga_of(row)

    async def move(
        self, held: Held, tried: Tried, to: Written, drafts: Sequence[EventDraft], connection: "Connection | None"
    ) -> bool:
        """Record a try and move on; False when another process has taken the saga meanwhile."""
        values = (
            held.saga_id,
            self._holder,
            held.fence,
            to.status.value,
            to.position.index,
            to.step,
            to.position.direction.value,
            to.position.attempts,
            to.position.doubt,
            to.hold,
            to.due_seconds,
            tried.position.index,
            tried.step,
            tried.position.direction.value,
            (StepStatus.FAILED if tried.error_reason else StepStatus.DONE).value,
            tried.position.attempts + 1,
            tried.took_seconds,
            json.dumps(tried.result),
            tried.error_reason,
            tried.error_id,
            *self._events.values(drafts),
        )
        if connection is None:
            [row] = await self._database.tenant_statement(held.tenant_id, _SQL.move, *values)
        else:
            [row] = await connection.fetch(_SQL.move, held.tenant_id, *values)
        return bool(row["told"] >= 0)

    async def wait(self, held: Held, event_type: str, seconds: float) -> Mapping[str, Values] | None:
        """Lay a saga down until an event comes; gives those that have come, None when another has taken the saga."""
        values = (held.saga_id, self._holder, held.fence, event_type, seconds)
        [row] = await self._database.tenant_statement(held.tenant_id, _SQL.wait, *values)
        return None if row["arrived"] is None else dict(json.loads(row["arrived"]))

    async def claim(self, lease_seconds: float, known: Sequence[SagaDefinition], limit: int) -> list[Any]:
        """Take sagas that are due, of all tenants; their rows."""
        names, versions = [it.name for it in known], [it.version for it in known]
        return await self._database.worker_statement(_SQL.claim, self._holder, lease_seconds, names, versions, limit)

    async def prolong(self, lease_seconds: float, held: Sequence[Held]) -> set[tuple[UUID, UUID]]:
        """Hold these for longer; returns the ones that are still held."""
        rows = await self._database.worker_statement(_SQL.prolong, self._holder, lease_seconds, *_keys(held))
        return {(row["tenant_id"], row["saga_id"]) for row in rows}

    async def let_go(self, held: Sequence[Held]) -> None:
        """Give these back to whoever comes first."""
        await self._database.worker_statement(_SQL.let_go, self._holder, *_keys(held))

    async def find(self, tenant_id: TenantId, saga_id: UUID) -> Saga | None:
        """A saga with its history."""
        rows = await self._database.tenant_read(tenant_id, _SQL.find, saga_id)
        return saga_of(rows[0], rows[0]["steps"]) if rows else None

    async def list_sagas(
        self, tenant_id: TenantId, wanted: SagaFilter, page_size: int, after: tuple[datetime, UUID] | None
    ) -> list[Saga]:
        """Sagas of a tenant without their history, the newest first."""
        status = None if wanted.status is None else wanted.status.value
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL.list_sagas, tenant_id, wanted.name, status, *(after or (None, None)), page_size
            )
        return [saga_of(row) for row in rows]

    async def due_letters(self, consumers: Sequence[str]) -> list[tuple[TenantId, str]]:
        """Tenants and streams of stuck sagas whose dead letters are to be tried again."""
        rows = await self._database.worker_statement(_SQL.due_letters, list(consumers), _LETTERS_AT_ONCE)
        return [(TenantId(row["tenant_id"]), row["stream"]) for row in rows]

    async def count_stuck(self) -> Mapping[str, int]:
        """How many sagas of all tenants wait for a person, by name."""
        return {row["name"]: row["count"] for row in await self._database.worker_statement(_SQL.count_stuck)}

    async def sweep(self, kept_seconds: float, limit: int) -> None:
        """Forget sagas that ended so long ago."""
        await self._database.worker_statement(_SQL.sweep, kept_seconds, limit)


def saga_of(row: Any, steps: str | None = None) -> Saga:
    """A saga as it is seen, out of its row and the JSON of its history."""
    return Saga(
        saga_id=row["saga_id"],
        tenant_id=TenantId(row["tenant_id"]),
        name=row["name"],
        version=row["version"],
        status=Status(row["status"]),
        step=row["step"],
        attempts=row["attempts"],
        started_by=row["sub"],
        correlation_id=row["correlation_id"],
        input=json.loads(row["input"]),
        error_reason=row["error_reason"],
        error_id=row["error_id"],
        start_time=row["start_time"],
        update_time=row["update_time"],
        deadline_time=row["deadline_time"],
        due_time=row["due_time"],
        end_time=row["end_time"],
        steps=tuple(_record(step) for step in json.loads(steps)) if steps else (),
    )


def _record(step: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        step=step["step"],
        direction=Direction(step["direction"]),
        status=StepStatus(step["status"]),
        attempts=step["attempts"],
        first_time=datetime.fromisoformat(step["first_time"]),
        last_time=datetime.fromisoformat(step["last_time"]),
        error_reason=step["error_reason"],
        error_id=step["error_id"],
    )


def _keys(held: Sequence[Held]) -> tuple[list[UUID], list[UUID], list[int]]:
    return [it.tenant_id for it in held], [it.saga_id for it in held], [it.fence for it in held]
