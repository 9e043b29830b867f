"""Sagas that cannot go on by themselves: a dead letter with its bytes, an event, a number, and the way on."""

import pytest

from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler, LetterFilter
from soma_common.dlq.policy import LetterPolicy, LetterStatus
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.sagas.models import SagaDefinition, Status
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.sagas.runner import Runner
from soma_common.testing.eventually import eventually
from tests.integration.sagas.conftest import Participant, Sagas

pytestmark = pytest.mark.integration

NO = SomaError(Reason.RESOURCE_NOT_FOUND)
BY_ITSELF = LetterPolicy(later_seconds=0.1, later_times=2)


@pytest.fixture
def walk(participant: Participant) -> SagaDefinition:
    """Its last step fails; what undoes the first one fails as often as a person gives it tries."""
    participant.fails("c", NO)
    return SagaDefinition("walk", tuple(participant.step(name) for name in "abc"))


def runner_of(orchestrator: SagaOrchestrator) -> Runner:
    return orchestrator._runner


async def test_a_compensation_that_keeps_failing_waits_for_a_person(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[ValueError("a defect")] * 3)
    saga = await sagas.go(walk)
    assert saga.status is Status.COMPENSATION_STUCK
    assert (saga.step, saga.error_reason, saga.due_time, saga.end_time) == ("b", "INTERNAL", None, None)
    assert participant.calls == ["a", "b", "c", "-b", "-b", "-b"]
    assert (await sagas.told(saga.saga_id))[-3:] == ["saga.compensating", "saga.step.failed", "saga.failed"]


async def test_its_dead_letter_has_the_event_that_tells_of_it(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[ValueError("a defect")] * 3)
    saga = await sagas.go(walk)
    [letter] = await DLQHandler(sagas.database, sagas.events).list_dlq_events(sagas.tenant, LetterFilter())
    assert (letter.consumer, letter.status, letter.attempts) == ("sagas.walk", LetterStatus.PARKED, 3)
    assert (letter.error_class, letter.error_message, letter.error_id) == ("ValueError", "a defect", saga.error_id)
    event = event_pb.Event.FromString(letter.body)
    assert (event.event_type, event.stream) == ("saga.failed", f"saga/{saga.saga_id}")
    changed = payloads_pb.SagaChanged.FromString(event.payload)
    assert (changed.status, changed.step, changed.error_id) == ("COMPENSATION_STUCK", "b", saga.error_id)
    parked = await sagas.rows("select stream from events where event_type = 'dead_letter.parked'")
    assert parked == [{"stream": "dead-letter/sagas.walk"}]


async def test_resumed_it_goes_on_where_it_was(sagas: Sagas, participant: Participant, walk: SagaDefinition) -> None:
    participant.fails("-b", *[NO] * 4)
    async with sagas.running(sagas.orchestrator(walk)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATION_STUCK
        resumed = await orchestrator.resume(sagas.tenant, saga_id, "ada")
        assert resumed.status is Status.COMPENSATING
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED
    assert participant.calls == ["a", "b", "c", *["-b"] * 5, "-a"]
    assert "saga.resumed" in await sagas.told(saga_id)
    assert await sagas.rows("select 1 from dead_letters") == []


async def test_retrying_its_dead_letter_resumes_it(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[NO] * 3)
    letters = DLQHandler(sagas.database, sagas.events)
    async with sagas.running(sagas.orchestrator(walk)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)
        [letter] = await letters.list_dlq_events(sagas.tenant, LetterFilter())
        await letters.retry_event(sagas.tenant, letter.consumer, letter.event_id, "ada")
        await runner_of(orchestrator).look_at_stuck()
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED
    assert await sagas.rows("select 1 from dead_letters") == []


async def test_a_dead_letter_that_is_discarded_leaves_the_saga_to_a_person(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[NO] * 3)
    letters = DLQHandler(sagas.database, sagas.events)
    async with sagas.running(sagas.orchestrator(walk)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)
        [letter] = await letters.list_dlq_events(sagas.tenant, LetterFilter())
        await letters.discard(sagas.tenant, letter.consumer, letter.event_id, "ada")
        await runner_of(orchestrator).look_at_stuck()
        assert (await orchestrator.get_saga(sagas.tenant, saga_id)).status is Status.COMPENSATION_STUCK
        await orchestrator.resume(sagas.tenant, saga_id, "ada")
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED


async def test_it_is_tried_again_by_itself_as_often_as_the_policy_says(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    """Three tries at first, and three more each of the two times."""
    participant.fails("-b", *[NO] * 100)
    async with sagas.running(sagas.orchestrator(walk, letters=BY_ITSELF)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)

        async def given_up() -> bool:
            await runner_of(orchestrator).look_at_stuck()
            saga = await orchestrator.get_saga(sagas.tenant, saga_id)
            return saga.status.is_stuck and participant.counts["-b"] == 9

        await eventually(given_up)
    [letter] = await DLQHandler(sagas.database, sagas.events).list_dlq_events(sagas.tenant, LetterFilter())
    assert letter.next_time is None


async def test_the_number_of_stuck_sagas_is_counted(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[NO] * 3)
    async with sagas.running(sagas.orchestrator(walk)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)
        gauge = runner_of(orchestrator)._conduct.metrics.stuck.labels("walk")
        await runner_of(orchestrator).look_at_stuck()
        assert gauge._value.get() == 1
        await orchestrator.resume(sagas.tenant, saga_id)
        await sagas.finished(orchestrator, saga_id)
        await runner_of(orchestrator).look_at_stuck()
        assert gauge._value.get() == 0


async def test_compensating_a_stuck_compensation_resumes_it(
    sagas: Sagas, participant: Participant, walk: SagaDefinition
) -> None:
    participant.fails("-b", *[NO] * 3)
    async with sagas.running(sagas.orchestrator(walk)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)
        await orchestrator.compensate(sagas.tenant, saga_id, "ada")
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED
