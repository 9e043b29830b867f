"""SearchMessages between the contract and the use case.

Nothing here finds anything.
"""

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.chat.conversations.searching import Found, Search, Searching
from servers.chat.rpc.conversation_views import ROLES
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call

_USUAL_PAGE: Final = 20


async def search_messages(
    searching: Searching, request: conversation_pb.SearchMessagesRequest
) -> conversation_pb.SearchMessagesResponse:
    """One page; its token holds for this query and says up to when messages count."""
    filters = {"query": request.query, "conversation": request.conversation_id}
    page = page_of(request.page_size or _USUAL_PAGE, request.page_token, filters)
    until, skip = _place(page) or (searching.now(), 0)
    conversation_id = UUID(request.conversation_id) if request.conversation_id else None
    search = Search(request.query, conversation_id, until, skip, page.size)
    found, more = await searching.find(current_call().caller, search)
    answer = conversation_pb.SearchMessagesResponse(messages=[_message(each) for each in found])
    if more:
        answer.next_page_token = next_page_token((until.isoformat(), skip + len(found)), filters)
    return answer


def _place(page: Page) -> tuple[datetime, int] | None:
    match page.after:
        case None:
            return None
        case (str(moment), int(skip)) if skip >= 0:
            with suppress(ValueError):
                until = datetime.fromisoformat(moment)
                if until.tzinfo is not None:
                    return until, skip
    raise unreadable_token()


def _message(found: Found) -> conversation_pb.FoundMessage:
    head = found.head
    message = conversation_pb.FoundMessage(
        message_id=str(head.message_id),
        conversation_id=str(head.conversation_id),
        conversation_title=head.title,
        role=ROLES[head.role],
        snippet=found.snippet.text,
        spans=[conversation_pb.TextSpan(start=start, end=end) for start, end in found.snippet.spans],
    )
    message.create_time.FromDatetime(head.create_time)
    return message
