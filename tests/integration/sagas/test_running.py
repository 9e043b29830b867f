"""Sagas on a real server: done once and in order, or undone in the opposite order."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.sagas.models import SagaDefinition, SagaFilter, SagaStep, Status, StepCall, StepStatus, Values
from soma_common.testing.eventually import eventually
from tests.integration.sagas.conftest import Participant, Sagas, history, note

pytestmark = pytest.mark.integration

AWAY = SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "memory"})
BUSY = SomaError(Reason.CONFLICT)
NO = SomaError(Reason.RESOURCE_NOT_FOUND)


def walk(participant: Participant, names: str = "abc", **more: float) -> SagaDefinition:
    return SagaDefinition("walk", tuple(participant.step(name) for name in names), **more)  # type: ignore[arg-type]


async def test_all_steps_are_done_in_order(sagas: Sagas, participant: Participant) -> None:
    saga = await sagas.go(walk(participant))
    assert saga.status is Status.COMPLETED
    assert participant.calls == ["a", "b", "c"]
    assert history(saga) == ["a", "b", "c"]
    assert await sagas.told(saga.saga_id) == ["saga.started", *["saga.step.completed"] * 3, "saga.completed"]
    assert saga.end_time is not None
    assert saga.due_time is None


async def test_a_step_sees_the_input_and_the_results_before_it(sagas: Sagas, participant: Participant) -> None:
    seen: list[StepCall] = []

    async def look(call: StepCall) -> None:
        seen.append(call)

    await sagas.go(SagaDefinition("walk", (participant.step("a"), SagaStep("look", look))))
    [call] = seen
    assert call.input == {"to": "sea"}
    assert call.results == {"a": {"of": "a", "attempt": 1}}
    assert call.caller == sagas.caller


async def test_what_was_done_is_undone_in_the_opposite_order(sagas: Sagas, participant: Participant) -> None:
    participant.fails("c", NO)
    saga = await sagas.go(walk(participant))
    assert saga.status is Status.COMPENSATED
    assert participant.calls == ["a", "b", "c", "-b", "-a"]
    assert history(saga) == ["a", "b", "-b", "-a"]
    assert saga.error_reason == "RESOURCE_NOT_FOUND"
    assert saga.error_id
    assert await sagas.told(saga.saga_id) == [
        "saga.started",
        "saga.step.completed",
        "saga.step.completed",
        "saga.step.failed",
        "saga.compensating",
        "saga.step.completed",
        "saga.step.completed",
        "saga.failed",
    ]


async def test_what_may_pass_is_tried_again_with_the_same_key(sagas: Sagas, participant: Participant) -> None:
    participant.fails("b", AWAY, BUSY, ValueError("a defect"))
    saga = await sagas.go(walk(participant))
    assert saga.status is Status.COMPLETED
    assert participant.counts == {"a": 1, "b": 4, "c": 1}
    assert participant.done == ["a", "b", "c"]
    record = saga.steps[1]
    assert (record.step, record.status, record.attempts, record.error_reason) == ("b", StepStatus.DONE, 4, "INTERNAL")
    assert record.first_time < record.last_time


async def test_an_outcome_that_stays_unknown_is_undone_as_well(sagas: Sagas, participant: Participant) -> None:
    participant.fails("b", *[AWAY] * 4)
    saga = await sagas.go(walk(participant))
    assert saga.status is Status.COMPENSATED
    assert participant.calls == ["a", *"bbbb", "-b", "-a"]


async def test_a_refusal_that_was_never_in_doubt_is_not_undone(sagas: Sagas, participant: Participant) -> None:
    participant.fails("b", *[BUSY] * 4)
    await sagas.go(walk(participant))
    assert participant.calls == ["a", *"bbbb", "-a"]


async def test_a_step_that_takes_too_long_is_cut_and_tried_again(sagas: Sagas, participant: Participant) -> None:
    participant.pauses["b"] = asyncio.Event()
    slow = participant.step("b", timeout_seconds=0.05, retries=1)
    saga = await sagas.go(SagaDefinition("walk", (participant.step("a"), slow)))
    assert saga.status is Status.COMPENSATED
    assert saga.error_reason == "DEADLINE_EXCEEDED"
    assert participant.calls == ["a", "b", "b", "-b", "-a"]


async def test_when_the_time_of_the_whole_is_over_it_turns_back(sagas: Sagas, participant: Participant) -> None:
    participant.fails("b", *[AWAY] * 1000)
    step = participant.step("b", retries=1000)
    saga = await sagas.go(SagaDefinition("walk", (participant.step("a"), step), timeout_seconds=0.5))
    assert saga.status is Status.COMPENSATED
    assert participant.counts["b"] < 100
    assert participant.calls[-2:] == ["-b", "-a"]


async def test_behind_the_pivot_a_step_is_tried_until_it_is_done(sagas: Sagas, participant: Participant) -> None:
    participant.fails("d", *[AWAY] * 8)
    steps = (participant.step("a"), participant.final("c"), participant.final("d", retries=1))
    saga = await sagas.go(SagaDefinition("walk", steps))
    assert saga.status is Status.COMPLETED
    assert participant.counts["d"] == 9


async def test_behind_the_pivot_a_refusal_is_stuck(sagas: Sagas, participant: Participant) -> None:
    participant.fails("d", NO)
    definition = SagaDefinition("walk", (participant.step("a"), participant.final("c"), participant.final("d")))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        saga = await sagas.finished(orchestrator, await sagas.start(orchestrator))
        assert saga.status is Status.STUCK
        with pytest.raises(SomaError) as caught:
            await orchestrator.compensate(sagas.tenant, saga.saga_id)
        assert caught.value.reason is Reason.SAGA_CANNOT_CHANGE
        await orchestrator.resume(sagas.tenant, saga.saga_id, "ada")
        assert (await sagas.finished(orchestrator, saga.saga_id)).status is Status.COMPLETED
    assert participant.calls == ["a", "c", "d", "d"]


async def test_the_same_id_starts_one_saga(sagas: Sagas, participant: Participant) -> None:
    saga_id = uuid4()
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:
        await asyncio.gather(*(sagas.start(orchestrator, saga_id=saga_id) for _ in range(3)))
        await sagas.finished(orchestrator, saga_id)
        await sagas.start(orchestrator, saga_id=saga_id)
        with pytest.raises(SomaError) as caught:
            await orchestrator.start_saga(sagas.tenant, sagas.caller, "walk", {"to": "hills"}, saga_id)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert participant.calls == ["a", "b", "c"]


async def test_it_starts_with_the_change_that_wants_it_or_not_at_all(sagas: Sagas, participant: Participant) -> None:
    given_up, kept = uuid4(), uuid4()
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:

        async def begin(connection: Connection, saga_id: UUID) -> None:
            await orchestrator.start_saga(sagas.tenant, sagas.caller, "walk", {}, saga_id, connection)

        with pytest.raises(RuntimeError):
            async with sagas.database.transaction(sagas.tenant) as connection:
                await begin(connection, given_up)
                raise RuntimeError
        async with sagas.database.transaction(sagas.tenant) as connection:
            await begin(connection, kept)
            assert participant.calls == []
        assert (await sagas.finished(orchestrator, kept)).status is Status.COMPLETED
        with pytest.raises(SomaError) as caught:
            await orchestrator.get_saga(sagas.tenant, given_up)
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    assert participant.calls == ["a", "b", "c"]


async def test_a_local_step_is_committed_with_its_record(sagas: Sagas, participant: Participant) -> None:
    """The effect of a try that fails after it is not there."""
    tries: list[int] = []

    async def write(call: StepCall) -> Values:
        tries.append(call.attempt)
        await note(call)
        if call.attempt < 3:
            raise ValueError("after the effect")
        return {"try": call.attempt}

    saga = await sagas.go(SagaDefinition("walk", (participant.step("a"), SagaStep("note", write, local=True))))
    assert saga.status is Status.COMPLETED
    assert tries == [1, 2, 3]
    assert await sagas.notes(saga.saga_id) == ["note"]


@pytest.mark.parametrize("result", [{"when": object()}, {"text": "a\0b"}])
async def test_a_result_that_cannot_be_kept_is_a_failure_of_its_step(
    sagas: Sagas, participant: Participant, result: dict[str, object]
) -> None:
    async def act(call: StepCall) -> Values:
        participant.calls.append("odd")
        return result

    odd = SagaStep("odd", act, participant.undo, retries=1)
    saga = await sagas.go(SagaDefinition("walk", (participant.step("a"), odd)))
    assert saga.status is Status.COMPENSATED
    assert participant.calls == ["a", "odd", "odd", "-odd", "-a"]


async def test_a_person_turns_a_saga_back_while_a_step_runs(sagas: Sagas, participant: Participant) -> None:
    participant.pauses["b"] = asyncio.Event()
    async with sagas.running(sagas.orchestrator(walk(participant), lease_seconds=0.6)) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await eventually(lambda: "b" in participant.calls)
        turned = await orchestrator.compensate(sagas.tenant, saga_id, "ada")
        assert turned.status is Status.COMPENSATING
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED
        again = await orchestrator.compensate(sagas.tenant, saga_id)
        assert again.status is Status.COMPENSATED
        with pytest.raises(SomaError) as caught:
            await orchestrator.resume(sagas.tenant, saga_id)
    assert caught.value.metadata["why"] == "it is over"
    assert participant.calls == ["a", "b", "-b", "-a"]


async def test_a_saga_that_had_done_nothing_is_over_when_a_person_turns_it_back(
    sagas: Sagas, participant: Participant
) -> None:
    orchestrator = sagas.orchestrator(walk(participant))
    saga_id = await sagas.start(orchestrator)
    turned = await orchestrator.compensate(sagas.tenant, saga_id, "ada")
    assert (turned.status, turned.due_time) == (Status.COMPENSATED, None)
    assert turned.end_time is not None
    assert await sagas.told(saga_id) == ["saga.started", "saga.compensating", "saga.failed"]
    async with sagas.running(orchestrator):
        await asyncio.sleep(0.1)
    assert participant.calls == []


async def test_a_completed_saga_can_be_undone(sagas: Sagas, participant: Participant) -> None:
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPLETED
        await orchestrator.compensate(sagas.tenant, saga_id, "ada")
        assert (await sagas.finished(orchestrator, saga_id)).status is Status.COMPENSATED
    assert participant.calls == ["a", "b", "c", "-c", "-b", "-a"]


async def test_sagas_are_listed_by_name_and_status_and_in_pages(sagas: Sagas, participant: Participant) -> None:
    ride = SagaDefinition("ride", (participant.step("r"),))
    participant.fails("r", NO)
    async with sagas.running(sagas.orchestrator(walk(participant), ride)) as orchestrator:
        ids = [await sagas.start(orchestrator, name) for name in ("walk", "walk", "ride", "walk")]
        for saga_id in ids:
            await sagas.finished(orchestrator, saga_id)
        everything = await orchestrator.list_sagas(sagas.tenant)
        assert [saga.saga_id for saga in everything] == ids[::-1]
        [first] = await orchestrator.list_sagas(sagas.tenant, page_size=1)
        rest = await orchestrator.list_sagas(sagas.tenant, after=(first.start_time, first.saga_id))
        assert [first, *rest] == everything
        walks = await orchestrator.list_sagas(sagas.tenant, SagaFilter(name="walk"))
        assert len(walks) == 3
        failed = await orchestrator.list_sagas(sagas.tenant, SagaFilter(status=Status.COMPENSATED))
        assert [saga.name for saga in failed] == ["ride"]


async def test_sagas_of_another_tenant_are_not_there(sagas: Sagas, participant: Participant) -> None:
    other = TenantId(uuid4())
    async with sagas.running(sagas.orchestrator(walk(participant))) as orchestrator:
        saga_id = await sagas.start(orchestrator)
        await sagas.finished(orchestrator, saga_id)
        assert await orchestrator.list_sagas(other) == []
        for ask in (orchestrator.get_saga, orchestrator.compensate, orchestrator.resume):
            with pytest.raises(SomaError) as caught:
                await ask(other, saga_id)
            assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
        with pytest.raises(SomaError):
            await orchestrator.finished(other, saga_id, 1.0)
    connection = await asyncpg.connect(sagas.urls.app_dsn)
    try:
        for table in ("sagas", "saga_steps", "saga_fences"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
    finally:
        await connection.close()


async def test_waiting_for_the_end_has_an_end(sagas: Sagas, participant: Participant) -> None:
    orchestrator = sagas.orchestrator(walk(participant))
    saga_id = await sagas.start(orchestrator)
    with pytest.raises(SomaError) as caught:
        await orchestrator.finished(sagas.tenant, saga_id, 0.2)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED


async def test_a_saga_of_an_older_version_is_run_by_its_own_definition(sagas: Sagas, participant: Participant) -> None:
    old = walk(participant)
    saga_id = await sagas.start(sagas.orchestrator(old))
    new = SagaDefinition("walk", (participant.step("x"),), version=2)
    async with sagas.running(sagas.orchestrator(new)) as only_new:
        assert (await sagas.finished(only_new, await sagas.start(only_new))).version == 2
        assert (await only_new.get_saga(sagas.tenant, saga_id)).status is Status.RUNNING
    async with sagas.running(sagas.orchestrator(old, new)) as both:
        assert (await sagas.finished(both, saga_id)).status is Status.COMPLETED
    assert participant.calls == ["x", "a", "b", "c"]
