"""What every event carries, whatever its draft was."""

from datetime import UTC, datetime

import protovalidate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.codec import from_message, schema_of, to_message
from soma_common.events.models import Event, EventDraft
from soma_common.kernel.tenancy import TenantId

pytestmark = pytest.mark.property

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
hexes = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
payloads = st.one_of(
    st.builds(payloads_pb.TurnStarted, turn_id=words, agent_id=st.text(max_size=20)),
    st.builds(payloads_pb.TurnEnded, turn_id=words, cost_micros=st.integers(0, 2**40)),
    st.builds(payloads_pb.MemoryChanged, memory_id=words, version=st.integers(0, 2**32 - 1), duplicate=st.booleans()),
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def events(draw: st.DrawFn) -> Event:
    payload = draw(payloads)
    return Event(
        event_id=draw(st.uuids()),
        event_type=draw(st.sampled_from(("turn.started", "memory.stored", "governor.level.changed"))),
        trace_id=draw(hexes),
        correlation_id=draw(words),
        causation_id=draw(st.one_of(st.just(""), st.uuids().map(str))),
        service_id=draw(st.sampled_from(("chat", "memory", "governor"))),
        tenant_id=TenantId(draw(st.uuids())),
        stream=draw(words),
        sequence=draw(st.integers(1, 2**32 - 1)),
        timestamp=draw(moments),
        schema=schema_of(payload),
        payload=payload.SerializeToString(deterministic=True),
        metadata=draw(st.dictionaries(words, st.text(max_size=20), max_size=3)),
    )


@given(events())
def test_prop_8_2_3_field_completeness(event: Event) -> None:
    message = to_message(event)
    assert not protovalidate.Validator().collect_violations(message)
    required = (field for field in message.DESCRIPTOR.fields if field.name not in {"causation_id", "metadata"})
    for field in required:
        assert field.name in {present.name for present, _ in message.ListFields()}
    assert from_message(type(message).FromString(message.SerializeToString())) == event


@given(payloads)
def test_a_schema_names_the_message_and_its_shape(payload: payloads_pb.TurnStarted) -> None:
    schema = schema_of(payload)
    assert schema.message == payload.DESCRIPTOR.full_name
    assert schema.version == "v1"
    assert len(schema.fingerprint) == 16
    assert int(schema.fingerprint, 16)


def test_different_messages_have_different_fingerprints() -> None:
    found = {schema_of(payloads_pb.TurnStarted()), schema_of(payloads_pb.TurnEnded())}
    assert len({schema.fingerprint for schema in found}) == 2


@pytest.mark.parametrize("event_type", ["", "turn", "Turn.started", "turn started", "turn..started", ".turn"])
def test_a_draft_with_a_bad_type_is_refused(event_type: str) -> None:
    with pytest.raises(ValueError, match="dotted"):
        EventDraft(event_type, "turn/1", payloads_pb.TurnStarted(turn_id="1"), "c")


@pytest.mark.parametrize(("stream", "correlation_id"), [("", "c"), ("turn/1", "")])
def test_a_draft_without_stream_or_correlation_is_refused(stream: str, correlation_id: str) -> None:
    with pytest.raises(ValueError, match="needs a stream and a correlation id"):
        EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id="1"), correlation_id)
