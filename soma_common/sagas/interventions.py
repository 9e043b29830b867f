"""What a person can say to a saga: undo what you did, go on.

Each takes the saga from whoever holds it; nothing here calls an action.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.sagas.models import Direction, Saga, SagaDefinition, Status, consumer_of, stream_of
from soma_common.sagas.plan import Move, Position, Then, turned_back
from soma_common.sagas.store import saga_of
from soma_common.sagas.telling import told

_SQL = Queries.of("soma_common.sagas", "sql/sagas.sql")

DefinitionOf = Callable[[str, int], SagaDefinition]


class Interventions:
    """The interventions in sagas of one house."""

    def __init__(self, database: Database, events: EventStore, definition_of: DefinitionOf) -> None:
        self._database = database
        self._events = events
        self._definition_of = definition_of

    async def compensate(self, tenant_id: TenantId, saga_id: UUID, by: str) -> Saga:
        """See `SagaOrchestrator.compensate`."""

        async def work(connection: Connection) -> Saga:
            row = await self._locked(connection, tenant_id, saga_id)
            saga = saga_of(row)
            if saga.status is Status.COMPENSATION_STUCK:
                return await self._resumed(connection, row, by)
            if saga.status in (Status.COMPENSATING, Status.COMPENSATED):
                return saga
            definition = self._definition_of(saga.name, saga.version)
            held = row["holder"] is not None
            move = None if saga.status is Status.STUCK else turned_back(definition, saga.status, _place(row), held=held)
            if move is None:
                why = "something that cannot be undone is done or may have been"
                raise SomaError(Reason.SAGA_CANNOT_CHANGE, _words(saga, "undone", why))
            after = await self._redirect(connection, saga, definition, move)
            drafts = [told(after, "saga.compensating", by)]
            if after.status.is_over:
                drafts.append(told(after, "saga.failed", by))
            await self._events.append(connection, tenant_id, drafts)
            return after

        return await self._database.run(tenant_id, work)

    async def resume(self, tenant_id: TenantId, saga_id: UUID, by: str) -> Saga:
        """See `SagaOrchestrator.resume`."""

        async def work(connection: Connection) -> Saga:
            row = await self._locked(connection, tenant_id, saga_id)
            saga = saga_of(row)
            if saga.status.is_over:
                raise SomaError(Reason.SAGA_CANNOT_CHANGE, _words(saga, "resumed", "it is over"))
            if not saga.status.is_stuck:
                await connection.execute(_SQL.hasten, tenant_id, saga_id)
                return saga
            return await self._resumed(connection, row, by)

        return await self._database.run(tenant_id, work)

    async def _resumed(self, connection: Connection, row: Any, by: str) -> Saga:
        """A stuck saga at the same step again, with all its tries; what may have been done still may."""
        saga, place = saga_of(row), _place(row)
        is_back = place.direction is Direction.BACK
        status = Status.COMPENSATING if is_back else Status.RUNNING
        definition = self._definition_of(saga.name, saga.version)
        move = Move(Then.AGAIN, status, Position(place.index, place.direction, 0, place.doubt))
        after = await self._redirect(connection, saga, definition, move)
        await connection.execute(_SQL.remove_letters, saga.tenant_id, consumer_of(saga.name), stream_of(saga.saga_id))
        await self._events.append(connection, saga.tenant_id, [told(after, "saga.resumed", by)])
        return after

    async def _redirect(self, connection: Connection, saga: Saga, definition: SagaDefinition, move: Move) -> Saga:
        place = move.position
        [row] = await connection.fetch(
            _SQL.redirect,
            saga.tenant_id,
            saga.saga_id,
            move.status.value,
            place.index,
            definition.steps[place.index].name,
            place.direction.value,
            place.doubt,
            definition.timeout_seconds,
            not move.status.is_over,
        )
        return saga_of(row)

    async def _locked(self, connection: Connection, tenant_id: TenantId, saga_id: UUID) -> Any:
        row = await connection.fetchrow(_SQL.lock, tenant_id, saga_id)
        if row is None:
            raise not_found("saga", saga_id)
        return row


def _place(row: Any) -> Position:
    return Position(row["step_index"], Direction(row["direction"]), row["attempts"], row["doubt"])


def _words(saga: Saga, wanted: str, why: str) -> dict[str, str]:
    return {"saga_id": str(saga.saga_id), "status": saga.status.value, "wanted": wanted, "why": why}
