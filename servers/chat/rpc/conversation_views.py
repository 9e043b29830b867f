"""Conversations and messages as the contract has them, both ways.

Nothing here decides or stores.
"""

from typing import Final

from servers.chat.conversations.stored import Conversation, KeptMessage
from servers.chat.tools.messages import call_message, result_message
from servers.chat.turns.rating import RATINGS
from servers.chat.turns.stream import usage_message
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb

STATUSES: Final = {
    "active": conversation_pb.CONVERSATION_STATUS_ACTIVE,
    "archived": conversation_pb.CONVERSATION_STATUS_ARCHIVED,
}
ROLES: Final = {"user": message_pb.ROLE_USER, "assistant": message_pb.ROLE_ASSISTANT}


def conversation_message(kept: Conversation) -> conversation_pb.Conversation:
    """A conversation as the contract has it."""
    message = conversation_pb.Conversation(
        conversation_id=str(kept.conversation_id),
        agent_id=str(kept.agent_id),
        title=kept.title,
        status=STATUSES[kept.status],
        current_leaf_message_id=str(kept.current_leaf_id or ""),
        running_turn_id=str(kept.running_turn_id or ""),
        message_count=kept.message_count,
        etag=kept.etag,
        owner_sub=kept.owner_sub,
    )
    message.create_time.FromDatetime(kept.create_time)
    message.update_time.FromDatetime(kept.update_time)
    return message


def message_message(kept: KeptMessage) -> message_pb.Message:
    """A message as the contract has it."""
    message = message_pb.Message(
        message_id=str(kept.message_id),
        conversation_id=str(kept.conversation_id),
        parent_message_id=str(kept.parent_message_id or ""),
        role=ROLES[kept.role],
        content=[message_pb.ContentPart(text=part) for part in kept.parts],
        tool_calls=map(call_message, kept.tool_calls),
        tool_results=map(result_message, kept.tool_results),
        turn_id=str(kept.turn_id),
        partial=kept.partial,
        finish_reason=kept.finish_reason,
        cost_micros=kept.cost_micros,
        receipt_id=str(kept.receipt_id or ""),
        model=kept.model,
        sibling_count=kept.sibling_count,
        sibling_number=kept.sibling_number,
        rating=RATINGS[kept.rating],
    )
    if kept.role == "assistant":
        message.usage.CopyFrom(usage_message(kept.usage))
    message.create_time.FromDatetime(kept.create_time)
    return message
