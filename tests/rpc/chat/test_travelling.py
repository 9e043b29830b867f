"""A conversation that leaves and arrives is the same one, but for its ids; what is no conversation is refused."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.chat.conversations.exporting import PORTION
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.common.v1 import usage_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
LONG_AGO = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


async def export(chat: Chat, conversation_id: str) -> conversation_pb.ImportConversationRequest:
    """What an import takes."""
    request = conversation_pb.ImportConversationRequest(request_id=str(uuid4()))
    replies = chat.conversations.ExportConversation(
        conversation_pb.ExportConversationRequest(conversation_id=conversation_id)
    )
    async for part in replies:
        if part.HasField("header"):
            assert not request.messages
            request.header.CopyFrom(part.header)
        else:
            request.messages.append(part.message)
    return request


def without_ids(request: conversation_pb.ImportConversationRequest) -> conversation_pb.ImportConversationRequest:
    """The same with the places of the messages for their ids."""
    plain = conversation_pb.ImportConversationRequest()
    plain.CopyFrom(request)
    names = {message.message_id: str(place) for place, message in enumerate(request.messages)}
    turns = {turn: str(place) for place, turn in enumerate(dict.fromkeys(it.turn_id for it in request.messages))}
    plain.request_id = ""
    plain.header.current_leaf_message_id = names[request.header.current_leaf_message_id]
    plain.header.ClearField("export_time")
    for message in plain.messages:
        message.message_id = names[message.message_id]
        message.parent_message_id = names.get(message.parent_message_id, "")
        message.turn_id = turns[message.turn_id]
        message.ClearField("conversation_id")
        message.ClearField("receipt_id")
    return plain


def message(key: str, parent: str = "", role: str = "USER", text: str = "hello", **fields: Any) -> message_pb.Message:
    content = [message_pb.ContentPart(text=text)] if text else []
    return message_pb.Message(
        message_id=key,
        parent_message_id=parent,
        role=message_pb.Role.Value(f"ROLE_{role}"),
        content=content,
        turn_id=f"t{key}",
        **fields,
    )


def arriving(*messages: message_pb.Message, **header: Any) -> conversation_pb.ImportConversationRequest:
    fields: dict[str, Any] = {"format": 1, "title": "From elsewhere"} | header
    made = conversation_pb.ImportConversationRequest(messages=messages, request_id=str(uuid4()))
    made.header.CopyFrom(conversation_pb.ConversationHeader(**fields))
    return made


async def take_in(chat: Chat, request: conversation_pb.ImportConversationRequest) -> conversation_pb.Conversation:
    return (await chat.conversations.ImportConversation(request)).conversation


async def events(chat: Chat, conversation_id: str) -> list[str]:
    async with chat.database.transaction(TENANT) as connection:
        stream = f"conversation/{conversation_id}"
        rows = await connection.fetch("select event_type from events where stream = $1 order by sequence", stream)
    return [row["event_type"] for row in rows]


async def test_what_was_said_here_leaves_whole_and_arrives_as_it_was(chat: Chat) -> None:
    made = await make_conversation(chat, "The whole tree")
    chat.clock.set(LONG_AGO)
    [root] = await put(chat, made.conversation_id, "a question\nof two lines")
    for branch in range(2):
        await put(chat, made.conversation_id, f"answer {branch}", role="assistant", parent=root)
    await put(chat, made.conversation_id, *(f"step {number}" for number in range(PORTION + 5)), parent=root)
    chat.clock.set(datetime(2026, 1, 1, 12, tzinfo=UTC))
    first = await export(chat, made.conversation_id)
    assert (first.header.title, first.header.message_count) == ("The whole tree", PORTION + 8)
    assert first.header.agent_name == "assistant"
    kept = await take_in(chat, first)
    assert kept.conversation_id != made.conversation_id
    assert (kept.title, kept.message_count, kept.owner_sub) == ("The whole tree", PORTION + 8, "ada")
    second = await export(chat, kept.conversation_id)
    assert without_ids(second) == without_ids(first)
    assert not {it.message_id for it in first.messages} & {it.message_id for it in second.messages}
    assert await events(chat, kept.conversation_id) == ["conversation.imported"]


LINE = "All work and no play makes Jack a dull boy. "
LONG_ANSWERS = {
    "of lines": "\n".join(f"{number}: {LINE}" for number in range(5_000)),
    "of paragraphs": "\n\n\n".join(LINE * 30 for _ in range(100)),
    "that ends a line where a part is full": f"{'ä' * 32_767}b\n" * 3,
    "of line ends": "\n" * 200_000,
}


@pytest.mark.parametrize("text", LONG_ANSWERS.values(), ids=LONG_ANSWERS)
async def test_an_answer_longer_than_a_part_arrives_letter_by_letter(chat: Chat, text: str) -> None:
    made = await make_conversation(chat)
    [question] = await put(chat, made.conversation_id, "Write much.")
    await put(chat, made.conversation_id, text, role="assistant", parent=question)
    first = await export(chat, made.conversation_id)
    kept = await take_in(chat, first)
    assert without_ids(await export(chat, kept.conversation_id)) == without_ids(first)
    async with chat.database.transaction(TENANT) as connection:
        there = "select array_to_string(parts, e'\n') from messages where imported and role = 'assistant'"
        assert await connection.fetchval(there) == text


async def test_a_line_that_no_part_holds_leaves_whole(chat: Chat) -> None:
    made = await make_conversation(chat)
    await put(chat, made.conversation_id, "x" * 65_537, role="assistant")
    first = await export(chat, made.conversation_id)
    assert [len(part.text) for part in first.messages[0].content] == [65_537]
    with pytest.raises(SomaError) as refused:
        await take_in(chat, first)
    assert "messages[0].content[0].text" in refused.value.sentence


def any_tree(chance: random.Random) -> conversation_pb.ImportConversationRequest:
    """A conversation with branches, of everything that a message may carry."""
    texts = ("hello", "two\nlines", "東京 🙂 ｶﾞ", " spaced ", '"{}"', "x" * 3_000)
    messages: list[message_pb.Message] = []
    for number in range(chance.randint(1, 24)):
        role = chance.choice(("USER", "ASSISTANT"))
        parent = chance.choice(["", *(it.message_id for it in messages)])
        made = message(f"m{number}", parent, role, chance.choice(texts))
        made.turn_id = f"t{chance.randrange(8)}"
        made.create_time.FromDatetime(LONG_AGO + timedelta(seconds=chance.randrange(10**7), microseconds=number))
        if role == "ASSISTANT":
            made.content.extend(message_pb.ContentPart(text=text) for text in texts[: chance.randrange(3)])
            made.usage.CopyFrom(usage_pb2.TokenUsage(input_tokens=chance.randrange(10**6), output_tokens=number))
            made.cost_micros, made.model = chance.randrange(10**9), chance.choice(("", "gpt", "modèle"))
            made.finish_reason, made.partial = chance.choice(("stop", "length", "cancelled")), chance.random() < 0.5
        messages.append(made)
    leaf = chance.choice(messages).message_id
    header = {"title": chance.choice(("", "Title", "題")), "current_leaf_message_id": leaf}
    request = arriving(*messages, **header, message_count=len(messages))
    request.header.create_time.FromDatetime(LONG_AGO)
    return request


@pytest.mark.parametrize("seed", [1])
async def test_any_tree_that_arrives_leaves_as_it_came_and_arrives_again(chat: Chat, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        request = any_tree(chance)
        first = await export(chat, (await take_in(chat, request)).conversation_id)
        second = await export(chat, (await take_in(chat, first)).conversation_id)
        assert without_ids(second) == without_ids(first)
        came, left = without_ids(request), without_ids(first)
        for arrived, said in zip(came.messages, left.messages, strict=True):
            # What only this program knows: places among siblings, and a usage of zeros for an answer.
            said.ClearField("sibling_count")
            said.ClearField("sibling_number")
            if not arrived.HasField("usage"):
                said.ClearField("usage")
            assert said == arrived
        assert (left.header.title, left.header.create_time) == (came.header.title, came.header.create_time)


async def test_usage_and_calls_are_kept_and_nothing_is_billed_or_learned(chat: Chat) -> None:
    usage = usage_pb2.TokenUsage(input_tokens=7, cached_input_tokens=2, output_tokens=5, estimated=True)
    call = message_pb.ToolCall(call_id="c1", name="look", arguments_json='{"a": 1}')
    answer = message("b", "a", "ASSISTANT", "", usage=usage, cost_micros=12, model="gpt", partial=True)
    answer.tool_calls.append(call)
    result = message_pb.ToolResult(
        call_id="c1", name="look", status=message_pb.TOOL_CALL_STATUS_FAILED, content="no such thing"
    )
    answer.tool_results.append(result)
    answer.finish_reason = "tool_calls"
    answer.create_time.FromDatetime(LONG_AGO)
    request = arriving(message("a"), answer, current_leaf_message_id="b")
    kept = await take_in(chat, request)
    _, there = (await export(chat, kept.conversation_id)).messages
    assert (there.usage, there.cost_micros, there.model, there.partial) == (usage, 12, "gpt", True)
    assert (list(there.tool_calls), list(there.tool_results)) == ([call], [result])
    assert there.finish_reason == "tool_calls"
    assert there.create_time.ToDatetime(UTC) == LONG_AGO
    async with chat.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select bool_and(imported) from messages")
        assert await connection.fetchval("select count(*) from intents") == 0
        assert await connection.fetchval("select count(*) from turns") == 0


async def test_the_same_request_makes_one_conversation_and_another_body_is_refused(chat: Chat) -> None:
    request = arriving(message("a"), message("b", "a"))
    assert await take_in(chat, request) == await take_in(chat, request)
    request.header.title = "Another"
    with pytest.raises(SomaError) as reused:
        await take_in(chat, request)
    assert reused.value.reason is Reason.REQUEST_ID_REUSED
    listed = await chat.conversations.ListConversations(conversation_pb.ListConversationsRequest())
    assert len(listed.conversations) == 1


FAULTS = {
    "two of one id": (arriving(message("a"), message("a")), "messages[1]"),
    "a child first": (arriving(message("b", "a"), message("a")), "messages[0]"),
    "its own parent": (arriving(message("a", "a")), "messages[0]"),
    "a stranger's child": (arriving(message("a"), message("b", "z")), "messages[1]"),
    "no id": (arriving(message("")), "messages[0]"),
    "a system's message": (arriving(message("a", role="SYSTEM")), "messages[0].role"),
    "another form": (arriving(message("a"), format=2), "header.format"),
    "another count": (arriving(message("a"), message_count=3), "header.message_count"),
    "another leaf": (arriving(message("a"), current_leaf_message_id="b"), "header.current_leaf_message_id"),
    "nothing said": (arriving(message("a", text="")), "messages[0].content"),
    "an unknown end": (arriving(message("a"), message("b", "a", "ASSISTANT", finish_reason="tired")), "finish_reason"),
    "a negative cost": (arriving(message("a", cost_micros=-1)), "messages[0].cost_micros"),
    "a null character": (arriving(message("a", text="x\0")), "messages[0]"),
    "a null in the title": (arriving(message("a"), title="x\0"), "header.title"),
    "too many tokens": (arriving(message("a", usage=usage_pb2.TokenUsage(input_tokens=2**31))), "messages[0].usage"),
    "a result without a call": (
        arriving(
            message("a", tool_results=[message_pb.ToolResult(call_id="c", status=message_pb.TOOL_CALL_STATUS_DONE)])
        ),
        "messages[0].tool_results",
    ),
    "no messages": (arriving(), "messages"),
    "a part that is too long": (arriving(message("a", text="x" * 65_537)), "messages"),
}


async def test_what_is_no_conversation_is_refused_and_nothing_is_kept(chat: Chat) -> None:
    later = message("a")
    later.create_time.FromDatetime(chat.clock.now() + timedelta(hours=1))
    faults = {**FAULTS, "from the future": (arriving(later), "messages[0].create_time")}
    for name, (request, field) in faults.items():
        with pytest.raises(SomaError) as refused:
            await take_in(chat, request)
        assert refused.value.reason is Reason.INVALID_FIELD, name
        assert field in refused.value.sentence, (name, refused.value.sentence)
    parts = message("a", text="x" * 65_536)
    parts.content.append(message_pb.ContentPart(text="y"))
    with pytest.raises(SomaError) as long:
        await take_in(chat, arriving(parts))
    assert long.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert "65536 bytes of text in messages[0]" in long.value.sentence
    with pytest.raises(SomaError) as agentless:
        await take_in(chat, conversation_pb.ImportConversationRequest(**_fields(FAULTS["another count"][0])))
    assert agentless.value.reason is Reason.RESOURCE_NOT_FOUND
    async with chat.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select count(*) from conversations") == 0


def _fields(request: conversation_pb.ImportConversationRequest) -> dict[str, Any]:
    header = conversation_pb.ConversationHeader(format=1)
    return {"header": header, "messages": request.messages, "agent_id": str(uuid4()), "request_id": str(uuid4())}


async def test_nobody_takes_along_what_others_said(chat: Chat) -> None:
    with acting_as(user("eve"), "test"):
        hers = await make_conversation(chat)
    with acting_as(user("ada", OTHER_TENANT), "test"):
        elsewhere = await make_conversation(chat)
    for conversation_id in (hers.conversation_id, elsewhere.conversation_id, str(uuid4())):
        with pytest.raises(SomaError) as gone:
            await export(chat, conversation_id)
        assert gone.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_an_export_ends_when_the_conversation_is_deleted_meanwhile(chat: Chat) -> None:
    made = await make_conversation(chat)
    await put(chat, made.conversation_id, *(f"{number} " + "x" * 60_000 for number in range(3 * PORTION)))
    replies = chat.conversations.ExportConversation(
        conversation_pb.ExportConversationRequest(conversation_id=made.conversation_id)
    )
    seen = 0
    with pytest.raises(SomaError) as gone:
        async for _ in replies:
            if not seen:
                request = conversation_pb.DeleteConversationRequest(
                    conversation_id=made.conversation_id, request_id=str(uuid4())
                )
                await chat.conversations.DeleteConversation(request)
            seen += 1
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND
    assert 1 <= seen <= 2 * PORTION + 1


async def test_an_arrived_conversation_goes_on_with_its_agent(chat: Chat) -> None:
    kept = await take_in(chat, arriving(message("a"), message("b", "a", "ASSISTANT")))
    assert kept.agent_id == str(default_agent_id(TENANT))
    assert kept.status == conversation_pb.CONVERSATION_STATUS_ACTIVE
    request = conversation_pb.ListMessagesRequest(conversation_id=kept.conversation_id)
    listed = (await chat.conversations.ListMessages(request)).messages
    assert [UUID(it.message_id).version for it in listed] == [7, 7]
    assert listed[-1].message_id == kept.current_leaf_message_id
