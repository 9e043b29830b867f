"""The use cases of consolidation: begun, awaited, shown, taken back.

The steps of one stand in `consolidation_saga.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.consolidation import State, coverage, planned
from servers.memory.domain.namespaces import may_use, own_namespace
from servers.memory.upkeep.consolidation_rows import Consolidation, ConsolidationRows
from servers.memory.upkeep.consolidation_saga import INTERRUPTED, NAME, NOTHING_FOUND, told
from servers.memory.upkeep.proposers import Proposers, Wish
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.sagas.models import Status
from soma_common.sagas.orchestrator import SagaOrchestrator

Reply = TypeVar("Reply", bound=Message)
# How long a call waits for the saga where it has no deadline of its own, and what it keeps of one.
WAIT_SECONDS: Final = 20.0
MARGIN_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class ConsolidationOrder:
    """What to consolidate, and how; the id of the consolidation is that of the request."""

    consolidation_id: UUID
    namespace: str
    before: datetime | None
    most: int
    wish: Wish
    memory_ids: tuple[UUID, ...] = ()


class Consolidating:
    """Consolidates, shows and undoes."""

    def __init__(
        self,
        database: Database,
        rows: ConsolidationRows,
        proposers: Proposers,
        sagas: SagaOrchestrator,
        events: EventStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rows = rows
        self._proposers = proposers
        self._sagas = sagas
        self._events = events
        self._clock = clock

    async def consolidate(
        self, caller: Caller, order: ConsolidationOrder, reply: Callable[[Consolidation], Reply]
    ) -> Reply:
        """Begin one and wait for it as long as the call may; it goes on without.

        Raises RESOURCE_NOT_FOUND for a foreign namespace, CONFLICT while another one of the same namespace runs,
        REQUEST_ID_REUSED.
        """
        self._may(caller, order.namespace)
        tenant_id = caller.tenant_id

        async def begin(connection: Connection) -> None:
            begun = _begun(order, self._clock.now())
            await Once.current().enter(connection)
            is_new = await self._rows.begin(connection, tenant_id, begun, caller.sub)
            if not is_new and await self._rows.find(connection, tenant_id, order.consolidation_id) is None:
                raise SomaError(Reason.CONFLICT)
            told_saga = {
                "namespace": order.namespace,
                "before": "" if order.before is None else order.before.isoformat(),
                "most": order.most,
                "use_model": order.wish.use_model,
                "model_id": order.wish.model_id,
                "token_budget": order.wish.token_budget,
                **({"memory_ids": [str(each) for each in order.memory_ids]} if order.memory_ids else {}),
            }
            await self._sagas.start_saga(tenant_id, caller, NAME, told_saga, order.consolidation_id, connection)

        await self._settle(caller, order.namespace)
        await self._database.run(tenant_id, begin)
        await self._await(caller, order.consolidation_id)
        await self._settle(caller, order.namespace)

        async def answer(connection: Connection) -> Reply:
            found = await self._visible(connection, caller, order.consolidation_id)
            said = reply(found)
            if found.state is not State.RUNNING:
                await Once.current().record(connection, said)
            return said

        return await self._database.run(tenant_id, answer)

    async def rehearse(self, caller: Caller, order: ConsolidationOrder) -> tuple[Consolidation, Sequence[str]]:
        """What would be done, and the texts of the facts; nothing is changed. Raises as a model does."""
        self._may(caller, order.namespace)
        now = self._clock.now()
        memories = await self._database.run(
            caller.tenant_id,
            lambda it: self._rows.candidates(
                it, order.namespace, order.before or now, now, order.most, order.memory_ids
            ),
        )
        proposed = await self._proposers.propose(memories, order.wish, order.consolidation_id)
        sources = {memory.memory_id: memory for memory in memories}
        facts = planned(proposed.proposals, sources)
        refused = proposed.refused or ("" if facts else NOTHING_FOUND)
        return (
            Consolidation(
                consolidation_id=order.consolidation_id,
                namespace=order.namespace,
                state=State.REFUSED if refused else State.PROPOSED,
                method=proposed.method,
                sentence=refused or "This was a dry run; nothing was changed.",
                source_count=len(memories),
                rested_count=sum(len(fact.rested_ids) for fact in facts),
                coverage=coverage(sources.keys(), facts),
                used_tokens=proposed.used_tokens,
                fact_ids=(),
                start_time=now,
                end_time=self._clock.now(),
                undo_until=None,
            ),
            [fact.text for fact in facts],
        )

    async def read(self, caller: Caller, consolidation_id: UUID) -> Consolidation:
        """One. Raises RESOURCE_NOT_FOUND."""
        found = await self._database.run(caller.tenant_id, lambda it: self._visible(it, caller, consolidation_id))
        if found.state is not State.RUNNING:
            return found
        await self._settle(caller, found.namespace)
        return await self._database.run(caller.tenant_id, lambda it: self._visible(it, caller, consolidation_id))

    async def list_some(
        self, caller: Caller, namespace: str, size: int, after: tuple[datetime, UUID] | None
    ) -> list[Consolidation]:
        """Those that the caller may see, the newest first."""
        begin, last = after or (None, None)
        values = (caller.tenant_id, namespace, own_namespace(caller), caller.sees_all, begin, last, size)
        return await self._database.run(caller.tenant_id, lambda it: self._rows.list_some(it, *values))

    async def roll_back(
        self,
        caller: Caller,
        consolidation_id: UUID,
        reply: Callable[[Consolidation, int], Reply],
        *,
        stops: bool = False,
    ) -> Reply:
        """Take the facts out and wake the sources; what was done to either meanwhile stands.

        With `stops` one that runs is stopped, and what it looked at counts as not looked at. Raises RESOURCE_NOT_FOUND,
        also after 30 days and, unless it `stops`, for one that changed nothing; CONFLICT while it runs.
        """
        tenant_id = caller.tenant_id
        if stops:
            await self._stop(caller, consolidation_id)

        async def work(connection: Connection) -> Reply:
            done = await self._visible(connection, caller, consolidation_id, hold=True)
            now = self._clock.now()
            if done.state is State.RUNNING:
                raise SomaError(Reason.CONFLICT)
            nothing_done = stops and done.state is State.REFUSED
            if (
                not nothing_done
                and done.state is not State.ROLLED_BACK
                and (done.undo_until is None or done.undo_until < now)
            ):
                raise not_found("undoable consolidation", consolidation_id)
            woken = 0
            if done.state is State.COMMITTED:
                sentence = "It was rolled back: its facts are out of recall and its sources in it again."
                woken = await self._rows.take_back(connection, tenant_id, done, sentence, now)
                await self._events.append(
                    connection,
                    tenant_id,
                    [told("memory.consolidation.rolled_back", done, current_call().correlation_id)],
                )
            if stops:
                await self._rows.leave_unlooked(connection, tenant_id, consolidation_id)
            answer = reply(await self._visible(connection, caller, consolidation_id), woken)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def _visible(
        self, connection: Connection, caller: Caller, consolidation_id: UUID, *, hold: bool = False
    ) -> Consolidation:
        found = await self._rows.find(connection, caller.tenant_id, consolidation_id, hold=hold)
        if found is None or not may_use(caller, found.namespace):
            raise not_found("consolidation", consolidation_id)
        return found

    async def _stop(self, caller: Caller, consolidation_id: UUID) -> None:
        """Have one that runs take itself back; one that is over meanwhile stays as it is."""
        found = await self._database.run(caller.tenant_id, lambda it: self._visible(it, caller, consolidation_id))
        if found.state is not State.RUNNING:
            return
        with suppress(SomaError):
            await self._sagas.compensate(caller.tenant_id, consolidation_id, caller.sub)
        await self._await(caller, consolidation_id)
        await self._settle(caller, found.namespace)

    async def _settle(self, caller: Caller, namespace: str) -> None:
        """Say of one whose saga was taken back before its first step that it is over: no step did."""
        tenant_id = caller.tenant_id
        running = await self._database.run(tenant_id, lambda it: self._rows.running(it, tenant_id, namespace))
        if running is None:
            return
        saga = await self._sagas.get_saga(tenant_id, running.consolidation_id)
        if saga.status is Status.COMPENSATED:
            values = (tenant_id, running.consolidation_id, INTERRUPTED, self._clock.now())
            await self._database.run(tenant_id, lambda it: self._rows.abandon(it, *values))

    async def _await(self, caller: Caller, saga_id: UUID) -> None:
        left = current_call().remaining_seconds()
        seconds = WAIT_SECONDS if left is None else max(0.0, left - MARGIN_SECONDS)
        try:
            await self._sagas.finished(caller.tenant_id, saga_id, seconds)
        except SomaError as late:
            if late.reason is not Reason.DEADLINE_EXCEEDED:
                raise

    @staticmethod
    def _may(caller: Caller, namespace: str) -> None:
        if not may_use(caller, namespace):
            raise not_found("namespace", namespace)


def _begun(order: ConsolidationOrder, now: datetime) -> Consolidation:
    return Consolidation(
        consolidation_id=order.consolidation_id,
        namespace=order.namespace,
        state=State.RUNNING,
        method="",
        sentence="",
        source_count=0,
        rested_count=0,
        coverage=0.0,
        used_tokens=0,
        fact_ids=(),
        start_time=now,
        end_time=None,
        undo_until=None,
    )
