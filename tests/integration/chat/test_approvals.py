"""Tools that wait for a person: asked once, decided once, for exactly these arguments, however long it takes."""

import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate, results_in

APPROVE, DENY = event_pb.APPROVAL_DECISION_APPROVE, event_pb.APPROVAL_DECISION_DENY


async def careful(person: Person) -> str:
    """An agent that asks before every tool."""
    stub: Any = person.stub("chat", AgentServiceStub)
    knobs = agent_pb.AgentKnobs(intelligence=5, autonomy=2, resource_micros_per_turn=100_000)
    with person.acting():
        request = agent_pb.CreateAgentRequest(
            agent=agent_pb.Agent(name="careful", knobs=knobs), request_id=str(uuid4())
        )
        answer = await stub.CreateAgent(request)
    return str(answer.agent.agent_id)


async def asked(person: Person, text: str = SUM, **fields: Any) -> Told:
    """Follows a turn until it asks."""
    told = Told()
    async for event in person.stream(said(text, agent_id=await careful(person), **fields)):
        told.take(event)
        if event.HasField("approval"):
            break
    return told


async def resolve(
    person: Person,
    told: Told,
    decision: event_pb.ApprovalDecision.ValueType = APPROVE,
    **fields: Any,
) -> turn_pb.TurnStatus.ValueType:
    approval = told.last.approval
    fields.setdefault("call_id", approval.call.call_id)
    fields.setdefault("arguments_hash", approval.arguments_hash)
    fields.setdefault("request_id", str(uuid4()))
    with person.acting():
        request = turn_pb.ResolveApprovalRequest(turn_id=told.turn_id, decision=decision, **fields)
        answer: turn_pb.ResolveApprovalResponse = await person.turns.ResolveApproval(request)
    return answer.status


async def pending(person: Person, **fields: Any) -> list[turn_pb.PendingApproval]:
    with person.acting():
        answer = await person.turns.ListApprovals(turn_pb.ListApprovalsRequest(**fields))
    return list(answer.approvals)


async def waiting(person: Person, turn_id: str) -> turn_pb.Turn:
    """The turn once nobody runs it."""

    async def look() -> turn_pb.Turn | None:
        turn = await person.turn(turn_id)
        return turn if turn.status == turn_pb.TURN_STATUS_WAITING else None

    found = await eventually(look, within_seconds=10)
    assert found is not None
    return found


async def test_a_tool_runs_once_a_person_consented(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"), Script(text="It is 42."))
    told = await asked(ada)
    approval = told.last.approval
    assert (approval.call.name, approval.call.arguments_json) == ("math.evaluate", json.dumps({"expression": "6 * 7"}))
    assert approval.sentence == "The agent's autonomy is 2, so a person is asked before any tool runs."
    assert (approval.expire_time.seconds - told.last.time.seconds) == 7 * 24 * 3600
    turn = await waiting(ada, told.turn_id)
    assert (turn.text, turn.end_time.seconds) == ("May I?", 0)
    (listed,) = await pending(ada)
    assert listed.request == approval
    assert (listed.turn_id, listed.conversation_id) == (told.turn_id, told.started.conversation_id)
    assert await resolve(ada, told) == turn_pb.TURN_STATUS_RUNNING
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert rest.kinds() == ["approval_resolved", "tool_result", "text", "completed"]
    assert rest.events[0].approval_resolved.decided_by == "ada"
    assert results_in(rest)[0].content == "42"
    whole = await ada.resume(told.turn_id)
    assert whole.text == (await ada.turn(told.turn_id)).text == "May I?\n\nIt is 42."
    assert await pending(ada) == []
    receipt = await ada.receipt(rest.last.completed.receipt_id)
    assert [leg.leg for leg in receipt.legs] == [1, 2]
    assert receipt.cost_micros == rest.last.completed.cost_micros == sum(leg.cost_micros for leg in receipt.legs)


async def test_whoever_follows_stays_with_a_turn_that_waits(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="It is 42."))
    told = Told()
    async for event in ada.stream(said(SUM, agent_id=await careful(ada))):
        told.take(event)
        if event.HasField("approval"):
            await waiting(ada, told.turn_id)
            await resolve(ada, told)
    assert told.last.HasField("completed")
    assert told.text == "It is 42."


async def test_what_is_denied_is_not_run_and_the_model_is_told_why(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="As you wish."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    await resolve(ada, told, DENY, note="not on a Sunday")
    rest = await ada.resume(told.turn_id, told.last.sequence)
    (result,) = results_in(rest)
    assert result.status == message_pb.TOOL_CALL_STATUS_DENIED
    sentence = "It was not run: the person did not consent to it. They say: not on a Sunday Answer without it."
    assert result.content == sentence
    assert model.requests()[1].body["messages"][-1]["content"] == sentence
    assert rest.last.HasField("completed")


async def test_the_first_decision_holds(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="It is 42."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    with pytest.raises(SomaError) as other_arguments:
        await resolve(ada, told, arguments_hash="0" * 64)
    assert other_arguments.value.reason is Reason.APPROVAL_MISMATCH
    assert other_arguments.value.sentence == (
        "The call c1 waits with other arguments than those you saw. Look at it again and decide then."
    )
    with pytest.raises(SomaError) as other_call:
        await resolve(ada, told, call_id="other")
    assert other_call.value.reason is Reason.RESOURCE_NOT_FOUND
    once = str(uuid4())
    assert await resolve(ada, told, request_id=once) == turn_pb.TURN_STATUS_RUNNING
    assert await resolve(ada, told, request_id=once) == turn_pb.TURN_STATUS_RUNNING
    assert await resolve(ada, told) == turn_pb.TURN_STATUS_RUNNING
    with pytest.raises(SomaError) as resolved:
        await resolve(ada, told, DENY)
    assert resolved.value.reason is Reason.CALL_RESOLVED
    assert resolved.value.sentence == ("The call c1 was decided or answered already. Look at the turn for its result.")
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert len(results_in(rest)) == 1


async def test_somebody_else_neither_sees_nor_decides(ada: Person, eve: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    assert await pending(eve) == []
    with pytest.raises(SomaError) as refused:
        await resolve(eve, told)
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    await ada.cancel(told.turn_id)


async def test_several_calls_wait_for_as_many_decisions(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("1 + 1", id="c1"), evaluate("2 + 2", id="c2")), Script(text="Two and nothing."))
    told = Told()
    async for event in ada.stream(said(SUM, agent_id=await careful(ada))):
        told.take(event)
        if event.HasField("approval") and event.approval.call.call_id == "c2":
            break
    await waiting(ada, told.turn_id)
    assert await resolve(ada, told, DENY) == turn_pb.TURN_STATUS_WAITING
    first = next(event.approval for event in told.events if event.HasField("approval"))
    status = await resolve(ada, told, call_id="c1", arguments_hash=first.arguments_hash)
    assert status == turn_pb.TURN_STATUS_RUNNING
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert [(result.call_id, result.status) for result in results_in(rest)] == [
        ("c1", message_pb.TOOL_CALL_STATUS_DONE),
        ("c2", message_pb.TOOL_CALL_STATUS_DENIED),
    ]


async def test_a_turn_that_waits_can_be_stopped(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    await ada.cancel(told.turn_id)
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert rest.last.cancelled.partial_text_kept
    turn = await ada.turn(told.turn_id)
    assert (turn.status, turn.text) == (turn_pb.TURN_STATUS_CANCELLED, "May I?")
    assert turn.cost_micros > 0
    assert await pending(ada) == []
    with pytest.raises(SomaError) as late:
        await resolve(ada, told)
    assert late.value.reason is Reason.CALL_RESOLVED
    receipt = await ada.receipt(turn.receipt_id)
    assert receipt.cost_micros == turn.cost_micros
    # The conversation is free again.
    model.set_default(Script(text="Hello."))
    await ada.say("hello", conversation_id=told.started.conversation_id)


async def test_a_request_lapses_and_counts_as_denied(ada: Person, stack: ChatStack, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="Nobody was there."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    await _owner(stack, "update tool_calls set expire_time = now() - interval '1 s' where turn_id = $1", told.turn_id)
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert rest.events[0].approval_resolved.decided_by == "policy"
    assert results_in(rest)[0].content == "It was not run: nobody consented to it in time. Answer without it."
    assert rest.text == "Nobody was there."


async def test_another_process_goes_on_days_later(ada: Person, stack: ChatStack, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="May I?"), Script(text="It is 42."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    stack.kill("chat")
    # The hold of the first call is long given back by then.
    governor = await asyncpg.connect(stack.databases["governor"].owner_dsn)
    await governor.execute("update holds set lease_expire_time = now() - interval '3 days'")
    await governor.close()
    stack.start("chat")
    await ada.reconnect(told.turn_id)
    assert await resolve(ada, told) == turn_pb.TURN_STATUS_RUNNING
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert rest.text == "\n\nIt is 42."
    receipt = await ada.receipt(rest.last.completed.receipt_id)
    assert receipt.cost_micros == rest.last.completed.cost_micros
    assert [leg.leg for leg in receipt.legs] == [1, 2]


async def test_a_deleted_conversation_ends_what_waits_in_it(
    ada: Person, stack: ChatStack, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    stub: Any = ada.stub("chat", ConversationServiceStub)
    with ada.acting():
        request = conversation_pb.DeleteConversationRequest(
            conversation_id=told.started.conversation_id, request_id=str(uuid4())
        )
        await stub.DeleteConversation(request)
    assert await pending(ada) == []
    with pytest.raises(SomaError) as gone:
        await resolve(ada, told)
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND

    async def settled() -> bool:
        return (await ada.receipt(told.started.receipt_id)).HasField("settle_time")

    await eventually(settled, within_seconds=15)
    assert (await ada.receipt(told.started.receipt_id)).cost_micros > 0


async def test_a_turn_whose_decider_died_goes_on_all_the_same(
    ada: Person, stack: ChatStack, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="It is 42."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    decided = "update tool_calls set state = 'claimed', decision = 'approve', decided_by = 'ada' where turn_id = $1"
    await _owner(stack, decided, told.turn_id)
    rest = await ada.resume(told.turn_id, told.last.sequence)
    assert [result.content for result in results_in(rest)] == ["42"]
    assert rest.text == "It is 42."


async def test_whoever_wants_no_answer_without_being_there_waits_for_none(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1")))
    told = await asked(ada, on_disconnect=turn_pb.ON_DISCONNECT_CANCEL)
    assert (await ada.resume(told.turn_id, told.last.sequence)).last.HasField("cancelled")
    assert await pending(ada) == []


async def _owner(stack: ChatStack, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(stack.databases["chat"].owner_dsn)
    try:
        await connection.execute("set row_security = off")
        await connection.execute(statement, *values)
    finally:
        await connection.close()
