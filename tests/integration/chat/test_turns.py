"""A turn as a client sees it, with every service answering."""

from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import level_pb2 as level_pb
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person


async def test_a_plain_hello_is_answered_at_l0(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Hello Ada, how are you?", chunks=6))
    told = await ada.say("hello")
    assert told.kinds() == ["started", "text", "completed"]
    assert [event.sequence for event in told.events][0] == 1
    assert told.text == "Hello Ada, how are you?"
    assert told.started.level == level_pb.DEGRADATION_LEVEL_L0, told.started
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_STOP
    assert told.last.completed.usage.output_tokens > 0
    assert told.last.completed.cost_micros > 0
    turn = await ada.turn(told.turn_id)
    assert turn.status == turn_pb.TURN_STATUS_COMPLETED
    assert turn.text == told.text
    receipt = await ada.receipt(told.started.receipt_id)
    assert receipt.turn_id == told.turn_id
    assert receipt.cost_micros == told.last.completed.cost_micros
