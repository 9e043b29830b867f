"""Sagas of one house: started, run by whichever process holds them, seen, and turned by a person.

Nothing here knows what a saga does: definitions are handed in.
"""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.driving import Driver
from soma_common.sagas.failpoints import Reached, SagaFailpoint, pass_by
from soma_common.sagas.held import Beginning, held_from
from soma_common.sagas.interventions import Interventions
from soma_common.sagas.models import Saga, SagaDefinition, SagaFilter, Values
from soma_common.sagas.runner import Runner
from soma_common.sagas.store import SagaStore
from soma_common.sagas.stuck import StuckSagas
from soma_common.sagas.telling import started
from soma_common.tracing import TraceContext

_SQL = Queries.of("soma_common.sagas", "sql/sagas.sql")
KEPT_SECONDS: Final = 90 * 86_400.0
_SWEPT_AT_ONCE: Final = 5000
_LONGEST_LOOK_SECONDS: Final = 1.0


class SagaOrchestrator:
    """The sagas of one house. Several processes of it share them by leases; one has each at a time."""

    def __init__(
        self,
        database: Database,
        events: EventStore,
        definitions: Iterable[SagaDefinition],
        clock: Clock,
        ids: Ids,
        conduct: Conduct | None = None,
        reached: Reached = pass_by,
    ) -> None:
        """`definitions` may hold several versions of one name: the highest is started, the others are run to their end.

        A process that hands in none can look at sagas and start none. `reached` is for tests.
        """
        conduct = conduct or Conduct()
        self._definitions = {(it.name, it.version): it for it in definitions}
        self._newest = {it.name: it for it in sorted(self._definitions.values(), key=lambda it: it.version)}
        self._reached = reached
        self._clock = clock
        self._lease_seconds = conduct.lease_seconds
        self._store = SagaStore(database, events, ids.uuid4())
        stuck = StuckSagas(database, events, self._store, conduct.letters, reached)
        driver = Driver(database, self._store, stuck, clock, ids, conduct, reached)
        self._interventions = Interventions(database, events, self._definition)
        self._runner = Runner(self._store, driver, self._definitions, self._resume_by_letter, clock, conduct)

    async def start_saga(
        self,
        tenant_id: TenantId,
        caller: Caller,
        name: str,
        input: Values,  # noqa: A002 - what the definition calls it
        saga_id: UUID,
        connection: "Connection | None" = None,
        correlation_id: str | None = None,
    ) -> Saga:
        """Start a saga, once for each `saga_id`: a repeat gets the one that is there.

        With `connection` it is started in the caller's own transaction (of this tenant), and runs when that is
        committed; without, it is durable when this returns, and this process goes on with it at once if it runs sagas.
        `caller` is who its calls are made for. `input` is JSON: ids, names, numbers. `correlation_id` is the saga's own
        id where none is given. Raises SomaError(REQUEST_ID_REUSED) for an id with other content, LookupError for a name
        that this process has no definition of.
        """
        beginning = Beginning(
            saga_id=saga_id,
            tenant_id=tenant_id,
            definition=self._newest[name],
            caller=caller,
            correlation_id=correlation_id or str(saga_id),
            traceparent=TraceContext.current().traceparent,
            input=input,
            lease_seconds=self._lease_seconds if connection is None and self._runner.has_room else None,
        )
        began = self._clock.monotonic()
        fresh, same, saga = await self._store.start(beginning, [started(beginning)], connection)
        if not same:
            raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(saga_id)})
        self._reached(SagaFailpoint.STARTED)
        if fresh and beginning.lease_seconds is not None:
            self._runner.take(held_from(beginning, began, beginning.lease_seconds))
        else:
            self._runner.wake()
        return saga

    async def get_saga(self, tenant_id: TenantId, saga_id: UUID) -> Saga:
        """A saga with its history. Raises SomaError(RESOURCE_NOT_FOUND)."""
        saga = await self._store.find(tenant_id, saga_id)
        if saga is None:
            raise not_found("saga", saga_id)
        return saga

    async def list_sagas(
        self,
        tenant_id: TenantId,
        wanted: SagaFilter | None = None,
        page_size: int = 50,
        after: tuple[datetime, UUID] | None = None,
    ) -> list[Saga]:
        """Sagas of a tenant, the newest first, without their history.

        `after` is the start_time and the id of the last one that was seen.
        """
        return await self._store.list_sagas(tenant_id, wanted or SagaFilter(), page_size, after)

    async def compensate(self, tenant_id: TenantId, saga_id: UUID, by: str = "") -> Saga:
        """Have a saga undo what it did; one that is doing so or has done so stays as it is.

        Raises SomaError(RESOURCE_NOT_FOUND), SomaError(SAGA_CANNOT_CHANGE) when a step that cannot be undone is done or
        may have been.
        """
        saga = await self._interventions.compensate(tenant_id, saga_id, by)
        self._runner.wake()
        return saga

    async def resume(self, tenant_id: TenantId, saga_id: UUID, by: str = "") -> Saga:
        """Have a stuck saga try again where it is, and one that waits for its next try do so at once.

        Its dead letter goes away. Raises SomaError(RESOURCE_NOT_FOUND), SomaError(SAGA_CANNOT_CHANGE) when it is over.
        """
        saga = await self._interventions.resume(tenant_id, saga_id, by)
        self._runner.wake()
        return saga

    async def take_event(self, connection: Connection, event: Event) -> bool:
        """Tell the sagas that wait for an event of this type, with this correlation id; for a consumer's effect.

        It counts also when it comes before its saga has come to the step that waits. Says whether there was one.
        """
        about = {"event_id": str(event.event_id), "stream": event.stream, "sequence": event.sequence}
        values = (event.tenant_id, event.correlation_id, event.event_type, json.dumps(about))
        rows = await connection.fetch(_SQL.take_event, *values)
        if rows:
            self._runner.wake()
        return bool(rows)

    async def finished(self, tenant_id: TenantId, saga_id: UUID, timeout_seconds: float) -> Saga:
        """The saga when it has come to rest: completed, undone or stuck.

        Raises SomaError(DEADLINE_EXCEEDED) when that takes longer (the saga goes on), SomaError(RESOURCE_NOT_FOUND).
        """
        pause_seconds = 0.05
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    with self._runner.watching((tenant_id, saga_id)) as rested:
                        saga = await self.get_saga(tenant_id, saga_id)
                        if saga.status.is_at_rest:
                            return saga
                        with suppress(TimeoutError):
                            async with asyncio.timeout(pause_seconds):
                                await rested.wait()
                    pause_seconds = min(pause_seconds * 1.5, _LONGEST_LOOK_SECONDS)
        except TimeoutError:
            raise SomaError(Reason.DEADLINE_EXCEEDED) from None

    async def run(self) -> None:
        """Run sagas until cancelled: those started here, and those whose time has come, whoever began them."""
        await self._runner.run()

    async def sweep(self, kept_seconds: float = KEPT_SECONDS) -> None:
        """Forget sagas that ended so long ago."""
        await self._store.sweep(kept_seconds, _SWEPT_AT_ONCE)

    def _definition(self, name: str, version: int) -> SagaDefinition:
        found = self._definitions.get((name, version))
        if found is None:
            raise not_found("saga definition", f"{name} {version}")
        return found

    async def _resume_by_letter(self, tenant_id: TenantId, stream: str) -> None:
        """What retrying the dead letter of a stuck saga does."""
        try:
            await self.resume(tenant_id, UUID(stream.partition("/")[2]), "dead letter")
        except SomaError as problem:
            if problem.reason not in (Reason.SAGA_CANNOT_CHANGE, Reason.RESOURCE_NOT_FOUND):
                raise
