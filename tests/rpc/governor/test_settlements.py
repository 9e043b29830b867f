"""Settlements, however they come: as planned or not, twice, in another process, under a request id that was used."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from servers.governor.domain.ledger import Amount
from servers.governor.domain.rules import Level
from servers.governor.domain.scopes import Subject
from servers.governor.ledger.store import NO_RATES, Hold
from servers.governor.planning.store import NewReceipt, Wanted
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
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


async def test_of_a_plan_that_was_rolled_back_nothing_is_remembered(governor: Governor) -> None:
    """Another process may plan the turn again; whoever settles it here would name a receipt that never was."""
    plans, now = governor.servicer.settlement.plans, governor.clock.now()
    hold = Hold(uuid4(), 1, Amount(100), now + timedelta(minutes=10))
    new = NewReceipt(uuid4(), uuid4(), hold, now, Subject("ada"), "m", [0] * 6, 0, 0.0, b"", b"", Level.L0, NO_RATES)
    await plans.read_planning_state(TENANT, Wanted(new.turn_id), now)
    opened: list[bool] = []

    async def fail(connection: Connection) -> None:
        opened.append(await connection.fetchval("select exists (select from receipts where turn_id = $1)", new.turn_id))
        raise SomaError(Reason.DATABASE_UNAVAILABLE)

    with pytest.raises(SomaError):
        await plans.open_receipt(TENANT, new, fail)
    assert opened == [True]
    assert await plans.find_open_receipt(TENANT, new.turn_id) is None
