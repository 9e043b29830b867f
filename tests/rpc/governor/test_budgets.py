"""Budgets through the governor's door: exact refusals, soft ones, debt, leases, periods, and who may set them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import OTHER_TENANT
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request

DAY, MONTH, TOTAL = budget_pb.BUDGET_PERIOD_DAY, budget_pb.BUDGET_PERIOD_MONTH, budget_pb.BUDGET_PERIOD_TOTAL


async def set_budget(governor: Governor, **fields: Any) -> budget_pb.Budget:
    values: dict[str, Any] = {"period": DAY, "hard": True, "request_id": str(uuid4()), **fields}
    with governor.acting("root", "admin"):
        response = await governor.door.SetBudget(governor_pb.SetBudgetRequest(**values))
    budget: budget_pb.Budget = response.budget
    return budget


async def budgets_of(governor: Governor) -> dict[int, budget_pb.Budget]:
    with governor.acting():
        found = await governor.stub.GetBudget(governor_pb.GetBudgetRequest())
    return {budget.period: budget for budget in found.budgets}


async def need_of_a_turn(governor: Governor) -> tuple[int, int]:
    """What one turn holds, in tokens and micros."""
    request = plan_request()
    with governor.acting():
        hold = (await governor.stub.PlanTurn(request)).hold
        await governor.stub.SettleTurn(settle_request(request.turn_id))
    return hold.tokens, hold.cost_micros


async def test_a_new_tenant_has_the_default_of_the_day(governor: Governor) -> None:
    found = await budgets_of(governor)
    assert list(found) == [DAY]
    assert (found[DAY].limit_tokens, found[DAY].hard) == (100_000, True)
    assert found[DAY].reset_time.ToDatetime(UTC) == datetime(2026, 1, 2, tzinfo=UTC)


async def test_the_last_unit_is_granted_and_the_next_one_refused_with_every_detail(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, limit_tokens=tokens)
    with governor.acting():
        assert (await governor.stub.PlanTurn(plan_request())).hold.tokens == tokens
        with pytest.raises(SomaError) as caught:
            await governor.stub.PlanTurn(plan_request())
    error = caught.value
    assert error.reason is Reason.BUDGET_EXHAUSTED
    assert error.metadata == {
        "scope": "tenant",
        "period": "day",
        "used": str(tokens),
        "limit": str(tokens),
        "unit": "tokens",
        "resets_at": "2026-01-01T12:10:00Z",
    }
    # Only an open hold is in the way: its lease ends then, and its turn may well end sooner.
    assert error.retry_after_seconds == 2
    assert [violation.subject for violation in error.quota] == ["tenant/day"]
    assert len(await governor.rows("select 1 from receipts where settle_time is null")) == 1


async def test_money_is_limited_as_tokens_are(governor: Governor) -> None:
    _, micros = await need_of_a_turn(governor)
    await set_budget(governor, period=MONTH, limit_micros=2 * micros - 1)
    with governor.acting():
        await governor.stub.PlanTurn(plan_request())
        with pytest.raises(SomaError) as caught:
            await governor.stub.PlanTurn(plan_request())
    assert caught.value.metadata["unit"] == "micros"
    assert caught.value.metadata["period"] == "month"


async def test_a_limit_set_later_counts_from_true_counters(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 100, 20)))
    total = await set_budget(governor, period=TOTAL, limit_tokens=50_000)
    assert total.used_tokens == 120
    assert not total.HasField("reset_time")
    assert sorted(await budgets_of(governor)) == [DAY, TOTAL]
    await set_budget(governor, period=TOTAL)
    assert sorted(await budgets_of(governor)) == [DAY]


async def test_a_soft_budget_lowers_the_level_and_refuses_nothing(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 800, 20)))
    await set_budget(governor, limit_tokens=1000, hard=False)
    with governor.acting():
        plan = await governor.stub.PlanTurn(plan_request())
    assert plan.level == level_pb.DEGRADATION_LEVEL_L1
    assert [(reason.source, reason.sentence) for reason in plan.level_reasons] == [
        ("budget", "82% of the day budget is used.")
    ]
    await set_budget(governor, limit_tokens=100, hard=False)
    with governor.acting():
        assert (await governor.stub.PlanTurn(plan_request())).level == level_pb.DEGRADATION_LEVEL_L2


async def test_use_beyond_the_hold_is_debt_that_blocks_until_it_is_covered(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, limit_tokens=2 * tokens)
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 2 * tokens + 7, 0)))
        with pytest.raises(SomaError) as caught:
            await governor.stub.PlanTurn(plan_request())
    assert caught.value.reason is Reason.BUDGET_EXHAUSTED
    day = (await budgets_of(governor))[DAY]
    assert (day.used_tokens, day.debt_tokens, day.held_tokens) == (2 * tokens + 7, tokens + 7, 0)
    # A new day covers what the old one could not: 7 tokens beyond its limit.
    governor.clock.advance(24 * 3600)
    day = (await budgets_of(governor))[DAY]
    assert (day.used_tokens, day.debt_tokens) == (7, 7)
    with governor.acting():
        await governor.stub.PlanTurn(plan_request())
    day = (await budgets_of(governor))[DAY]
    assert (day.used_tokens, day.debt_tokens, day.held_tokens) == (7, 0, tokens)


async def test_an_expired_hold_comes_back_once_and_a_late_settlement_still_counts(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, limit_tokens=tokens + 100)
    late = plan_request(turn_timeout_seconds=10)
    with governor.acting():
        plan = await governor.stub.PlanTurn(late)
        lease = plan.hold.lease_expire_time.ToDatetime(UTC)
        assert (lease - governor.clock.now()).total_seconds() == 20
        governor.clock.advance(20)
        # The next hold finds the expired one by itself, without the sweeper.
        assert (await governor.stub.PlanTurn(plan_request())).hold.tokens == tokens
    assert await governor.servicer.holding.return_expired() == 0
    assert (await budgets_of(governor))[DAY].held_tokens == tokens
    with governor.acting():
        settled = await governor.stub.SettleTurn(settle_request(late.turn_id, (1, 90, 30)))
    day = settled.budgets[0]
    assert (day.used_tokens, day.debt_tokens, day.held_tokens) == (120, 120, tokens)


async def test_the_sweeper_returns_every_tenant_s_expired_holds(governor: Governor) -> None:
    for tenant in (None, OTHER_TENANT):
        caller = governor.acting() if tenant is None else governor.acting(tenant=tenant)
        with caller:
            await governor.stub.PlanTurn(plan_request(turn_timeout_seconds=10))
    governor.clock.advance(21)
    assert await governor.servicer.holding.return_expired() == 2
    assert await governor.servicer.holding.return_expired() == 0
    day = (await budgets_of(governor))[DAY]
    assert (day.held_tokens, day.open_holds) == (0, 0)


async def test_an_open_hold_goes_on_into_the_next_day_and_is_settled_there(governor: Governor) -> None:
    request = plan_request(turn_timeout_seconds=3600)
    with governor.acting():
        governor.clock.advance(12 * 3600 - 60)
        plan = await governor.stub.PlanTurn(request)
        governor.clock.advance(120)
        settled = await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
    day = settled.budgets[0]
    assert plan.hold.tokens > 0
    assert (day.used_tokens, day.held_tokens, day.debt_tokens) == (120, 0, 0)
    assert day.reset_time.ToDatetime(UTC) == datetime(2026, 1, 3, tzinfo=UTC)


async def test_only_an_administrator_sets_a_budget_and_a_repeat_changes_nothing(governor: Governor) -> None:
    wanted = governor_pb.SetBudgetRequest(period=DAY, limit_tokens=5, hard=True, request_id=str(uuid4()))
    with governor.acting("ada"), pytest.raises(SomaError) as caught:
        await governor.door.SetBudget(wanted)
    assert caught.value.reason is Reason.SCOPE_MISSING
    with governor.acting("root", "admin"):
        first = await governor.door.SetBudget(wanted)
        await set_budget(governor, limit_tokens=70_000)
        assert await governor.door.SetBudget(wanted) == first
        wanted.limit_tokens = 6
        with pytest.raises(SomaError) as reused:
            await governor.door.SetBudget(wanted)
    assert reused.value.reason is Reason.REQUEST_ID_REUSED
    assert (await budgets_of(governor))[DAY].limit_tokens == 70_000


async def test_the_governor_switched_off_still_keeps_the_budget(governor: Governor) -> None:
    request = plan_request()
    request.subject.features_off.append("agentiq_governor")
    request.observed_dependencies.add(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)
    with governor.acting():
        plan = await governor.stub.PlanTurn(request)
    assert plan.level == level_pb.DEGRADATION_LEVEL_L0
    assert [reason.source for reason in plan.level_reasons] == ["agent"]
    await set_budget(governor, limit_tokens=plan.hold.tokens)
    again = plan_request()
    again.subject.features_off.append("agentiq_governor")
    with governor.acting(), pytest.raises(SomaError) as caught:
        await governor.stub.PlanTurn(again)
    assert caught.value.reason is Reason.BUDGET_EXHAUSTED
