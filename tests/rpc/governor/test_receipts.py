"""Receipts through the governor's door: listed in pages, filtered, compared, and seen by nobody else."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.governor.domain.differences import PARTS
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import OTHER_TENANT
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request


async def turn(governor: Governor, sub: str = "ada", *, settled: bool = True, **changes: Any) -> UUID:
    """A turn that was planned, a second after the one before."""
    turn_id = Ids().uuid7()
    governor.clock.advance(1.0)
    with governor.acting(sub):
        await governor.stub.PlanTurn(plan_request(turn_id, **changes))
        if settled:
            await governor.stub.SettleTurn(settle_request(str(turn_id), (1, 90, 30)))
    return turn_id


async def listed(governor: Governor, sub: str = "ada", *roles: str, **fields: Any) -> governor_pb.ListReceiptsResponse:
    with governor.acting(sub, *roles):
        answer: governor_pb.ListReceiptsResponse = await governor.door.ListReceipts(
            governor_pb.ListReceiptsRequest(**fields)
        )
    return answer


def turns_of(answer: governor_pb.ListReceiptsResponse) -> list[UUID]:
    return [UUID(each.turn_id) for each in answer.receipts]


async def test_receipts_are_listed_page_by_page_the_newest_first(governor: Governor) -> None:
    made = [await turn(governor) for _ in range(5)][::-1]
    found: list[UUID] = []
    token = ""
    for size in (2, 2, 1):
        page = await listed(governor, page_size=2, page_token=token)
        assert len(page.receipts) == size
        found += turns_of(page)
        token = page.next_page_token
    assert found == made
    assert token == ""
    newest = (await listed(governor, page_size=1)).receipts[0]
    assert (newest.tokens, newest.cost_micros, newest.finish_reason, newest.model) == (120, 150, "stop", "m")
    assert newest.owner_sub == "ada"
    assert newest.HasField("aiq_observed")
    assert newest.HasField("settle_time")
    open_turn = await turn(governor, settled=False)
    first = (await listed(governor)).receipts[0]
    assert UUID(first.turn_id) == open_turn
    assert (first.finish_reason, first.tokens, first.HasField("aiq_observed"), first.HasField("settle_time")) == (
        "",
        0,
        False,
        False,
    )


async def test_a_list_has_its_filters(governor: Governor) -> None:
    conversation, agent = str(uuid4()), str(uuid4())
    subject = plan_pb.TurnSubject(agent_id=agent, conversation_id=conversation)
    plain = await turn(governor)
    inside = await turn(governor, subject=subject)
    between = governor.clock.now() + timedelta(milliseconds=500)
    other = await turn(governor, model=plan_pb.ModelSnapshot(model="n"))
    for fields, expected in (
        ({}, [other, inside, plain]),
        ({"conversation_id": conversation}, [inside]),
        ({"agent_id": agent}, [inside]),
        ({"agent_id": agent, "conversation_id": str(uuid4())}, []),
        ({"model": "n"}, [other]),
        ({"model": "m"}, [inside, plain]),
        ({"level": level_pb.DEGRADATION_LEVEL_L0}, [other, inside, plain]),
        ({"level": level_pb.DEGRADATION_LEVEL_L1}, []),
        ({"from_time": between}, [other]),
        ({"to_time": between}, [inside, plain]),
        ({"from_time": between, "to_time": between}, []),
    ):
        assert turns_of(await listed(governor, **fields)) == expected, fields


async def test_a_page_token_belongs_to_its_list(governor: Governor) -> None:
    for _ in range(2):
        await turn(governor)
    token = (await listed(governor, page_size=1)).next_page_token
    for fields in ({"page_token": token, "model": "m"}, {"page_token": "bm90IG91cnM"}):
        with pytest.raises(SomaError) as refused:
            await listed(governor, page_size=1, **fields)
        assert refused.value.reason is Reason.INVALID_FIELD


async def test_everybody_sees_their_own_receipts_and_an_administrator_those_of_the_tenant(governor: Governor) -> None:
    hers, his = await turn(governor, "ada"), await turn(governor, "bob")
    assert turns_of(await listed(governor, "ada")) == [hers]
    assert turns_of(await listed(governor, "bob")) == [his]
    assert turns_of(await listed(governor, "root", "admin")) == [his, hers]
    with governor.acting("root", "admin", tenant=OTHER_TENANT):
        assert not (await governor.door.ListReceipts(governor_pb.ListReceiptsRequest())).receipts


async def diff(governor: Governor, first: UUID, second: UUID, sub: str = "ada") -> list[receipt_pb.ReceiptDifference]:
    with governor.acting(sub):
        request = governor_pb.DiffReceiptsRequest(receipt_id=str(first), other_receipt_id=str(second))
        return list((await governor.door.DiffReceipts(request)).differences)


async def test_two_receipts_differ_in_what_they_say_and_in_nothing_else(governor: Governor) -> None:
    first = await turn(governor)
    assert await diff(governor, first, first) == []
    second = await turn(governor, model=plan_pb.ModelSnapshot(window_tokens=4096), settled=False)
    found = await diff(governor, first, second)
    assert found == await diff(governor, first, second)
    order = [list(PARTS).index(each.part) for each in found]
    assert order == sorted(order)
    by_name = {(each.part, each.name): each for each in found}
    call = by_name["legs", "model call 1"]
    assert call.before == "by m with 90 tokens in and 30 tokens out, for 0.000150 USD, ended by stop"
    assert call.after == ""
    assert call.sentence == f"The model call 1 was {call.before} and then was not there."
    used = by_name["budgets", "day used"]
    assert (used.before, used.after) == ("[0, 0]", "[120, 150]")
    back = {(each.part, each.name): (each.after, each.before) for each in await diff(governor, second, first)}
    assert back == {key: (each.before, each.after) for key, each in by_name.items()}


async def test_what_is_not_ones_own_is_not_there(governor: Governor) -> None:
    hers, his = await turn(governor, "ada"), await turn(governor, "bob")
    for pair in ((hers, his), (his, hers), (hers, uuid4())):
        with pytest.raises(SomaError) as refused:
            await diff(governor, *pair)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
