"""A turn is a numbered log: whoever comes back hears exactly what is missing."""

from typing import Any

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.grpc_door import listen, refused, send_request
from tests.e2e.support.person import Person


async def stored_text(person: Person, conversation_id: str) -> str:
    request = conversation_pb.ListMessagesRequest(conversation_id=conversation_id)
    answer: Any = await person.grpc.call(person.grpc.conversations.ListMessages, request)
    return "".join(part.text for part in answer.messages[-1].content)


async def test_the_joined_text_equals_the_stored_text(ada: Person, model: ScriptedUpstream) -> None:
    heard = await ada.grpc.say("A story, please.")
    heard.assert_dense()
    turn = await ada.grpc.turn(heard.turn_id)
    assert heard.text == turn.text == model.requests()[0].text_sent
    assert heard.text == await stored_text(ada, heard.started.conversation_id)
    assert turn.status == turn_pb.TURN_STATUS_COMPLETED
    assert turn.last_sequence == heard.last_sequence


async def test_resume_from_every_point_after_the_end(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=8))
    heard = await ada.grpc.say("A short story, please.")
    for after in range(heard.last_sequence + 1):
        again = await ada.grpc.resume(heard.turn_id, after)
        again.assert_dense(after)
        assert again.last_sequence in (heard.last_sequence, 0)
    whole = await ada.grpc.resume(heard.turn_id)
    assert whole.text == heard.text
    assert whole.end == heard.end


async def test_many_cuts_while_it_runs(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=80, gap_seconds=0.015))
    call = ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("A long story, please."))
    heard = await listen(call, most=3)
    call.cancel()
    for _ in range(50):
        request = turn_pb.ResumeTurnRequest(turn_id=heard.turn_id, after_sequence=heard.last_sequence)
        call = ada.grpc.stream(ada.grpc.turns.ResumeTurn, request)
        heard = heard.joined(await listen(call, most=5))
        call.cancel()
        if heard.kinds[-1] in ("completed", "failed"):
            break
    heard.assert_dense()
    assert heard.kinds[-1] == "completed"
    assert heard.text == model.requests()[0].text_sent
    assert heard.text == await stored_text(ada, heard.started.conversation_id)


async def test_two_listeners_hear_the_same(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=40, gap_seconds=0.01))
    call = ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("Sing."))
    first = await listen(call, most=1)
    second = await ada.grpc.resume(first.turn_id)
    first = first.joined(await listen(call))
    assert first.text == second.text
    assert len(model.requests()) == 1


async def test_a_repeated_request_follows_the_same_turn(ada: Person, model: ScriptedUpstream) -> None:
    request = send_request("Only once, please.")
    first = await listen(ada.grpc.stream(ada.grpc.turns.SendMessage, request))
    again = await listen(ada.grpc.stream(ada.grpc.turns.SendMessage, request))
    assert (again.turn_id, again.text) == (first.turn_id, first.text)
    again.assert_dense()
    assert len(model.requests()) == 1
    other = send_request("Something else.", request_id=request.request_id)
    refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, other))
    assert (refusal.code.name, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def test_a_stopped_turn_keeps_its_text(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=2000, gap_seconds=0.02))
    request = send_request("Count.")
    call = ada.grpc.stream(ada.grpc.turns.SendMessage, request)
    heard = await listen(call, most=4)
    stop = turn_pb.CancelTurnRequest(turn_id=heard.turn_id, request_id=request.request_id)
    await ada.grpc.call(ada.grpc.turns.CancelTurn, stop)
    heard = heard.joined(await listen(call))
    assert heard.kinds[-1] == "cancelled"
    assert heard.end.cancelled.partial_text_kept
    assert heard.text
    assert heard.text == await stored_text(ada, heard.started.conversation_id)
    assert heard.end.cancelled.usage.output_tokens > 0
