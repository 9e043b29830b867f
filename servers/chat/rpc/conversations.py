"""Servicer of conversations: messages in, values to the use cases, messages out.

Nothing is decided here.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.conversations.deletion import DeletionOrder
from servers.chat.conversations.exporting import Exporting
from servers.chat.conversations.importing import Importing
from servers.chat.conversations.keeping import Conversations
from servers.chat.conversations.searching import Searching
from servers.chat.conversations.watching import Watchers
from servers.chat.rpc.conversation_views import STATUSES, conversation_message, message_message
from servers.chat.rpc.searching import search_messages
from servers.chat.rpc.travel import arrival_of, export_conversation
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call

_STATUS_NAMES: Final = {number: name for name, number in STATUSES.items()}
_CHANGEABLE: Final = ("title", "status", "current_leaf_message_id")
_MESSAGES_A_PAGE: Final = 100


def _changes(request: conversation_pb.UpdateConversationRequest) -> dict[str, Any]:
    """What the mask names, as values of a conversation."""
    wanted, changes = request.conversation, dict[str, Any]()
    for path in request.update_mask.paths or _CHANGEABLE:
        if path == "title":
            changes["title"] = wanted.title
        elif path == "status":
            if wanted.status not in _STATUS_NAMES:
                raise invalid_field("conversation.status", "it must be ACTIVE or ARCHIVED")
            changes["status"] = _STATUS_NAMES[wanted.status]
        elif path == "current_leaf_message_id":
            leaf = wanted.current_leaf_message_id
            changes["current_leaf_id"] = UUID(leaf) if leaf else None
        else:
            raise invalid_field("update_mask", f"{path} cannot be changed")
    return changes


def _conversation_place(page: Page) -> tuple[datetime, UUID] | None:
    match page.after:
        case None:
            return None
        case (str(moment), str(conversation_id)):
            with suppress(ValueError):
                time = datetime.fromisoformat(moment)
                if time.tzinfo is not None:
                    return time, UUID(conversation_id)
    raise unreadable_token()


def _message_place(page: Page) -> UUID | None:
    match page.after:
        case None:
            return None
        case (str(message_id),):
            with suppress(ValueError):
                return UUID(message_id)
    raise unreadable_token()


class ConversationServicer(conversation_grpc.ConversationServiceServicer):
    """`soma.chat.v1.ConversationService`."""

    def __init__(
        self,
        conversations: Conversations,
        searching: Searching,
        exporting: Exporting,
        importing: Importing,
        watchers: Watchers,
    ) -> None:
        self._conversations = conversations
        self._searching = searching
        self._exporting = exporting
        self._importing = importing
        self._watchers = watchers

    async def CreateConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.CreateConversationRequest, _: Any
    ) -> conversation_pb.CreateConversationResponse:
        """Make a conversation."""
        agent_id = UUID(request.agent_id) if request.agent_id else None
        return await self._conversations.create(
            current_call().caller,
            agent_id,
            request.title,
            lambda kept: conversation_pb.CreateConversationResponse(conversation=conversation_message(kept)),
        )

    async def GetConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.GetConversationRequest, _: Any
    ) -> conversation_pb.GetConversationResponse:
        """One conversation."""
        kept = await self._conversations.read(current_call().caller, UUID(request.conversation_id))
        return conversation_pb.GetConversationResponse(conversation=conversation_message(kept))

    async def ListConversations(  # noqa: N802 - the contract's name
        self, request: conversation_pb.ListConversationsRequest, _: Any
    ) -> conversation_pb.ListConversationsResponse:
        """The caller's conversations."""
        status = _STATUS_NAMES.get(request.status, "active")
        filters = {"status": status, "title": request.title_contains}
        page = page_of(request.page_size, request.page_token, filters)
        after = _conversation_place(page)
        found = await self._conversations.page(
            current_call().caller, status, request.title_contains, after, page.size + 1
        )
        answer = conversation_pb.ListConversationsResponse(
            conversations=[conversation_message(kept) for kept in found[: page.size]]
        )
        if len(found) > page.size:
            last = found[page.size - 1]
            position = (last.update_time.isoformat(), str(last.conversation_id))
            answer.next_page_token = next_page_token(position, filters)
        return answer

    async def UpdateConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.UpdateConversationRequest, _: Any
    ) -> conversation_pb.UpdateConversationResponse:
        """Change a conversation."""
        if not request.conversation.conversation_id:
            raise invalid_field("conversation.conversation_id", "it must say which conversation to change")
        return await self._conversations.change(
            current_call().caller,
            UUID(request.conversation.conversation_id),
            request.conversation.etag,
            _changes(request),
            lambda kept: conversation_pb.UpdateConversationResponse(conversation=conversation_message(kept)),
        )

    async def DeleteConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.DeleteConversationRequest, _: Any
    ) -> conversation_pb.DeleteConversationResponse:
        """Delete a conversation."""
        order = DeletionOrder(UUID(request.conversation_id), UUID(request.request_id), request.keep_memories)

        def reply(moment: datetime) -> conversation_pb.DeleteConversationResponse:
            answer = conversation_pb.DeleteConversationResponse(saga_id=str(order.request_id))
            answer.delete_time.FromDatetime(moment)
            return answer

        return await self._conversations.delete(current_call().caller, order, reply)

    async def SearchMessages(  # noqa: N802 - the contract's name
        self, request: conversation_pb.SearchMessagesRequest, _: Any
    ) -> conversation_pb.SearchMessagesResponse:
        """Messages by their words."""
        return await search_messages(self._searching, request)

    async def ExportConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.ExportConversationRequest, _: Any
    ) -> AsyncGenerator[conversation_pb.ExportConversationResponse, None]:
        """A whole conversation."""
        async with aclosing(export_conversation(self._exporting, request)) as parts:
            async for part in parts:
                yield part

    async def ImportConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.ImportConversationRequest, _: Any
    ) -> conversation_pb.ImportConversationResponse:
        """Take a conversation in."""
        return await self._importing.take_in(
            current_call().caller,
            arrival_of(request),
            lambda kept: conversation_pb.ImportConversationResponse(conversation=conversation_message(kept)),
        )

    async def WatchConversation(  # noqa: N802 - the contract's name
        self, request: conversation_pb.WatchConversationRequest, _: Any
    ) -> AsyncGenerator[conversation_pb.WatchConversationResponse, None]:
        """How a conversation stands, and each change."""
        states = self._watchers.watch(current_call().caller, UUID(request.conversation_id))
        async with aclosing(states):
            async for state in states:
                yield conversation_pb.WatchConversationResponse(conversation=conversation_message(state))

    async def ListMessages(  # noqa: N802 - the contract's name
        self, request: conversation_pb.ListMessagesRequest, _: Any
    ) -> conversation_pb.ListMessagesResponse:
        """Messages of a conversation."""
        if request.from_end:
            return await self._last_messages(request)
        caller, conversation_id = current_call().caller, UUID(request.conversation_id)
        leaf_id = None if request.all_branches else await self._leaf(request)
        filters = {"conversation": request.conversation_id, "leaf": leaf_id, "all": request.all_branches}
        page = page_of(1, request.page_token, filters)
        after = _message_place(page)
        size = request.page_size or _MESSAGES_A_PAGE
        if leaf_id is None and not request.all_branches:
            return conversation_pb.ListMessagesResponse()
        found = await self._conversations.messages(caller, conversation_id, leaf_id, after, size + 1)
        answer = conversation_pb.ListMessagesResponse(messages=[message_message(kept) for kept in found[:size]])
        if len(found) > size:
            answer.next_page_token = next_page_token((str(found[size - 1].message_id),), filters)
        return answer

    async def _last_messages(
        self, request: conversation_pb.ListMessagesRequest
    ) -> conversation_pb.ListMessagesResponse:
        """A page from the end of a branch; its token, the parent of its first message, holds while the branch grows."""
        filters = {"conversation": request.conversation_id, "leaf": request.leaf_message_id, "from_end": True}
        last_id = _message_place(page_of(1, request.page_token, filters)) or await self._leaf(request)
        if last_id is None:
            return conversation_pb.ListMessagesResponse()
        size = request.page_size or _MESSAGES_A_PAGE
        found = await self._conversations.messages_up_to(
            current_call().caller, UUID(request.conversation_id), last_id, size
        )
        answer = conversation_pb.ListMessagesResponse(messages=[message_message(kept) for kept in found])
        if found and found[0].parent_message_id is not None:
            answer.next_page_token = next_page_token((str(found[0].parent_message_id),), filters)
        return answer

    async def _leaf(self, request: conversation_pb.ListMessagesRequest) -> UUID | None:
        kept = await self._conversations.read(current_call().caller, UUID(request.conversation_id))
        return UUID(request.leaf_message_id) if request.leaf_message_id else kept.current_leaf_id
