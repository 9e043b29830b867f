"""What happens to a turn when its person stops it, goes away or comes back, and when processes die under it."""

import asyncio
import time
from uuid import uuid4

import pytest

from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack

SLOW = Script(chunks=60, gap_seconds=0.05)


async def start(person: Person, request: turn_pb.SendMessageRequest, texts: int = 3) -> Told:
    """Follows a turn until it has said something, then goes away."""
    told = Told()
    async for event in person.stream(request):
        told.take(event)
        if sum(each.HasField("text") for each in told.events) >= texts:
            break
    return told


async def ended(person: Person, turn_id: str) -> turn_pb.Turn:
    """The turn once it has ended."""

    async def look() -> turn_pb.Turn | None:
        turn = await person.turn(turn_id)
        return None if turn.status == turn_pb.TURN_STATUS_RUNNING else turn

    found = await eventually(look, within_seconds=60)
    assert found is not None
    return found


async def test_going_away_is_not_stopping(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(SLOW)
    seen = await start(ada, said("tell me a lot"))
    rest = await ada.resume(seen.turn_id, seen.last.sequence)
    assert rest.events[0].sequence == seen.last.sequence + 1 or rest.events[0].first_sequence
    assert rest.last.HasField("completed")
    turn = await ada.turn(seen.turn_id)
    assert seen.text + rest.text == turn.text
    whole = await ada.resume(seen.turn_id)
    assert whole.text == turn.text


async def test_after_its_end_a_turn_has_nothing_to_tell(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.say("hello")
    last = told.last.sequence
    assert (await ada.resume(told.turn_id, last)).events == []
    for beyond in (last + 1, 2**32 - 1):
        with pytest.raises(SomaError) as refused:
            await ada.resume(told.turn_id, beyond)
        assert refused.value.reason is Reason.INVALID_FIELD
        assert refused.value.metadata["field"] == "after_sequence"


async def test_going_away_stops_where_it_was_asked_for(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(SLOW)
    request = said("tell me a lot", on_disconnect=turn_pb.ON_DISCONNECT_CANCEL)
    seen = await start(ada, request)
    turn = await ended(ada, seen.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_CANCELLED
    assert turn.text.startswith(seen.text)
    await model.aio.wait_for(lambda requests: requests[0].outcome == "disconnected")


async def test_going_away_before_the_first_token_stops_too(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(first_token_seconds=10))
    request = said("tell me a lot", on_disconnect=turn_pb.ON_DISCONNECT_CANCEL)
    told = Told()
    async for event in ada.stream(request):
        told.take(event)
        # Who goes away before the model was asked is billed for nothing.
        await model.aio.wait_for(bool)
        break
    turn = await ended(ada, told.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_CANCELLED
    assert turn.usage.input_tokens > 0
    assert turn.usage.estimated


@pytest.mark.parametrize("script", [SLOW, Script(first_token_seconds=10)], ids=["amid the answer", "before a token"])
async def test_a_stop_reaches_the_provider_within_half_a_second(
    ada: Person, model: ScriptedUpstream, script: Script
) -> None:
    model.set_default(script)
    told = Told()
    asked = 0.0
    async for event in ada.stream(said("tell me a lot")):
        told.take(event)
        if not asked and (event.HasField("text") or script is not SLOW):
            await model.aio.wait_for(bool)
            asked = time.time()
            await ada.cancel(told.turn_id)
    assert told.last.HasField("cancelled")
    requests = await model.aio.wait_for(lambda requests: requests[0].outcome == "disconnected")
    assert (requests[0].disconnect_time or 0) - asked < 0.5
    assert told.last.cancelled.partial_text_kept == bool(told.text)
    turn = await ada.turn(told.turn_id)
    assert turn.text == told.text
    assert turn.finish_reason == "cancelled"
    receipt = await ada.receipt(told.started.receipt_id)
    assert receipt.outcome.finish_reason == "cancelled"
    # The conversation is free again, and the partial answer is part of it.
    model.set_default(Script())
    await ada.say("go on", conversation_id=told.started.conversation_id)


async def test_stopping_what_has_ended_changes_nothing(ada: Person) -> None:
    told = await ada.say("hello")
    assert (await ada.cancel(told.turn_id)).status == turn_pb.TURN_STATUS_COMPLETED
    assert (await ada.turn(told.turn_id)).status == turn_pb.TURN_STATUS_COMPLETED


async def test_many_cuts_join_to_the_stored_text(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=80, gap_seconds=0.01))
    seen = await start(ada, said("tell me a lot"), texts=2)
    text, position = seen.text, seen.last.sequence
    for _ in range(10):
        with ada.acting():
            request = turn_pb.ResumeTurnRequest(turn_id=seen.turn_id, after_sequence=position)
            replies = ada.turns.ResumeTurn(request)
        async for event in replies:
            assert (event.first_sequence or event.sequence) == position + 1
            text, position = text + event.text.text, event.sequence
            if event.HasField("text"):
                break
        await replies.aclose()
    rest = await ada.resume(seen.turn_id, position)
    assert text + rest.text == (await ada.turn(seen.turn_id)).text


async def test_a_cursor_beyond_the_end_gets_nothing_more(ada: Person) -> None:
    told = await ada.say("hello")
    assert (await ada.resume(told.turn_id, told.last.sequence)).events == []


async def test_a_turn_that_never_was_is_not_found(ada: Person) -> None:
    with pytest.raises(SomaError) as caught:
        await ada.resume("0198c0de-0000-7000-8000-000000000000")
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND


async def no_open_holds(person: Person) -> None:
    """Whatever was held is settled."""

    async def look() -> bool:
        with person.acting():
            found = await person.governor.GetBudget(governor_pb.GetBudgetRequest())
        return all(budget.open_holds == 0 for budget in found.budgets)

    await eventually(look, within_seconds=60)


async def test_a_probe_that_nobody_waits_for_is_settled(
    stack: ChatStack, tenant: TenantId, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=4, first_token_seconds=1.0))
    async with Person(stack, "root", tenant) as root:
        with root.acting():
            with pytest.raises(SomaError) as gone:
                request = model_pb.ProbeModelRequest(model_profile_id="scripted", request_id=str(uuid4()))
                await root.stub("chat", ModelServiceStub).ProbeModel(request, timeout=0.5)
            assert gone.value.reason in (Reason.DEADLINE_EXCEEDED, Reason.DEPENDENCY_DOWN)

            async def settled() -> bool:
                (budget,) = (await root.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
                return bool(budget.open_holds == 0 and budget.used_tokens > 0)

            await eventually(settled, within_seconds=60)


async def test_a_settlement_that_nobody_takes_is_sent_later_and_once(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=30, gap_seconds=0.05))
    told = Told()
    async for event in ada.stream(said("tell me a lot")):
        told.take(event)
        if len(told.events) == 4:
            await asyncio.to_thread(stack.kill, "governor")
    assert told.last.HasField("completed")
    await asyncio.to_thread(stack.start, "governor")
    with ada.acting():

        async def billed() -> bool:
            try:
                (budget,) = (await ada.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
            except SomaError:
                return False
            usage = told.last.completed.usage
            return bool(budget.open_holds == 0 and budget.used_tokens == usage.input_tokens + usage.output_tokens)

        await eventually(billed, within_seconds=60)
