"""Requests about a message that was said before, as orders: another answer to it, or other words in its place.

What they lack at first, for it stands in the store, comes with what was found there. Nothing here reads a store.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.turns.order import Deed, Order, read_order
from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.kernel.tenancy import Caller


@dataclass(frozen=True, slots=True)
class Question:
    """The message of the user that was asked about, or whose answer was; `asked_role` says which. Made by `turn_id`."""

    asked_role: str
    conversation_id: UUID
    message_id: UUID
    parts: tuple[str, ...]
    parent_message_id: UUID | None
    turn_id: UUID


def read_regeneration(request: turn_pb.RegenerateMessageRequest, caller: Caller) -> Order:
    """The order in a request for another answer; its words are those of the question."""
    # It has no words yet, and an order needs some to be read.
    bare = _equivalent(request, [message_pb2.ContentPart(text="-")])
    return replace(_about(request, bare, caller), deed=Deed.REGENERATE, text="", parts=())


def read_edit(request: turn_pb.EditMessageRequest, caller: Caller) -> Order:
    """The order in a request for other words. Raises INVALID_FIELD and PAYLOAD_TOO_LARGE."""
    return replace(_about(request, _equivalent(request, request.content), caller), deed=Deed.EDIT)


def found(order: Order, question: Question | None) -> Order:
    """The order with what was found: the words of a question, where it stands, and the request that says the same.

    Raises RESOURCE_NOT_FOUND for a message that is not there, INVALID_FIELD for one that cannot be asked about.
    """
    if question is None:
        raise not_found("message", order.message_id)
    if order.deed is Deed.EDIT and question.asked_role != "user":
        raise invalid_field("message_id", "it must name a message of the user; an answer can be regenerated")
    request = turn_pb.SendMessageRequest.FromString(order.data)
    request.conversation_id = str(question.conversation_id)
    if order.deed is Deed.REGENERATE:
        del request.content[:]
        request.content.extend(message_pb2.ContentPart(text=part) for part in question.parts)
    data = request.SerializeToString(deterministic=True)
    parts = question.parts if order.deed is Deed.REGENERATE else order.parts
    return replace(
        order,
        conversation_id=question.conversation_id,
        parent_message_id=question.parent_message_id,
        parts=parts,
        text="\n".join(parts),
        size_bytes=len(data),
        data=data,
    )


def _about(
    request: turn_pb.RegenerateMessageRequest | turn_pb.EditMessageRequest,
    equivalent: turn_pb.SendMessageRequest,
    caller: Caller,
) -> Order:
    order = read_order(equivalent, caller)
    return replace(order, body_hash=_hash_of(request), message_id=UUID(request.message_id))


def _equivalent(
    request: turn_pb.RegenerateMessageRequest | turn_pb.EditMessageRequest, content: Sequence[message_pb2.ContentPart]
) -> turn_pb.SendMessageRequest:
    return turn_pb.SendMessageRequest(
        content=content,
        request_id=request.request_id,
        options=request.options if request.HasField("options") else None,
        model_profile_id=request.model_profile_id,
        on_disconnect=request.on_disconnect,
        while_busy=request.while_busy,
    )


def _hash_of(request: Message) -> bytes:
    """With the kind of the request: the same fields in another one are another request."""
    kind = f"{request.DESCRIPTOR.full_name}\0".encode()
    return hashlib.sha256(kind + request.SerializeToString(deterministic=True)).digest()
