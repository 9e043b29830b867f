"""Budgets of users, agents, conversations and single turns: each refuses by itself, for those it is meant for only."""

from typing import Any
from uuid import uuid4

import pytest

from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.rpc.governor.conftest import Governor
from tests.rpc.governor.test_budgets import DAY, MONTH, TOTAL, need_of_a_turn, set_budget
from tests.rpc.governor.test_holds import leg_request
from tests.unit.governor.samples import AGENT, plan_request, settle_request

TURN = budget_pb.BUDGET_PERIOD_TURN
USER, OF_AGENT = budget_pb.BUDGET_SCOPE_USER, budget_pb.BUDGET_SCOPE_AGENT
OF_CONVERSATION, TENANT = budget_pb.BUDGET_SCOPE_CONVERSATION, budget_pb.BUDGET_SCOPE_TENANT
TALK = "0198c0de-0000-7000-8000-0000000000cc"


def a_turn(**subject: str) -> governor_pb.PlanTurnRequest:
    request = plan_request()
    for name, value in subject.items():
        setattr(request.subject, name, value)
    return request


async def plan(governor: Governor, sub: str = "ada", **subject: str) -> governor_pb.PlanTurnResponse:
    with governor.acting(sub):
        answer: governor_pb.PlanTurnResponse = await governor.stub.PlanTurn(a_turn(**subject))
    return answer


async def refused(governor: Governor, sub: str = "ada", **subject: str) -> SomaError:
    with pytest.raises(SomaError) as caught:
        await plan(governor, sub, **subject)
    return caught.value


async def use(governor: Governor, tokens: int, sub: str = "ada", **subject: str) -> None:
    """A turn that uses so many tokens."""
    request = a_turn(**subject)
    with governor.acting(sub):
        await governor.stub.PlanTurn(request)
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, tokens, 0)))


async def applying(governor: Governor, sub: str = "ada", **fields: str) -> dict[tuple[int, str, int], budget_pb.Budget]:
    with governor.acting(sub):
        found = await governor.stub.GetBudget(governor_pb.GetBudgetRequest(**fields))
    return {(each.scope, each.scope_id, each.period): each for each in found.budgets}


@pytest.mark.parametrize(
    ("scope", "scope_id", "mine", "other"),
    [
        (USER, "ada", {}, {"sub": "eve"}),
        (OF_AGENT, AGENT, {}, {"agent_id": TALK}),
        (OF_CONVERSATION, TALK, {"conversation_id": TALK}, {"conversation_id": AGENT}),
    ],
    ids=["user", "agent", "conversation"],
)
@pytest.mark.parametrize("template", [False, True], ids=["own", "template"])
async def test_a_budget_refuses_those_it_is_meant_for(
    governor: Governor,
    scope: budget_pb.BudgetScope.ValueType,
    scope_id: str,
    mine: dict[str, str],
    other: dict[str, str],
    template: bool,
) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, scope=scope, scope_id="" if template else scope_id, limit_tokens=tokens)
    await plan(governor, **mine)
    error = await refused(governor, **mine)
    name = budget_pb.BudgetScope.Name(scope).removeprefix("BUDGET_SCOPE_").lower()
    assert error.reason is Reason.BUDGET_EXHAUSTED
    assert (error.metadata["scope"], error.metadata["period"]) == (name, "day")
    assert [violation.subject for violation in error.quota] == [f"{name}/day"]
    await plan(governor, **other)
    if template:
        await refused(governor, **other)
        await set_budget(governor, scope=scope, scope_id=scope_id, limit_tokens=2 * tokens)
        await plan(governor, **mine)
        await refused(governor, **mine)
        await set_budget(governor, scope=scope, scope_id=scope_id)
        # Without one of its own the template counts again, and so does what was used under it.
        assert (await refused(governor, **mine)).metadata["used"] == str(2 * tokens)


async def test_a_refused_turn_is_counted_nowhere(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, scope=USER, limit_tokens=10 * tokens)
    await set_budget(governor, scope=OF_CONVERSATION, scope_id=TALK, limit_tokens=tokens - 1, hard=True)
    await refused(governor, conversation_id=TALK)
    found = await applying(governor, conversation_id=TALK)
    assert all(budget.held_tokens == budget.used_tokens == budget.open_holds == 0 for budget in found.values())


async def test_a_turn_s_budget_bounds_all_its_calls_together_and_no_wait_helps(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, period=TURN, limit_tokens=tokens + 600)
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
        await governor.stub.HoldLeg(leg_request(request.turn_id, 2))
        with pytest.raises(SomaError) as caught:
            await governor.stub.HoldLeg(leg_request(request.turn_id, 3))
        assert caught.value.metadata == {
            "scope": "tenant",
            "period": "turn",
            "used": str(tokens + 500),
            "limit": str(tokens + 600),
            "unit": "tokens",
            "resets_at": "never",
        }
        assert caught.value.retry_after_seconds is None
        release = governor_pb.ReleaseReservationRequest(turn_id=request.turn_id, request_id=str(uuid4()))
        await governor.stub.ReleaseReservation(release)
        await governor.stub.HoldLeg(leg_request(request.turn_id, 3))
        await governor.stub.PlanTurn(plan_request())


async def test_a_limit_in_a_scope_counts_from_the_moment_it_was_set(governor: Governor) -> None:
    await use(governor, 500)
    await set_budget(governor, scope=USER, scope_id="ada", period=TOTAL, limit_tokens=10_000)
    await use(governor, 70)
    assert (await applying(governor))[USER, "ada", TOTAL].used_tokens == 70
    await set_budget(governor, scope=USER, scope_id="ada", period=TOTAL)
    await use(governor, 5)
    found = await set_budget(governor, scope=USER, scope_id="ada", period=TOTAL, limit_tokens=10_000)
    assert (found.scope, found.scope_id, found.used_tokens) == (USER, "ada", 0)


async def test_a_hold_from_before_the_limit_moves_no_counter_of_it(governor: Governor) -> None:
    request = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(request)
    await set_budget(governor, scope=USER, limit_tokens=100_000)
    later = await plan(governor)
    with governor.acting():
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
    user = (await applying(governor))[USER, "ada", DAY]
    assert (user.used_tokens, user.held_tokens) == (0, later.hold.tokens)


async def test_debt_and_periods_are_each_scope_s_own(governor: Governor) -> None:
    tokens, _ = await need_of_a_turn(governor)
    await set_budget(governor, scope=USER, limit_tokens=tokens)
    await set_budget(governor, scope=OF_AGENT, scope_id=AGENT, period=MONTH, limit_tokens=50_000)
    await use(governor, tokens + 7)
    found = await applying(governor, agent_id=AGENT)
    assert (found[USER, "ada", DAY].used_tokens, found[USER, "ada", DAY].debt_tokens) == (tokens + 7, 7)
    assert found[OF_AGENT, AGENT, MONTH].debt_tokens == 7
    error = await refused(governor)
    assert (error.metadata["resets_at"], error.retry_after_seconds) == ("2026-01-02T00:00:00Z", 12 * 3600)
    governor.clock.advance(24 * 3600)
    found = await applying(governor, agent_id=AGENT)
    assert (found[USER, "ada", DAY].used_tokens, found[USER, "ada", DAY].debt_tokens) == (7, 7)
    assert found[OF_AGENT, AGENT, MONTH].used_tokens == tokens + 7
    # Debt blocks: the day has room for all but 7 tokens of a turn.
    assert (await refused(governor)).metadata["scope"] == "user"


async def test_an_expired_hold_comes_back_in_every_scope_once(governor: Governor) -> None:
    await set_budget(governor, scope=USER, limit_tokens=100_000)
    request = plan_request(turn_timeout_seconds=10)
    with governor.acting():
        await governor.stub.PlanTurn(request)
    governor.clock.advance(21)
    assert await governor.servicer.holding.return_expired() == 1
    assert (await applying(governor))[USER, "ada", DAY].held_tokens == 0
    with governor.acting():
        await governor.stub.SettleTurn(settle_request(request.turn_id, (1, 90, 30)))
    user = (await applying(governor))[USER, "ada", DAY]
    assert (user.used_tokens, user.held_tokens, user.debt_tokens) == (120, 0, 120)


async def test_the_budget_that_refuses_for_longest_is_named(governor: Governor) -> None:
    await use(governor, 900)
    await set_budget(governor, limit_tokens=1000)
    await set_budget(governor, period=MONTH, limit_tokens=1000)
    error = await refused(governor)
    assert (error.metadata["period"], error.metadata["resets_at"]) == ("month", "2026-02-01T00:00:00Z")


async def test_a_user_s_budget_lowers_the_level_of_their_turns_only(governor: Governor) -> None:
    await set_budget(governor, scope=USER, limit_tokens=1000, hard=False)
    await use(governor, 960)
    mine = await plan(governor)
    assert mine.level == level_pb.DEGRADATION_LEVEL_L2
    assert ("budget", "96% of the user's day budget is used.") in [
        (reason.source, reason.sentence) for reason in mine.level_reasons
    ]
    assert (await plan(governor, "eve")).level == level_pb.DEGRADATION_LEVEL_L0


async def test_an_operator_sees_all_budgets_page_by_page(governor: Governor) -> None:
    await set_budget(governor, scope=USER, limit_tokens=20_000)
    await set_budget(governor, scope=USER, scope_id="eve", period=TOTAL, limit_micros=5)
    await set_budget(governor, period=TURN, limit_tokens=5_000)
    await use(governor, 40)
    seen: list[tuple[int, str, int, int]] = []
    request = governor_pb.ListBudgetsRequest(page_size=2)
    with governor.acting("olga", "operator"):
        while True:
            answer = await governor.door.ListBudgets(request)
            assert len(answer.budgets) <= 2
            seen += [(each.scope, each.scope_id, each.period, each.used_tokens) for each in answer.budgets]
            request.page_token = answer.next_page_token
            if not request.page_token:
                break
        one = await governor.door.ListBudgets(governor_pb.ListBudgetsRequest(scope=USER, scope_id="ada"))
    assert seen == [
        (TENANT, "", DAY, 40),
        (TENANT, "", TURN, 0),
        (USER, "", DAY, 0),
        (USER, "ada", DAY, 40),
        (USER, "eve", TOTAL, 0),
    ]
    assert [(each.scope_id, each.limit_tokens) for each in one.budgets] == [("ada", 20_000)]
    with governor.acting(), pytest.raises(SomaError) as caught:
        await governor.door.ListBudgets(governor_pb.ListBudgetsRequest())
    assert caught.value.reason is Reason.SCOPE_MISSING


@pytest.mark.parametrize(
    "fields",
    [{"scope_id": "ada"}, {"scope": OF_AGENT, "scope_id": "ada"}, {"scope": OF_CONVERSATION, "scope_id": "-"}],
    ids=["tenant", "agent", "conversation"],
)
async def test_an_id_that_nobody_can_have_is_refused(governor: Governor, fields: dict[str, Any]) -> None:
    with pytest.raises(SomaError) as caught:
        await set_budget(governor, limit_tokens=5, **fields)
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.INVALID_FIELD, "scope_id")


async def test_the_event_of_a_change_says_whose_it_is(governor: Governor) -> None:
    await set_budget(governor, scope=USER, scope_id="ada", limit_tokens=5)
    [row] = await governor.rows("select payload from events where event_type = 'governor.budget.changed'")
    assert b"user" in row["payload"]
    assert b"ada" in row["payload"]
