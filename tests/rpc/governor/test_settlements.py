"""Settlements, however they come: as planned or not, twice, in another process, under a request id that was used."""

from uuid import UUID

import pytest

from servers.governor.levels.standings import StandingStore
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import TENANT
from tests.rpc.governor.conftest import Governor
from tests.rpc.governor.test_budgets import DAY, budgets_of
from tests.unit.governor.samples import plan_request, settle_request


async def test_a_repeat_gets_the_same_figures_and_another_body_is_refused(governor: Governor) -> None:
    turn = plan_request()
    settlement = settle_request(turn.turn_id, (1, 90, 30))
    with governor.acting():
        await governor.stub.PlanTurn(turn)
        first = await governor.stub.SettleTurn(settlement)
        assert await governor.stub.SettleTurn(settlement) == first
        settlement.legs[0].usage.output_tokens = 31
        with pytest.raises(SomaError) as caught:
            await governor.stub.SettleTurn(settlement)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert (await budgets_of(governor))[DAY].used_tokens == 120


@pytest.mark.parametrize("beyond", [0, 10_000], ids=["as planned", "beyond the hold"])
async def test_it_is_the_same_for_whoever_settles(governor: Governor, beyond: int) -> None:
    """A process that opened the receipt remembers it, another one reads it."""
    answers = []
    for forgets in (False, True):
        turn = plan_request()
        with governor.acting():
            await governor.stub.PlanTurn(turn)
            if forgets:
                store = governor.servicer.settlement.plans
                assert (await store.find_open_receipt(TENANT, UUID(turn.turn_id))) is not None
            answers.append(await governor.stub.SettleTurn(settle_request(turn.turn_id, (1, 90 + beyond, 30))))
    first, second = answers
    for answer in answers:
        with governor.acting():
            request = governor_pb.GetReceiptRequest(receipt_id=answer.receipt_id)
            receipt = (await governor.stub.GetReceipt(request)).receipt
        assert receipt.aiq_observed == answer.aiq_observed
        assert receipt.usage.output_tokens == 30
    assert second.budgets[0].used_tokens == 2 * first.budgets[0].used_tokens == 2 * (120 + beyond)
    assert (first.budgets[0].open_holds, second.budgets[0].open_holds) == (0, 0)
    assert (first.budgets[0].debt_tokens > 0) == (beyond > 0)


async def test_of_a_plan_that_was_rolled_back_nothing_is_remembered(
    governor: Governor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may plan the turn again; whoever settles it here would name a receipt that never was."""

    async def failing(*_: object, **__: object) -> bool:
        raise SomaError(Reason.DATABASE_UNAVAILABLE)

    monkeypatch.setattr(StandingStore, "move", failing)
    down = level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)
    turn = plan_request(observed_dependencies=[down])
    with governor.acting(), pytest.raises(SomaError) as caught:
        await governor.stub.PlanTurn(turn)
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
    assert await governor.servicer.settlement.plans.find_open_receipt(TENANT, UUID(turn.turn_id)) is None
