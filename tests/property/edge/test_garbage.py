"""Whatever strangers send, codecs and session answer; and sequences never repeat or fall."""

from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from edge.actions import Begin, Hang, Rejoin, Tell
from edge.codecs.binary import BinaryCodec
from edge.codecs.client_frames import READERS
from edge.codecs.json import JsonCodec
from edge.codecs.peek import told_by
from edge.frames import EventKind, Refused, TurnNews, Unreadable
from edge.outbox import Outbox, OutboxLimits
from edge.rates import SessionLimits
from edge.session import Session
from soma.chat.v1 import turn_event_pb2
from soma.edge.v1 import frame_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

JSON, BINARY = JsonCodec(Clock()), BinaryCodec(Clock())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*(reader.name for reader in READERS.values()), "chat.wave", ""])
FIELDS = st.sampled_from(
    [
        *("content", "conversation_id", "conversationId", "turn_id", "after_sequence", "options", "temperature", "x"),
        *("message_id", "call_id", "while_busy", "on_disconnect", "decision", "signal", "failed", "note"),
    ]
)
ENVELOPES = st.fixed_dictionaries(
    {}, optional={"type": NAMES | VALUES, "id": VALUES, "payload": st.dictionaries(FIELDS, VALUES, max_size=5) | VALUES}
)


def machine() -> Session:
    return Session(lambda _now: None, SessionLimits(), "any number")


def answer(codec: Any, data: Any) -> None:
    """Reads, decides and writes without raising; what cannot be read is told."""
    frame = codec.read(data)
    actions = machine().receive(frame, 0.0)
    assert actions
    for action in actions:
        if isinstance(action, Tell):
            assert codec.write(action.frame)
    if isinstance(frame, Unreadable):
        assert frame.error.sentence


@given(st.text() | st.binary())
def test_any_text_and_bytes(data: str | bytes) -> None:
    answer(JSON, data)
    answer(BINARY, data)


@given(ENVELOPES)
def test_any_envelope(envelope: dict[str, Any]) -> None:
    try:
        data = orjson.dumps(envelope).decode()
    except (TypeError, UnicodeEncodeError):
        return
    answer(JSON, data)


@given(st.builds(frame_pb2.ClientFrame, id=st.text(max_size=200)), st.binary(max_size=40))
def test_any_binary_frame(frame: frame_pb2.ClientFrame, tail: bytes) -> None:
    answer(BINARY, frame.SerializeToString() + tail)


INPUTS = st.lists(
    st.sampled_from(
        ["say", "follow", "stop", "ping", "event", "done", "failed", "ended", "error", "leave", "lag", "close"]
    ),
    max_size=30,
)


@given(INPUTS)
def test_any_order_of_inputs(inputs: list[str]) -> None:
    session, streams, closed = machine(), [0], False
    for number, name in enumerate(inputs):
        actions = _step(session, name, streams[number % len(streams)], number)
        assert not (closed and actions), "a closed session does nothing"
        closed = closed or name in ("leave", "lag", "close")
        streams += [action.stream for action in actions if isinstance(action, Begin | Rejoin)]
        assert len([action for action in actions if isinstance(action, Hang)]) <= 1
        assert session.turns <= SessionLimits().turns


def _step(session: Session, name: str, stream: int, number: int) -> list[Any]:
    error = SomaError(Reason.CONFLICT)
    kinds = {"event": EventKind.TEXT, "done": EventKind.COMPLETED, "failed": EventKind.FAILED}
    if name in kinds:
        return session.event(stream, TurnNews(kinds[name], f"t{stream}", number, text="x"))
    if name == "ended":
        return session.ended(stream)
    if name == "error":
        return session.failed(stream, error)
    if name in ("leave", "lag", "close"):
        ended: list[Any] = getattr(session, name)()
        return ended
    payloads: dict[str, dict[str, Any]] = {
        "say": {"type": "chat.send", "payload": {"content": "x"}},
        "follow": {"type": "chat.resume", "payload": {"turn_id": f"t{stream}"}},
        "stop": {"type": "chat.cancel", "payload": {"turn_id": "t"}},
        "ping": {"type": "ping"},
    }
    return session.receive(JSON.read(orjson.dumps(payloads[name]).decode()), float(number))


PIECES = st.lists(st.tuples(st.booleans(), st.text(max_size=5)), min_size=1, max_size=40)


@given(PIECES, st.lists(st.booleans(), max_size=60), st.booleans())
def test_merged_or_not_the_text_is_the_same_and_no_sequence_is_lost(
    pieces: list[tuple[bool, str]], takes: list[bool], binary: bool
) -> None:
    codec: Any = BINARY if binary else JSON
    outbox = Outbox(codec.merge, OutboxLimits(merge_from=1))
    taken: list[TurnNews] = []
    for sequence, (reasoning, text) in enumerate(pieces, 1):
        event = turn_event_pb2.TurnEvent(turn_id="t", sequence=sequence)
        (event.reasoning if reasoning else event.text).text = text
        outbox.put(codec.news(event.SerializeToString()))
        if sequence <= len(takes) and takes[sequence - 1]:
            taken.append(_taken(outbox))
    while len(outbox):
        taken.append(_taken(outbox))
    sent = [_sent(codec, news) for news in taken]
    assert "".join(text for _, _, _, text in sent) == "".join(text for _, text in pieces)
    assert "".join(text for _, _, kind, text in sent if kind) == "".join(text for kind, text in pieces if kind)
    spans = [(first, last) for first, last, _, _ in sent]
    assert spans[0][0] == 1
    assert spans[-1][1] == len(pieces)
    assert all(right[0] == left[1] + 1 for left, right in pairwise(spans))


def _taken(outbox: Outbox) -> TurnNews:
    news = outbox.take()
    assert isinstance(news, TurnNews)
    return news


def _sent(codec: Any, news: TurnNews) -> tuple[int, int, bool, str]:
    written = codec.write(news)
    if isinstance(written, str):
        frame = orjson.loads(written)
        payload = frame["payload"]
        return payload["first_sequence"], payload["sequence"], frame["type"] == "chat.reasoning", payload["delta"]
    event = turn_event_pb2.TurnEvent.FromString(frame_pb2.ServerFrame.FromString(written).turn_event)
    reasoning = event.WhichOneof("event") == "reasoning"
    text = event.reasoning.text if reasoning else event.text.text
    return event.first_sequence or event.sequence, event.sequence, reasoning, text


@given(st.sampled_from(list(Reason)), st.text(max_size=10))
def test_both_forms_can_write_every_refusal(reason: Reason, frame_id: str) -> None:
    refused = Refused(frame_id, SomaError(reason, {"a": frame_id}, retry_after_seconds=1.0), "t")
    payload = orjson.loads(JSON.write(refused) or "")["payload"]
    assert (payload["code"], payload["retry_after"], payload["turn_id"]) == (reason.value, 1.0, "t")
    frame = frame_pb2.ServerFrame.FromString(BINARY.write(refused))
    assert (frame.error.code, frame.error.metadata["turn_id"]) == (reason.value, "t")


TOLD = sorted(field.name for field in turn_event_pb2.TurnEvent.DESCRIPTOR.oneofs_by_name["event"].fields)


@given(st.sampled_from(TOLD), st.text(max_size=200), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_look_at_an_event_sees_what_reading_it_sees(told: str, turn_id: str, sequence: int, first: int) -> None:
    event = turn_event_pb2.TurnEvent(turn_id=turn_id, sequence=sequence, first_sequence=first)
    event.time.FromNanoseconds(1_700_000_000_123_456_789)
    getattr(event, told).SetInParent()
    data = event.SerializeToString()
    assert told_by(data) == turn_event_pb2.TurnEvent.DESCRIPTOR.fields_by_name[told].number
    assert BINARY.news(data).turn_id == turn_id


@given(st.binary(max_size=60))
def test_a_look_at_anything_ends(data: bytes) -> None:
    assert told_by(data) >= 0
