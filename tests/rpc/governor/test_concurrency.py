"""Many planners at once through the governor's door."""

import asyncio
from uuid import uuid4

from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import OTHER_TENANT
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request


async def test_200_parallel_plans_of_the_last_units_grant_exactly_what_fits(governor: Governor) -> None:
    first = plan_request()
    with governor.acting("root", "admin"):
        need = (await governor.stub.PlanTurn(first)).hold.tokens
        await governor.stub.SettleTurn(settle_request(first.turn_id))
        limit = governor_pb.SetBudgetRequest(
            period=budget_pb.BUDGET_PERIOD_DAY, limit_tokens=5 * need + need // 2, hard=True, request_id=str(uuid4())
        )
        await governor.door.SetBudget(limit)

    # A connection carries 100 calls at once.
    stubs = [governor.connect("chat") for _ in range(4)]

    async def plan(number: int) -> bool:
        try:
            await stubs[number % 4].PlanTurn(plan_request(), timeout=60.0)
        except SomaError as error:
            if error.reason is not Reason.BUDGET_EXHAUSTED:
                raise
            return False
        return True

    with governor.acting():
        granted = await asyncio.gather(*(plan(number) for number in range(200)))
        budget = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
    assert sum(granted) == 5
    assert (budget.held_tokens, budget.open_holds) == (5 * need, 5)


async def test_parallel_repeats_of_a_turn_are_one_plan_and_one_settlement(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        plans = await asyncio.gather(*(governor.stub.PlanTurn(request) for _ in range(20)))
        settlements = await asyncio.gather(
            *(governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30))) for _ in range(20))
        )
    assert all(plan == plans[0] for plan in plans)
    assert all(settled == settlements[0] for settled in settlements)
    assert settlements[0].budgets[0].used_tokens == 120
    assert len(await governor.rows("select 1 from events")) == 1


async def test_a_tenant_s_turns_leave_another_tenant_s_budget_alone(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
    with governor.acting(tenant=OTHER_TENANT):
        other = (await governor.stub.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
        assert (other.held_tokens, other.open_holds) == (0, 0)
        same_turn = await governor.stub.PlanTurn(request)
    with governor.acting():
        assert (await governor.stub.PlanTurn(request)).receipt_id != same_turn.receipt_id
