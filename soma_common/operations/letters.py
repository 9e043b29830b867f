"""Dead letters as the contract has them, and an edited payload put into the event that it is for.

Nothing here reads or writes a table.
"""

from typing import Final
from uuid import UUID

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma_common.dlq.handler import LetterFilter
from soma_common.dlq.letters import BEHIND, DeadLetter
from soma_common.dlq.policy import LetterStatus
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.logging.redaction import redact_text

_DIGITS: Final = 32
_FIELD: Final = "edited_payload"
_IN_THE_LOG: Final = "The log of the house tells what happened, under the error id."
# Failures whose text is a sentence of ours: an error of the house, a reason of the contract, and what only waits.
_TELLING: Final = frozenset((SomaError.__name__, BEHIND.error_class, *Reason))
_STATUS: Final = {
    LetterStatus.RETRYING: letter_pb.DEAD_LETTER_STATUS_RETRYING,
    LetterStatus.WAITING: letter_pb.DEAD_LETTER_STATUS_WAITING,
    LetterStatus.PARKED: letter_pb.DEAD_LETTER_STATUS_PARKED,
    LetterStatus.DISCARDED: letter_pb.DEAD_LETTER_STATUS_DISCARDED,
}


def filter_of(request: operations_pb.ListDeadLettersRequest) -> LetterFilter:
    """Which letters are meant; what was discarded only when it is asked for."""
    status = next((ours for ours, theirs in _STATUS.items() if theirs == request.status), None)
    return LetterFilter(
        consumer=request.consumer or None,
        status=status,
        stream=request.stream or None,
        event_ids=_beginning_with(request.event_id_prefix),
        without_discarded=status is None,
    )


def _beginning_with(prefix: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin so."""
    digits = prefix.replace("-", "")[:_DIGITS]
    if not digits:
        return None
    return UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))


def letter_message(house: str, letter: DeadLetter, *, whole: bool) -> letter_pb.DeadLetter:
    """A letter; with its event and bytes when it is wanted whole.

    The text of an exception may hold SQL, paths or secrets: only sentences that are ours leave the house.
    """
    message = letter_pb.DeadLetter(
        house=house,
        consumer=letter.consumer,
        event_id=str(letter.event_id),
        tenant_id=str(letter.tenant_id),
        event_type=letter.event_type,
        stream=letter.stream,
        sequence=letter.sequence,
        status=_STATUS[letter.status],
        attempts=letter.attempts,
        error_class=letter.error_class,
        error_message=redact_text(letter.error_message) if letter.error_class in _TELLING else _IN_THE_LOG,
        error_id=letter.error_id,
        edited=letter.edited_body is not None,
        topic=letter.shard.topic,
    )
    message.first_time.FromDatetime(letter.first_time)
    message.last_time.FromDatetime(letter.last_time)
    if letter.next_time is not None:
        message.next_time.FromDatetime(letter.next_time)
    if whole:
        message.body = letter.body
        message.headers.update(letter.headers)
        _put_event(message.event, letter.body)
        _put_event(message.edited_event, letter.edited_body)
    return message


def edited_body(letter: DeadLetter, payload: bytes) -> bytes:
    """The event of a letter with another payload. Raises SomaError(INVALID_FIELD) for one that is not of its schema."""
    event = event_pb.Event()
    if not _put_event(event, letter.body):
        raise invalid_field(_FIELD, "the bytes of this letter are no event, so there is no payload to edit")
    _check_payload(event.schema.message, payload)
    event.payload = payload
    return event.SerializeToString()


def _check_payload(name: str, payload: bytes) -> None:
    """What is none of the fields of the message would be passed over by the consumer without a word: it is refused."""
    message = _message_named(name)
    try:
        message.MergeFromString(payload)
    except DecodeError:
        raise invalid_field(_FIELD, f"it is no serialised {name}") from None
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise invalid_field(_FIELD, f"it has fields that {name} has not")


def _message_named(name: str) -> Message:
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError:
        raise invalid_field(_FIELD, f"this house does not know {name or 'the schema of the event'}") from None
    made: Message = message_factory.GetMessageClass(descriptor)()
    return made


def _put_event(field: event_pb.Event, body: bytes | None) -> bool:
    """Fill the field with the event in these bytes; leaves it absent when they are none."""
    if body is None:
        return False
    event = event_pb.Event()
    try:
        event.MergeFromString(body)
    except DecodeError:
        return False
    field.CopyFrom(event)
    return True
