"""Another protobuf implementation reads what the servers send: betterproto, with message classes written by hand."""

# ruff: noqa: RUF009 - this is how betterproto declares fields

from dataclasses import dataclass
from typing import Any

import betterproto

from soma.chat.v1 import turn_event_pb2 as event_pb
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.grpc_door import send_request
from tests.e2e.support.person import Person

# Only what a reader of the contract needs; unknown fields are skipped, as protobuf promises.


@dataclass
class Lanes(betterproto.Message):
    system_policy: int = betterproto.uint32_field(1)
    history: int = betterproto.uint32_field(2)
    memory: int = betterproto.uint32_field(3)
    tools: int = betterproto.uint32_field(4)
    tool_results: int = betterproto.uint32_field(5)
    buffer: int = betterproto.uint32_field(6)


@dataclass
class Usage(betterproto.Message):
    input_tokens: int = betterproto.uint32_field(1)
    cached_input_tokens: int = betterproto.uint32_field(2)
    output_tokens: int = betterproto.uint32_field(3)


@dataclass
class Started(betterproto.Message):
    conversation_id: str = betterproto.string_field(1)
    user_message_id: str = betterproto.string_field(2)
    assistant_message_id: str = betterproto.string_field(3)
    receipt_id: str = betterproto.string_field(4)
    model: str = betterproto.string_field(5)
    lanes: Lanes = betterproto.message_field(6)
    level: int = betterproto.int32_field(7)


@dataclass
class Text(betterproto.Message):
    text: str = betterproto.string_field(1)


@dataclass
class Completed(betterproto.Message):
    message_id: str = betterproto.string_field(1)
    finish_reason: int = betterproto.int32_field(2)
    usage: Usage = betterproto.message_field(3)
    cost_micros: int = betterproto.int64_field(4)
    receipt_id: str = betterproto.string_field(5)


@dataclass
class Event(betterproto.Message):
    turn_id: str = betterproto.string_field(1)
    sequence: int = betterproto.uint32_field(2)
    first_sequence: int = betterproto.uint32_field(3)
    started: Started = betterproto.message_field(5, group="event")
    text: Text = betterproto.message_field(6, group="event")
    completed: Completed = betterproto.message_field(10, group="event")


async def raw_events(person: Person, text: str) -> list[bytes]:
    method = "/soma.chat.v1.TurnService/SendMessage"
    follow: Any = person.grpc.channel("chat").unary_stream(method)
    call = follow(send_request(text).SerializeToString(), metadata=person.grpc.metadata, timeout=30)
    return [bytes(raw) async for raw in call]


async def test_every_event_reads_the_same_in_both(ada: Person, model: ScriptedUpstream) -> None:
    raw = await raw_events(ada, "What can you do?")
    others = [Event().parse(item) for item in raw]
    ours = [event_pb.TurnEvent.FromString(item) for item in raw]
    assert len(raw) > 2
    for other, own in zip(others, ours, strict=True):
        assert (other.turn_id, other.sequence, other.first_sequence) == (own.turn_id, own.sequence, own.first_sequence)
        assert betterproto.which_one_of(other, "event")[0] == (own.WhichOneof("event") or "")
    assert "".join(other.text.text for other in others) == model.requests()[0].text_sent
    first, last = others[0].started, others[-1].completed
    assert first.conversation_id == ours[0].started.conversation_id
    assert first.lanes.system_policy == ours[0].started.lanes.system_policy > 0
    assert first.level == ours[0].started.level
    assert last.usage.output_tokens == ours[-1].completed.usage.output_tokens > 0
    assert last.cost_micros == ours[-1].completed.cost_micros > 0
    assert last.receipt_id == first.receipt_id


async def test_what_it_writes_is_what_we_read(ada: Person) -> None:
    raw = await raw_events(ada, "Once more?")
    for item in raw:
        again = event_pb.TurnEvent.FromString(bytes(Event().parse(item)))
        own = event_pb.TurnEvent.FromString(item)
        if own.WhichOneof("event") in ("text", "completed"):
            assert again.sequence == own.sequence
            assert again.WhichOneof("event") == own.WhichOneof("event")
            assert again.text == own.text
