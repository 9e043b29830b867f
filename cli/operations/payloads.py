"""Payloads of events as JSON and back, by the schema that an event names.

The schemas come from the descriptors of the contracts; nothing here knows a particular message.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Final

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError, Message

from cli.exits import CommandError, Exit
from soma.events.v1 import event_pb2 as event_pb

_OWNER: Final = "soma."


def to_object(event: event_pb.Event) -> dict[str, Any] | None:
    """The payload as JSON values; None where this program does not know its schema or cannot read it."""
    message = _message_named(event.schema.message)
    if message is None:
        return None
    try:
        message.MergeFromString(event.payload)
    except DecodeError:
        return None
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, descriptor_pool=_pool()
    )
    return found


def from_json(event: event_pb.Event, text: str, source: str) -> bytes:
    """The bytes of a payload for this event. Raises CommandError (wrong use) with what does not fit."""
    name = event.schema.message
    message = _message_named(name)
    if message is None:
        raise CommandError(f"This program does not know {name}, so no payload for it can be made here.")
    try:
        json_format.Parse(text, message, descriptor_pool=_pool())
    except json_format.ParseError as problem:
        why = str(problem).splitlines()[0].rstrip(".")
        raise CommandError(f"{source} is no {name} in JSON form: {why}.", Exit.WRONG_USE) from None
    payload = message.SerializeToString(deterministic=True)
    if not payload:
        raise CommandError(f"{source} sets no field of {name}; an event says something.", Exit.WRONG_USE)
    return payload


def _message_named(name: str) -> Message | None:
    if not name.startswith(_OWNER):
        return None
    try:
        made: Message = message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))()
    except KeyError:
        return None
    return made


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    """All contracts, also those whose modules nobody has loaded."""
    pool = descriptor_pool.DescriptorPool()
    every = FileDescriptorSet.FromString(files("soma").joinpath("descriptors.binpb").read_bytes())
    for file in every.file:
        pool.Add(file)
    return pool
