"""Sagas through control's door: seen without their secrets, gone on with, undone, and of one tenant."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from soma.control.v1 import saga_service_pb2 as saga_service_pb
from soma.events.v1 import saga_pb2 as saga_pb
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.paging import next_page_token
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall, Values
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.operations.conftest import Installation

REPAIRED: set[UUID] = set()


async def act(call: StepCall) -> Values:
    return {"did": call.step}


async def act_when_repaired(call: StepCall) -> Values:
    """A step that is refused until somebody mends what it lacks."""
    if call.saga_id in REPAIRED:
        return {}
    raise invalid_field("plan", "there is no such plan")


@pytest.fixture
def definitions() -> tuple[SagaDefinition, ...]:
    fine, back = SagaStep("order", act, act), SagaStep("pay", act, act)
    return (
        SagaDefinition("tea.brew", (fine, back)),
        SagaDefinition("tea.spill", (fine, SagaStep("pour", act_when_repaired))),
        SagaDefinition("tea.stick", (SagaStep("boil", act), SagaStep("pour", act_when_repaired))),
    )


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user("olga", roles=("operator",)), "test"):
        yield


async def run(installation: Installation, name: str = "tea.brew") -> str:
    """A saga of the house chat, come to rest."""
    given = {"plan": "free", "api_key": "sk-abcdefghijklmnop", "deep": {"password": "hush"}, "amount": 3}
    saga = await installation.sagas.start_saga(TENANT, user("ada"), name, given, uuid4())
    await installation.sagas.finished(TENANT, saga.saga_id, 20.0)
    return str(saga.saga_id)


async def look(installation: Installation, saga_id: str) -> saga_pb.Saga:
    return (await installation.saga.GetSaga(saga_service_pb.GetSagaRequest(house="chat", saga_id=saga_id))).saga


async def test_a_saga_shows_its_steps_and_none_of_its_secrets(installation: Installation) -> None:
    found = await look(installation, await run(installation))
    assert (found.house, found.name, found.version, found.started_by) == ("chat", "tea.brew", 1, "ada")
    assert found.status == saga_pb.SAGA_STATUS_COMPLETED
    assert [(step.name, step.attempts) for step in found.steps] == [("order", 1), ("pay", 1)]
    assert {step.direction for step in found.steps} == {saga_pb.SAGA_DIRECTION_FORWARD}
    assert {step.status for step in found.steps} == {saga_pb.SAGA_STEP_STATUS_DONE}
    assert (found.input["plan"], found.input["amount"]) == ("free", 3)
    assert found.input["api_key"] == "[redacted]"
    assert b"sk-abc" not in found.SerializeToString()
    assert b"hush" not in found.SerializeToString()
    assert found.HasField("end_time")


async def test_one_that_failed_says_why_and_what_was_undone(installation: Installation) -> None:
    found = await look(installation, await run(installation, "tea.spill"))
    assert found.status == saga_pb.SAGA_STATUS_COMPENSATED
    assert found.error_reason == "INVALID_FIELD"
    failed = [step for step in found.steps if step.status == saga_pb.SAGA_STEP_STATUS_FAILED]
    assert [(step.name, step.error_reason) for step in failed] == [("pour", "INVALID_FIELD")]
    assert failed[0].error_id
    undone = [step for step in found.steps if step.direction == saga_pb.SAGA_DIRECTION_BACK]
    assert [(step.name, step.status) for step in undone] == [("order", saga_pb.SAGA_STEP_STATUS_DONE)]


async def test_sagas_are_listed_the_newest_first_page_by_page(installation: Installation) -> None:
    every = [await run(installation) for _ in range(3)]
    token, walked = "", list[str]()
    for size in (1, 1, 200):
        page = await installation.saga.ListSagas(
            saga_service_pb.ListSagasRequest(page_size=size, page_token=token, name="tea.brew")
        )
        walked += [saga.saga_id for saga in page.sagas]
        assert all(not saga.steps and not saga.HasField("input") for saga in page.sagas)
        token = page.next_page_token
    assert (walked, token) == (every[::-1], "")
    none = await installation.saga.ListSagas(saga_service_pb.ListSagasRequest(status=saga_pb.SAGA_STATUS_RUNNING))
    assert not none.sagas


async def test_a_stuck_one_goes_on_when_it_is_mended_and_resumed(installation: Installation) -> None:
    saga_id = await run(installation, "tea.stick")
    stuck = await look(installation, saga_id)
    assert (stuck.status, stuck.step) == (saga_pb.SAGA_STATUS_STUCK, "pour")
    with pytest.raises(SomaError) as refused:
        await installation.saga.CompensateSaga(
            saga_service_pb.CompensateSagaRequest(house="chat", saga_id=saga_id, request_id=str(uuid4()))
        )
    assert refused.value.reason is Reason.SAGA_CANNOT_CHANGE
    REPAIRED.add(UUID(saga_id))
    request = saga_service_pb.ResumeSagaRequest(house="chat", saga_id=saga_id, request_id=str(uuid4()))
    first = await installation.saga.ResumeSaga(request)
    assert first.saga.status == saga_pb.SAGA_STATUS_RUNNING
    await installation.sagas.finished(TENANT, UUID(saga_id), 20.0)
    assert await installation.saga.ResumeSaga(request) == first, "a repeat is answered, although the saga is over"
    assert (await look(installation, saga_id)).status == saga_pb.SAGA_STATUS_COMPLETED
    request.request_id = str(uuid4())
    with pytest.raises(SomaError) as refused:
        await installation.saga.ResumeSaga(request)
    assert refused.value.reason is Reason.SAGA_CANNOT_CHANGE


async def test_a_completed_one_is_undone_when_somebody_says_so(installation: Installation) -> None:
    saga_id = await run(installation)
    request = saga_service_pb.CompensateSagaRequest(house="chat", saga_id=saga_id, request_id=str(uuid4()))
    assert (await installation.saga.CompensateSaga(request)).saga.status == saga_pb.SAGA_STATUS_COMPENSATING
    await installation.sagas.finished(TENANT, UUID(saga_id), 20.0)
    found = await look(installation, saga_id)
    assert found.status == saga_pb.SAGA_STATUS_COMPENSATED
    back = [step.name for step in found.steps if step.direction == saga_pb.SAGA_DIRECTION_BACK]
    assert back == ["pay", "order"]


async def test_another_tenants_sagas_are_not_there(installation: Installation) -> None:
    saga_id = await run(installation)
    with acting_as(user("eve", tenant_id=OTHER_TENANT, roles=("admin",)), "test"):
        assert not (await installation.saga.ListSagas(saga_service_pb.ListSagasRequest())).sagas
        mutation = {"house": "chat", "saga_id": saga_id, "request_id": str(uuid4())}
        for call in (
            lambda: look(installation, saga_id),
            lambda: installation.saga.ResumeSaga(saga_service_pb.ResumeSagaRequest(**mutation)),
            lambda: installation.saga.CompensateSaga(saga_service_pb.CompensateSagaRequest(**mutation)),
        ):
            with pytest.raises(SomaError) as refused:
                await call()
            assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert (await look(installation, saga_id)).status == saga_pb.SAGA_STATUS_COMPLETED


async def test_a_viewer_is_refused(installation: Installation) -> None:
    with acting_as(user("vera", roles=("viewer",)), "test"):
        for call in (
            lambda: installation.saga.ListSagas(saga_service_pb.ListSagasRequest()),
            lambda: look(installation, str(uuid4())),
        ):
            with pytest.raises(SomaError) as refused:
                await call()
            assert refused.value.reason is Reason.SCOPE_MISSING


async def test_a_house_without_sagas_has_none(installation: Installation) -> None:
    page = await installation.saga.ListSagas(saga_service_pb.ListSagasRequest(house="memory"))
    assert (list(page.sagas), list(page.unreachable_houses)) == ([], [])
    with pytest.raises(SomaError) as refused:
        await installation.saga.GetSaga(saga_service_pb.GetSagaRequest(house="memory", saga_id=str(uuid4())))
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_a_house_that_is_down_is_named(installation: Installation) -> None:
    saga_id = await run(installation)
    await installation.stop("memory")
    page = await installation.saga.ListSagas(saga_service_pb.ListSagasRequest())
    assert ([saga.saga_id for saga in page.sagas], list(page.unreachable_houses)) == ([saga_id], ["memory"])


@pytest.mark.parametrize("parts", [["chat", "yesterday", str(uuid4())], ["chat", 1, "no-uuid"], ["attic", 1, "x"]])
async def test_a_bad_page_token_is_refused_by_name(installation: Installation, parts: list[str | int]) -> None:
    token = next_page_token(parts, {"status": 0, "name": "", "house": ""})
    with pytest.raises(SomaError) as refused:
        await installation.saga.ListSagas(saga_service_pb.ListSagasRequest(page_token=token))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert "page_token" in refused.value.sentence
