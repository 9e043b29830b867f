"""Pages of a branch from its end, and conversations by a part of their title."""

from uuid import UUID, uuid4

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
INSERT = """
insert into messages (tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts,
    token_count, tokenizer, create_time)
values ($1, $2, 'ada', $3, $4, $5, 'user', array[$6], 1, 'o200k_base', now())
"""
LEAF = "update conversations set current_leaf_id = $2, message_count = message_count + 1 where conversation_id = $1"


async def say(chat: Chat, conversation_id: str, text: str, after: UUID | None) -> UUID:
    """A message put where a turn would put it."""
    message_id = Ids().uuid7()

    async def work(connection: Connection) -> None:
        values = (TENANT, message_id, UUID(conversation_id), after, uuid4(), text)
        await connection.execute(INSERT, *values)
        await connection.execute(LEAF, UUID(conversation_id), message_id)

    await chat.database.run(TENANT, work)
    return message_id


async def said(chat: Chat, conversation_id: str, count: int) -> list[UUID]:
    ids: list[UUID] = []
    for number in range(count):
        ids.append(await say(chat, conversation_id, f"message {number}", ids[-1] if ids else None))
    return ids


async def page_from_end(chat: Chat, conversation_id: str, token: str = "") -> conversation_pb.ListMessagesResponse:
    request = conversation_pb.ListMessagesRequest(
        conversation_id=conversation_id, page_size=3, page_token=token, from_end=True
    )
    return await chat.conversations.ListMessages(request)


def texts(page: conversation_pb.ListMessagesResponse) -> list[str]:
    return [message.content[0].text for message in page.messages]


async def test_a_branch_is_read_from_its_end_and_each_page_in_order(chat: Chat) -> None:
    made = await make_conversation(chat)
    await said(chat, made.conversation_id, 7)
    pages, token = [], ""
    while True:
        page = await page_from_end(chat, made.conversation_id, token)
        pages.append(texts(page))
        token = page.next_page_token
        if not token:
            break
    names = [f"message {number}" for number in range(7)]
    assert pages == [names[4:], names[1:4], names[:1]]


async def test_older_pages_can_be_read_while_the_branch_grows(chat: Chat) -> None:
    made = await make_conversation(chat)
    ids = await said(chat, made.conversation_id, 5)
    first = await page_from_end(chat, made.conversation_id)
    await say(chat, made.conversation_id, "meanwhile", ids[-1])
    assert texts(await page_from_end(chat, made.conversation_id, first.next_page_token)) == ["message 0", "message 1"]


async def test_other_branches_are_not_read(chat: Chat) -> None:
    made = await make_conversation(chat)
    ids = await said(chat, made.conversation_id, 2)
    await say(chat, made.conversation_id, "a branch that was left", ids[0])
    await say(chat, made.conversation_id, "the branch that goes on", ids[0])
    page = await page_from_end(chat, made.conversation_id)
    assert texts(page) == ["message 0", "the branch that goes on"]
    assert page.messages[-1].sibling_count == 3


async def test_nothing_is_at_the_end_of_an_empty_conversation(chat: Chat) -> None:
    made = await make_conversation(chat)
    assert await page_from_end(chat, made.conversation_id) == conversation_pb.ListMessagesResponse()


async def test_a_branch_from_its_end_excludes_all_branches(chat: Chat) -> None:
    made = await make_conversation(chat)
    request = conversation_pb.ListMessagesRequest(
        conversation_id=made.conversation_id, all_branches=True, from_end=True
    )
    with pytest.raises(SomaError) as refused:
        await chat.conversations.ListMessages(request)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_token_of_the_other_direction_is_refused(chat: Chat) -> None:
    made = await make_conversation(chat)
    await said(chat, made.conversation_id, 4)
    forward = await chat.conversations.ListMessages(
        conversation_pb.ListMessagesRequest(conversation_id=made.conversation_id, page_size=3)
    )
    with pytest.raises(SomaError) as refused:
        await page_from_end(chat, made.conversation_id, forward.next_page_token)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "page_token")


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("", ["100 % of it", "Violins"]),
        ("vio", ["Violins"]),
        ("LINS", ["Violins"]),
        ("%", ["100 % of it"]),
        ("_", []),
    ],
)
async def test_conversations_are_found_by_a_part_of_their_title(chat: Chat, part: str, found: list[str]) -> None:
    await make_conversation(chat, "Violins")
    chat.clock.advance(1)
    await make_conversation(chat, "100 % of it")
    request = conversation_pb.ListConversationsRequest(title_contains=part)
    listed = await chat.conversations.ListConversations(request)
    assert [conversation.title for conversation in listed.conversations] == found


async def test_a_token_belongs_to_its_title_filter(chat: Chat) -> None:
    for number in range(2):
        chat.clock.advance(1)
        await make_conversation(chat, f"talk {number}")
    request = conversation_pb.ListConversationsRequest(title_contains="talk", page_size=1)
    page = await chat.conversations.ListConversations(request)
    with pytest.raises(SomaError) as refused:
        await chat.conversations.ListConversations(
            conversation_pb.ListConversationsRequest(page_size=1, page_token=page.next_page_token)
        )
    assert refused.value.metadata["field"] == "page_token"
