"""What an owner that waits gives back: its use is booked at once and once, and it holds nothing until it goes on."""

from typing import Any
from uuid import uuid4

import pytest

from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from tests.rpc.governor.conftest import Governor
from tests.rpc.governor.test_holds import leg_request
from tests.unit.governor.samples import plan_request, settle_request

Leg = tuple[int, int, int]


def release_request(turn_id: str, *legs: Leg, **fields: Any) -> governor_pb.ReleaseReservationRequest:
    """Legs as in `settle_request`."""
    made = settle_request(turn_id, *legs).legs
    fields = {"turn_id": turn_id, "request_id": str(uuid4()), **fields}
    return governor_pb.ReleaseReservationRequest(legs=made, **fields)


async def day_of(governor: Governor) -> budget_pb.Budget:
    found: governor_pb.GetBudgetResponse = await governor.stub.GetBudget(governor_pb.GetBudgetRequest())
    return found.budgets[0]


def counters(budget: budget_pb.Budget) -> tuple[int, int, int, int]:
    """Used, held, debt in tokens, and how many holds are open."""
    return budget.used_tokens, budget.held_tokens, budget.debt_tokens, budget.open_holds


async def test_a_turn_that_waits_holds_nothing_and_its_use_is_in_the_budget(governor: Governor) -> None:
    turn = plan_request()
    with governor.acting():
        held = (await governor.stub.PlanTurn(turn)).hold.tokens
        first = await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30), last_leg=1))
        assert (first.released_tokens, first.booked_tokens) == (held, 120)
        assert counters(await day_of(governor)) == (120, 0, 0, 0)
        again = await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30), last_leg=1))
        assert (again.released_tokens, again.booked_tokens) == (0, 0)
        await governor.stub.HoldLeg(leg_request(turn.turn_id, 2))
        settled = await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 90, 30), (2, 200, 10)))
    assert settled.cost_micros == 90 + 60 + 200 + 20
    assert counters(settled.budgets[0]) == (330, 0, 0, 0)
    [told] = await governor.rows("select tokens, debt_tokens from settlements")
    assert told == {"tokens": 330, "debt_tokens": 0}


async def test_what_comes_later_of_a_leg_is_debt(governor: Governor) -> None:
    turn = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(turn)
        await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30)))
        settled = await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 95, 40)))
    assert counters(settled.budgets[0]) == (135, 0, 15, 0)
    [told] = await governor.rows("select tokens, debt_tokens from settlements")
    assert told == {"tokens": 135, "debt_tokens": 15}


async def test_a_late_release_leaves_the_hold_of_what_the_turn_does_since(governor: Governor) -> None:
    """The governor was away when the turn began to wait, and the person decided at once."""
    turn = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(turn)
        later = (await governor.stub.HoldLeg(leg_request(turn.turn_id, 2))).hold.tokens
        await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30), last_leg=1))
        assert counters(await day_of(governor)) == (120, later, 0, 1)
        await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 90, 30), (2, 1, 1)))
        after = await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 500, 500), last_leg=1))
        assert (after.released_tokens, after.booked_tokens) == (0, 0)
        assert counters(await day_of(governor)) == (122, 0, 0, 0)


async def test_a_released_leg_that_was_never_made_can_be_held_again(governor: Governor) -> None:
    job = str(uuid4())
    with governor.acting():
        first = await governor.stub.HoldLeg(leg_request(job, 1, job=True))
        await governor.stub.ReleaseReservation(release_request("", job_id=job))
        assert counters(await day_of(governor)) == (0, 0, 0, 0)
        larger = await governor.stub.HoldLeg(leg_request(job, 1, job=True, input_tokens=4000))
        assert larger.hold.hold_id == first.hold.hold_id
        assert counters(await day_of(governor)) == (0, 4100, 0, 1)


async def test_a_leg_without_a_hold_is_debt_and_is_not_booked_again(governor: Governor) -> None:
    turn = plan_request()
    with governor.acting():
        await governor.stub.PlanTurn(turn)
        await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30), (2, 5, 5)))
        assert counters(await day_of(governor)) == (130, 0, 10, 0)
        settled = await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 90, 30), (2, 5, 5)))
    assert counters(settled.budgets[0]) == (130, 0, 10, 0)


async def test_an_answer_after_the_lease_counts_and_is_debt(governor: Governor) -> None:
    turn = plan_request(turn_timeout_seconds=10)
    with governor.acting():
        await governor.stub.PlanTurn(turn)
        governor.clock.advance(30)
        assert await governor.servicer.holding.return_expired() == 1
        await governor.stub.ReleaseReservation(release_request(turn.turn_id, (1, 90, 30)))
        assert counters(await day_of(governor)) == (120, 0, 120, 0)
        governor.clock.advance(7 * 24 * 3600)
        settled = await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 90, 30)))
    assert settled.budgets[0].used_tokens == 0
    assert settled.cost_micros == 150


@pytest.mark.parametrize("name", ["turn_id", "job_id"])
async def test_who_never_held_anything_releases_nothing(governor: Governor, name: str) -> None:
    request = release_request("")
    setattr(request, name, str(uuid4()))
    with governor.acting(), pytest.raises(SomaError) as caught:
        await governor.stub.ReleaseReservation(request)
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
