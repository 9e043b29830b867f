"""Payloads of events as fields that a person can read.

Nothing here knows where events come from.
"""

from google.protobuf import descriptor_pool, json_format
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct

from soma.events.v1 import payloads_pb2
from soma_common.events.codec import schema_of
from soma_common.events.models import Event

_OURS = payloads_pb2.DESCRIPTOR.package.partition(".")[0] + "."


def payload_of(event: Event) -> Struct | None:
    """The payload by the fields of its message, or None where this release has no such message or another one."""
    name = event.schema.message
    if not name.startswith(_OURS):
        return None
    try:
        kind = GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
        if schema_of(kind()) != event.schema:
            return None
        message = kind.FromString(event.payload)
    except (KeyError, DecodeError):
        return None
    shown = Struct()
    shown.update(
        json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    )
    return shown
