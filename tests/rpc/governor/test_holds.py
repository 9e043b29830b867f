"""Holds that must not be given: after the settlement, of another size, under an id that is taken."""

from uuid import uuid4

import pytest

from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request


def leg_request(owner: str, leg: int, *, job: bool = False, input_tokens: int = 400) -> governor_pb.HoldLegRequest:
    request = governor_pb.HoldLegRequest(
        leg=leg, input_tokens=input_tokens, max_output_tokens=100, request_id=str(uuid4())
    )
    request.price.CopyFrom(plan_request().model.price)
    setattr(request, "job_id" if job else "turn_id", owner)
    return request


async def _open_holds(governor: Governor) -> int:
    return len(await governor.rows("select 1 from holds where state = 'open'"))


@pytest.mark.parametrize("job", [False, True], ids=["turn", "job"])
@pytest.mark.parametrize("leg", [1, 2], ids=["the settled leg", "a new leg"])
async def test_after_the_settlement_nothing_is_held_any_more(governor: Governor, job: bool, leg: int) -> None:
    """What is held then would be settled by nobody."""
    planned = plan_request()
    settlement = settle_request(planned.turn_id, (1, 90, 30))
    with governor.acting():
        if job:
            await governor.stub.HoldLeg(leg_request(planned.turn_id, 1, job=True))
            settlement.job_id = planned.turn_id
        else:
            await governor.stub.PlanTurn(planned)
        await governor.stub.SettleTurn(settlement)
        with pytest.raises(SomaError) as caught:
            await governor.stub.HoldLeg(leg_request(planned.turn_id, leg, job=job))
        budget = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    assert caught.value.metadata["id"] == planned.turn_id
    assert await _open_holds(governor) == 0
    assert budget.held_tokens == 0


async def test_a_repeat_for_a_larger_call_does_not_get_the_smaller_hold(governor: Governor) -> None:
    job = str(uuid4())
    with governor.acting():
        first = await governor.stub.HoldLeg(leg_request(job, 1, job=True))
        with pytest.raises(SomaError) as caught:
            await governor.stub.HoldLeg(leg_request(job, 1, job=True, input_tokens=4000))
        again = await governor.stub.HoldLeg(leg_request(job, 1, job=True))
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.metadata["field"] == "leg"
    assert again == first
    assert await _open_holds(governor) == 1


async def test_a_turn_under_the_id_of_a_job_is_refused(governor: Governor) -> None:
    """Its answer would name a hold and a receipt that are not there."""
    planned = plan_request()
    with governor.acting():
        await governor.stub.HoldLeg(leg_request(planned.turn_id, 1, job=True))
        with pytest.raises(SomaError) as caught:
            await governor.stub.PlanTurn(planned)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert not await governor.rows("select 1 from receipts")


async def test_a_turn_is_not_settled_as_a_job(governor: Governor) -> None:
    """Its receipt would stay open for ever."""
    planned = plan_request()
    settlement = settle_request(planned.turn_id, (1, 90, 30))
    settlement.job_id = planned.turn_id
    with governor.acting():
        await governor.stub.PlanTurn(planned)
        with pytest.raises(SomaError) as caught:
            await governor.stub.SettleTurn(settlement)
        await governor.stub.SettleTurn(settle_request(planned.turn_id, (1, 90, 30)))
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    assert await _open_holds(governor) == 0
