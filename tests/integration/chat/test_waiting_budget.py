"""A turn that waits for a person holds nothing of the budget, and what it used is booked: once, whoever dies."""

import asyncpg
import pytest

from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_approvals import APPROVE, DENY, asked, careful, resolve, waiting
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate

AWAY = (Reason.DEPENDENCY_DOWN, Reason.DEADLINE_EXCEEDED)


async def budget(ada: Person) -> budget_pb.Budget | None:
    """The budget of the day; None while the governor is away."""
    try:
        with ada.acting():
            found = (await ada.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
    except SomaError as error:
        if error.reason not in AWAY:
            raise
        return None
    return found[0] if found else None


async def nothing_held(ada: Person) -> int:
    """The tokens that are booked once nothing is held and something was used."""

    async def look() -> int:
        day = await budget(ada)
        return 0 if day is None or day.open_holds or day.held_tokens else day.used_tokens

    return await eventually(look, within_seconds=15)


async def booked(ada: Person, turn: turn_pb.Turn) -> None:
    """Returns when the budget has what the turn used, without debt."""
    tokens = turn.usage.input_tokens + turn.usage.output_tokens
    assert await nothing_held(ada) == tokens
    day = await budget(ada)
    assert day is not None
    assert (day.debt_tokens, day.used_micros) == (0, turn.cost_micros)


@pytest.mark.parametrize("decision", [APPROVE, DENY, None], ids=["approved", "denied", "cancelled"])
async def test_what_a_waiting_turn_used_is_booked_and_nothing_is_held(
    ada: Person, stack: ChatStack, model: ScriptedUpstream, decision: event_pb.ApprovalDecision.ValueType | None
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"), Script(text="So be it."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    before = await nothing_held(ada)
    assert before > 0
    # Days pass: the lease of a hold that is closed means nothing any more.
    governor = await asyncpg.connect(stack.databases["governor"].owner_dsn)
    await governor.execute(
        "update holds set lease_expire_time = now() - interval '3 days' where owner_id = $1", told.turn_id
    )
    await governor.close()
    if decision is None:
        await ada.cancel(told.turn_id)
    else:
        await resolve(ada, told, decision)
    await ada.resume(told.turn_id, told.last.sequence)
    turn = await ada.turn(told.turn_id)
    await booked(ada, turn)
    used = turn.usage.input_tokens + turn.usage.output_tokens
    assert used == before if decision is None else used > before


async def test_a_governor_that_is_away_learns_of_it_when_it_is_back(
    ada: Person, stack: ChatStack, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I? " * 6), Script(text="It is 42."))
    told = Told()
    async for event in ada.stream(said(SUM, agent_id=await careful(ada))):
        told.take(event)
        if event.HasField("started"):
            stack.kill("governor")
        if event.HasField("approval"):
            break
    # The person is asked at once, whoever is away.
    await waiting(ada, told.turn_id)
    stack.kill("chat")
    stack.start("governor")
    assert (await held(stack, told.turn_id)) == 1
    stack.start("chat")
    await ada.reconnect(told.turn_id)
    assert await nothing_held(ada) > 0
    await resolve(ada, told)
    await ada.resume(told.turn_id, told.last.sequence)
    await booked(ada, await ada.turn(told.turn_id))


async def held(stack: ChatStack, turn_id: str) -> int:
    """How many holds of a turn are open."""
    connection = await asyncpg.connect(stack.superuser_dsn("governor"))
    try:
        statement = "select count(*) from governor.holds where owner_id = $1 and state = 'open'"
        return int(await connection.fetchval(statement, turn_id))
    finally:
        await connection.close()
