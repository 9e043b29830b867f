"""Conversations and their messages as they are kept: values of rows, and the conversation a caller may see.

What is done with them stands in the use cases.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult
from servers.chat.tools.stored_calls import calls_of, results_of
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.money import Usage
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call

_SQL: Final = Queries.of("servers.chat", "sql/resources.sql")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as it is kept; `status` is active, archived or deleted."""

    conversation_id: UUID
    owner_sub: str
    agent_id: UUID
    title: str
    status: str
    current_leaf_id: UUID | None
    running_turn_id: UUID | None
    message_count: int
    version: int
    create_time: datetime
    update_time: datetime

    @property
    def etag(self) -> str:
        """What changes with every change."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message as it is kept; `role` is user or assistant."""

    message_id: UUID
    conversation_id: UUID
    parent_message_id: UUID | None
    turn_id: UUID
    role: str
    parts: tuple[str, ...]
    tool_calls: tuple[ToolCallPart, ...]
    tool_results: tuple[CallResult, ...]
    partial: bool
    finish_reason: str
    usage: Usage
    cost_micros: int
    receipt_id: UUID | None
    model: str
    create_time: datetime
    sibling_count: int
    sibling_number: int
    # 0 for none, 1 for good, 2 for bad
    rating: int


async def found_conversation(connection: Connection, caller: Caller, conversation_id: UUID) -> Conversation:
    """One that the caller may see. Raises RESOURCE_NOT_FOUND, also for a deleted one."""
    row = await connection.fetchrow(_SQL.find_conversation, conversation_id, caller.owner_filter)
    if row is None or row["status"] == "deleted":
        raise not_found("conversation", conversation_id)
    return conversation_of(row)


async def locked_conversation(connection: Connection, caller: Caller, conversation_id: UUID) -> Conversation:
    """The same, locked until the end of the transaction. Raises RESOURCE_NOT_FOUND, CONVERSATION_CLOSED."""
    row = await connection.fetchrow(_SQL.lock_conversation, conversation_id, caller.owner_filter)
    if row is None:
        raise not_found("conversation", conversation_id)
    if row["status"] == "deleted":
        raise SomaError(Reason.CONVERSATION_CLOSED, {"status": "deleted"})
    return conversation_of(row)


def change_of(event_type: str, conversation_id: UUID, changed_by: str, fields: tuple[str, ...] = ()) -> EventDraft:
    """The event that tells of a change."""
    payload = payloads_pb2.ResourceChanged(
        resource="conversation", resource_id=str(conversation_id), fields=fields, changed_by=changed_by
    )
    return EventDraft(event_type, f"conversation/{conversation_id}", payload, current_call().correlation_id)


def conversation_of(row: Any) -> Conversation:
    """The value of a row of `conversations`."""
    return Conversation(**{name: row[name] for name in Conversation.__slots__})


def message_of(row: Any) -> KeptMessage:
    """The value of a row of `messages` with its place among its siblings."""
    usage = Usage(
        row["input_tokens"],
        row["cached_input_tokens"],
        row["output_tokens"],
        row["reasoning_tokens"],
        row["usage_estimated"],
    )
    read: dict[str, Any] = {
        "parts": tuple(row["parts"]),
        "tool_calls": calls_of(row["tool_calls"]),
        "tool_results": results_of(row["tool_results"]),
        "usage": usage,
    }
    plain = {name: row[name] for name in KeptMessage.__slots__ if name not in read}
    return KeptMessage(**plain, **read)
