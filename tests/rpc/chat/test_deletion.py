"""Deleting a conversation: gone for everybody at once, forgotten by memory, erased; there again if memory refuses."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.sagas.models import Saga, Status
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
TITLE = "A quokka in the garden"


def deletion(conversation_id: str, **fields: Any) -> conversation_pb.DeleteConversationRequest:
    return conversation_pb.DeleteConversationRequest(
        **{"conversation_id": conversation_id, "request_id": str(uuid4())} | fields
    )


async def delete(chat: Chat, conversation_id: str, **fields: Any) -> Saga:
    """Deletes it and waits for the end of the saga."""
    answer = await chat.conversations.DeleteConversation(deletion(conversation_id, **fields))
    return await chat.sagas.finished(TENANT, UUID(answer.saga_id), 10)


async def read(chat: Chat, conversation_id: str) -> conversation_pb.Conversation:
    request = conversation_pb.GetConversationRequest(conversation_id=conversation_id)
    return (await chat.conversations.GetConversation(request)).conversation


async def is_gone(chat: Chat, conversation_id: str) -> bool:
    with pytest.raises(SomaError) as gone:
        await read(chat, conversation_id)
    listing = conversation_pb.ListConversationsRequest()
    listed = (await chat.conversations.ListConversations(listing)).conversations
    return gone.value.reason is Reason.RESOURCE_NOT_FOUND and not listed


async def told(chat: Chat, conversation_id: str) -> list[str]:
    async with chat.database.transaction(TENANT) as connection:
        stream = f"conversation/{conversation_id}"
        rows = await connection.fetch("select event_type from events where stream = $1 order by sequence", stream)
    return [row["event_type"] for row in rows]


async def test_it_goes_through_its_steps_and_memory_is_asked_by_chat_itself(chat: Chat) -> None:
    made = await make_conversation(chat, TITLE)
    saga = await delete(chat, made.conversation_id)
    assert saga.status is Status.COMPLETED
    assert [step.step for step in saga.steps] == ["hide_conversation", "forget_memories", "erase_messages"]
    ((call, asked),) = chat.memory.asked
    assert (asked.conversation_id, asked.ended) == (made.conversation_id, True)
    assert (call.caller.sub, call.caller.tenant_id, call.correlation_id) == ("service:chat", TENANT, "test")
    assert await told(chat, made.conversation_id) == [
        "conversation.created",
        "conversation.deleted",
        "conversation.erased",
    ]
    async with chat.database.transaction(TENANT) as connection:
        rows = await connection.fetch("select title, status from conversations")
    assert [tuple(row) for row in rows] == [("", "deleted")]


async def test_memories_are_kept_where_that_is_wished(chat: Chat) -> None:
    made = await make_conversation(chat)
    assert (await delete(chat, made.conversation_id, keep_memories=True)).status is Status.COMPLETED
    assert chat.memory.asked == []


async def test_nobody_sees_it_while_memory_is_away_and_it_is_asked_until_it_answers(chat: Chat) -> None:
    chat.memory.refusals = [SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "memory"}) for _ in range(4)]
    made = await make_conversation(chat)
    answer = await chat.conversations.DeleteConversation(deletion(made.conversation_id))
    assert await is_gone(chat, made.conversation_id)
    saga = await chat.sagas.finished(TENANT, UUID(answer.saga_id), 20)
    assert saga.status is Status.COMPLETED
    assert len({request.request_id for _, request in chat.memory.asked}) == 1
    assert len(chat.memory.asked) == 5


@pytest.mark.parametrize(
    "status", [conversation_pb.CONVERSATION_STATUS_ACTIVE, conversation_pb.CONVERSATION_STATUS_ARCHIVED]
)
async def test_it_is_there_again_as_it_was_when_memory_refuses_for_good(
    chat: Chat, status: conversation_pb.ConversationStatus.ValueType
) -> None:
    made = await make_conversation(chat, TITLE)
    changed = conversation_pb.Conversation(conversation_id=made.conversation_id, title=TITLE, status=status)
    await chat.conversations.UpdateConversation(
        conversation_pb.UpdateConversationRequest(conversation=changed, request_id=str(uuid4()))
    )
    chat.memory.refusals = [SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": "member"})]
    saga = await delete(chat, made.conversation_id)
    assert (saga.status, saga.error_reason) == (Status.COMPENSATED, "SCOPE_MISSING")
    again = await read(chat, made.conversation_id)
    assert (again.title, again.status) == (TITLE, status)
    assert (await told(chat, made.conversation_id))[-2:] == ["conversation.deleted", "conversation.restored"]
    # The next try is one of its own.
    assert (await delete(chat, made.conversation_id)).status is Status.COMPLETED
    assert await is_gone(chat, made.conversation_id)


async def test_a_repeat_is_the_same_deletion(chat: Chat) -> None:
    made = await make_conversation(chat)
    request = deletion(made.conversation_id)
    first = await chat.conversations.DeleteConversation(request)
    assert await chat.conversations.DeleteConversation(request) == first
    assert first.saga_id == request.request_id
    await chat.sagas.finished(TENANT, UUID(first.saga_id), 10)
    assert await chat.conversations.DeleteConversation(request) == first
    assert len(chat.memory.asked) == 1
    with pytest.raises(SomaError) as other:
        await chat.conversations.DeleteConversation(deletion(made.conversation_id))
    assert other.value.reason is Reason.CONVERSATION_CLOSED


async def test_a_stranger_deletes_nothing(chat: Chat) -> None:
    made = await make_conversation(chat)
    for stranger in (user("bob"), user("ada", OTHER_TENANT), user("root", OTHER_TENANT, ("admin",))):
        with acting_as(stranger, "test"), pytest.raises(SomaError) as refused:
            await chat.conversations.DeleteConversation(deletion(made.conversation_id))
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert (await read(chat, made.conversation_id)).owner_sub == "ada"
    assert chat.memory.asked == []


async def test_an_operator_deletes_it_with_what_everybody_told(chat: Chat) -> None:
    made = await make_conversation(chat)
    with acting_as(user("olga", roles=("operator",)), "test"):
        assert (await delete(chat, made.conversation_id)).started_by == "olga"
    assert await is_gone(chat, made.conversation_id)
