"""Sagas that are started and moved on by events."""

from uuid import UUID, uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import Event, EventDraft
from soma_common.kernel.tenancy import TenantId
from soma_common.sagas.models import SagaDefinition, SagaStep, Status
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.eventually import eventually
from tests.integration.sagas.conftest import Participant, Sagas, history

pytestmark = pytest.mark.integration


class Consumer:
    """The effect of a consumer: it hands events to the orchestrator in its own transaction."""

    def __init__(self, sagas: Sagas, orchestrator: SagaOrchestrator) -> None:
        self._sagas = sagas
        self._orchestrator = orchestrator

    async def take(
        self, correlation_id: str, event_type: str = "memory.forgotten", tenant: TenantId | None = None
    ) -> bool:
        event = await self._event(tenant or self._sagas.tenant, correlation_id, event_type)

        return await self._sagas.database.run(event.tenant_id, lambda it: self._orchestrator.take_event(it, event))

    async def _event(self, tenant: TenantId, correlation_id: str, event_type: str) -> Event:
        payload = payloads_pb.MemoryChanged(memory_id=str(uuid4()))
        draft = EventDraft(event_type, f"memory/{uuid4()}", payload, correlation_id)
        [event] = await self._sagas.database.run(tenant, lambda it: self._sagas.events.append(it, tenant, [draft]))
        return event


def walk(participant: Participant, **more: float) -> SagaDefinition:
    waiting = SagaStep("heard", awaits="memory.forgotten", **more)  # type: ignore[arg-type]
    return SagaDefinition("walk", (participant.step("a"), waiting, participant.step("c")))


async def laid_down(sagas: Sagas, saga_id: UUID) -> None:
    """Until it waits and nobody holds it."""
    query = "select 1 from sagas where saga_id = $1 and wait_time is not null and holder is null"
    await eventually(lambda: sagas.rows(query, saga_id))


async def test_a_waiting_step_is_done_by_its_event(sagas: Sagas, participant: Participant) -> None:
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:
        consumer = Consumer(sagas, orchestrator)
        saga_id = await sagas.start(orchestrator)
        await laid_down(sagas, saga_id)
        assert not await consumer.take("another")
        assert not await consumer.take(str(saga_id), "memory.stored")
        assert not await consumer.take(str(saga_id), tenant=TenantId(uuid4()))
        assert participant.calls == ["a"]
        assert await consumer.take(str(saga_id))
        assert not await consumer.take(str(saga_id))
        saga = await sagas.finished(orchestrator, saga_id)
    assert saga.status is Status.COMPLETED
    assert history(saga) == ["a", "heard", "c"]


async def test_an_event_that_comes_early_is_kept(sagas: Sagas, participant: Participant) -> None:
    idle = sagas.orchestrator(walk(participant))
    saga_id = await sagas.start(idle)
    assert await Consumer(sagas, idle).take(str(saga_id))
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPLETED


async def test_an_event_that_does_not_come_in_time_turns_the_saga_back(sagas: Sagas, participant: Participant) -> None:
    async with sagas.running(sagas.orchestrator(walk(participant, timeout_seconds=0.2))) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        saga = await sagas.finished(orchestrator, saga_id)
        assert not await Consumer(sagas, orchestrator).take(str(saga_id))
    assert saga.status is Status.COMPENSATED
    assert saga.error_reason == "DEADLINE_EXCEEDED"
    assert participant.calls == ["a", "-a"]


async def test_an_event_starts_a_saga_once(sagas: Sagas, participant: Participant) -> None:
    """The event's id is the saga's: a consumer that is given it twice starts one."""
    definition = SagaDefinition("walk", (participant.step("a"),))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        event = await Consumer(sagas, orchestrator)._event(sagas.tenant, "why", "memory.forgotten")
        for _ in range(2):
            async with sagas.database.transaction(sagas.tenant) as connection:
                await orchestrator.start_saga(
                    sagas.tenant, sagas.caller, "walk", {}, event.event_id, connection, event.correlation_id
                )
        saga = await sagas.finished(orchestrator, event.event_id)
    assert saga.correlation_id == "why"
    assert participant.calls == ["a"]
