"""A letter leaves its house without the text of an exception, and takes an edited payload only of its own schema."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.letters import BEHIND, DeadLetter, Failure
from soma_common.dlq.policy import LetterStatus
from soma_common.events.transports.port import Shard
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.operations.letters import edited_body, filter_of, letter_message

EVENT = event_pb.Event(
    event_id=str(UUID(int=7)),
    schema=event_pb.EventSchema(message="soma.events.v1.TurnStarted"),
    payload=payloads_pb.TurnStarted(turn_id="a-turn").SerializeToString(),
)
LETTER = DeadLetter(
    consumer="reader", event_id=UUID(int=7), tenant_id=UUID(int=8), shard=Shard("a-topic", 0), position=1, stream="s/1",
    sequence=1, event_type="turn.started", status=LetterStatus.PARKED, body=EVENT.SerializeToString(), headers={},
    edited_body=None, error_class="RuntimeError", error_message="", error_id="an-id", attempts=3,
    first_time=datetime(2026, 1, 1, tzinfo=UTC), last_time=datetime(2026, 1, 2, tzinfo=UTC), next_time=None,
)  # fmt: skip


def failed_by(failure: Failure) -> str:
    letter = replace(LETTER, error_class=failure.error_class, error_message=failure.message)
    return letter_message("memory", letter, whole=True).error_message


def test_only_our_own_sentences_leave_the_house() -> None:
    secret = "select key from keys where path = '/etc/keys'"
    assert failed_by(Failure.of(not_found("agent", "a-1"), "an-id")) == "There is no agent a-1."
    assert failed_by(BEHIND) == BEHIND.message
    assert failed_by(Failure(Reason.INVALID_FIELD.value, "The field text is not acceptable.", "an-id")).startswith(
        "The field"
    )
    for problem in (RuntimeError(secret), KeyError(secret), OSError(13, secret)):
        assert (
            failed_by(Failure.of(problem, "an-id")) == "The log of the house tells what happened, under the error id."
        )


def test_bytes_that_are_no_event_are_a_letter_without_one() -> None:
    broken = replace(LETTER, body=b"\xff\xffnothing")
    message = letter_message("memory", broken, whole=True)
    assert (message.body, message.HasField("event")) == (broken.body, False)
    with pytest.raises(SomaError) as refused:
        edited_body(broken, b"\x0a\x01x")
    assert refused.value.reason is Reason.INVALID_FIELD


def test_an_edited_payload_changes_nothing_else() -> None:
    payload = payloads_pb.TurnStarted(turn_id="another").SerializeToString()
    edited = event_pb.Event.FromString(edited_body(LETTER, payload))
    assert edited.payload == payload
    edited.payload = EVENT.payload
    assert edited == EVENT


@pytest.mark.parametrize(
    ("schema", "payload", "says"),
    [
        ("soma.events.v1.TurnStarted", b"\xff", "it is no serialised soma.events.v1.TurnStarted"),
        ("soma.events.v1.TurnStarted", b"\xc8\x01\x05", "it has fields that soma.events.v1.TurnStarted has not"),
        ("soma.events.v1.Nothing", b"\x0a\x01x", "this house does not know soma.events.v1.Nothing"),
        ("", b"\x0a\x01x", "this house does not know the schema of the event"),
    ],
)
def test_a_payload_of_another_schema_is_refused(schema: str, payload: bytes, says: str) -> None:
    event = event_pb.Event()
    event.CopyFrom(EVENT)
    event.schema.message = schema
    with pytest.raises(SomaError) as refused:
        edited_body(replace(LETTER, body=event.SerializeToString()), payload)
    assert says in refused.value.sentence


def test_a_filter_without_status_leaves_out_what_was_discarded() -> None:
    assert filter_of(operations_pb.ListDeadLettersRequest()).without_discarded
    wanted = filter_of(operations_pb.ListDeadLettersRequest(status=letter_pb.DEAD_LETTER_STATUS_DISCARDED))
    assert (wanted.status, wanted.without_discarded) == (LetterStatus.DISCARDED, False)


@pytest.mark.parametrize(
    ("prefix", "first", "last"),
    [
        ("0198", "01980000-0000-0000-0000-000000000000", "0198ffff-ffff-ffff-ffff-ffffffffffff"),
        ("0198C0DE-1", "0198c0de-1000-0000-0000-000000000000", "0198c0de-1fff-ffff-ffff-ffffffffffff"),
        (str(UUID(int=7)), str(UUID(int=7)), str(UUID(int=7))),
    ],
)
def test_the_beginning_of_an_id_is_a_range(prefix: str, first: str, last: str) -> None:
    found = filter_of(operations_pb.ListDeadLettersRequest(event_id_prefix=prefix)).event_ids
    assert found == (UUID(first), UUID(last))


def test_no_beginning_is_no_range() -> None:
    assert filter_of(operations_pb.ListDeadLettersRequest(event_id_prefix="-")).event_ids is None
