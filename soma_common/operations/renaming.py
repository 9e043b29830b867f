"""A person's name in serialised messages, and the same message with another name in its place.

Pure: nothing here reads a table. Words are never searched: only whole values are names.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from soma.events.v1 import event_pb2 as event_pb

# Fields that hold words of whoever made the change; they go with the name of the one who did.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {"soma.events.v1.ApiKeyChanged": ("name",)}


def field_bytes(value: str) -> bytes:
    """A string as a field of a serialised message: its length before it."""
    encoded = value.encode()
    size, length = bytearray(), len(encoded)
    while length > 127:
        size.append(length & 127 | 128)
        length >>= 7
    return bytes((*size, length)) + encoded


def renamed_event(body: bytes, names: Mapping[str, str]) -> bytes | None:
    """A serialised event with other names in it and its payload; None for bytes that are no event."""
    event = event_pb.Event()
    try:
        event.ParseFromString(body)
    except DecodeError:
        return None
    payload = renamed_payload(event.schema.message, event.payload, names)
    if payload is None:
        return None
    event.payload = payload
    rename(event, names)
    return event.SerializeToString()


def renamed_payload(schema: str, payload: bytes, names: Mapping[str, str]) -> bytes | None:
    """A payload of this schema with other names in it; None where this house cannot read it."""
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(schema)
        message: Message = message_factory.GetMessageClass(descriptor)()
        message.ParseFromString(payload)
    except (KeyError, DecodeError):
        return None
    if rename(message, names):
        for field in WORDS.get(schema, ()):
            message.ClearField(field)
    return message.SerializeToString()


def rename(message: Any, names: Mapping[str, str]) -> bool:
    """Put other names into every string of a message that is one; says whether there was any."""
    found = False
    for field, value in message.ListFields():
        if _is_map(field):
            found |= _rename_map(value, names)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value if field.is_repeated else (value,):
                found |= rename(each, names)
        elif field.type == FieldDescriptor.TYPE_STRING:
            found |= _rename_field(message, field, value, names)
    return found


def _rename_field(message: Any, field: FieldDescriptor, value: Any, names: Mapping[str, str]) -> bool:
    if field.is_repeated:
        kept = [names.get(each, each) for each in value]
        found = kept != list(value)
        if found:
            del value[:]
            value.extend(kept)
        return found
    if value not in names:
        return False
    setattr(message, field.name, names[value])
    return True


def _rename_map(value: Any, names: Mapping[str, str]) -> bool:
    found = False
    for key in list(value):
        if isinstance(value[key], str):
            if value[key] in names:
                value[key], found = names[value[key]], True
        elif isinstance(value[key], Message):
            found |= rename(value[key], names)
    return found


def _is_map(field: FieldDescriptor) -> bool:
    of = field.message_type
    return field.is_repeated and of is not None and bool(of.GetOptions().map_entry)
