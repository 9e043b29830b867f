"""Finding messages by their words: indexed or not yet, in all branches, the best first, and nobody else's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.chat.conversations.indexing import BLOCK, Indexing
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
CANARY = "xylophonecanary"
DUE = """
insert into owners_to_index select distinct tenant_id, owner_key from unindexed_messages on conflict do nothing
"""
BLOCKED = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
"""


async def found(chat: Chat, query: str, **fields: Any) -> conversation_pb.SearchMessagesResponse:
    return await chat.conversations.SearchMessages(conversation_pb.SearchMessagesRequest(query=query, **fields))


async def shown(chat: Chat, query: str, **fields: Any) -> list[str]:
    return [message.snippet for message in (await found(chat, query, **fields)).messages]


async def index(chat: Chat) -> None:
    """What a process of chat does by itself, until nothing is left to do."""
    indexing = Indexing(chat.database, chat.clock)
    while await indexing.index_due():
        pass


async def count(chat: Chat, table: str, tenant: TenantId = TENANT) -> int:
    async with chat.database.transaction(tenant) as connection:
        return int(await connection.fetchval(f"select count(*) from {table}"))


@contextmanager
def by(sub: str, tenant: TenantId = TENANT, role: str = "member") -> Iterator[None]:
    with acting_as(user(sub, tenant, (role,)), "test"):
        yield


async def filled(chat: Chat, text: str = "filler number {}", amount: int = BLOCK) -> conversation_pb.Conversation:
    """A conversation with a whole block of messages, indexed."""
    made = await make_conversation(chat, "filled")
    await put(chat, made.conversation_id, *(text.format(number) for number in range(amount)))
    async with chat.database.worker() as connection:
        # Whether a message looks for a whole block depends on its id.
        await connection.execute(DUE)
    await index(chat)
    return made


async def test_a_message_is_found_before_and_after_it_is_indexed(chat: Chat) -> None:
    made = await make_conversation(chat, "Money")
    [first] = await put(chat, made.conversation_id, "The Budget of the third\nquarter is cut.")
    answer = await found(chat, "quart* BUDGET")
    assert await count(chat, "word_blocks") == 0
    (message,) = answer.messages
    assert (message.message_id, message.conversation_id) == (str(first), made.conversation_id)
    assert (message.conversation_title, message.role) == ("Money", message_pb.ROLE_USER)
    assert message.create_time.ToDatetime().isoformat() == "2026-01-01T12:00:00"
    assert message.snippet == "The Budget of the third quarter is cut."
    assert [message.snippet[span.start : span.end] for span in message.spans] == ["Budget", "quarter"]
    assert not answer.next_page_token
    await filled(chat, amount=BLOCK - 1)
    assert (await count(chat, "word_blocks"), await count(chat, "unindexed_messages")) == (1, 0)
    assert await found(chat, "quart* BUDGET") == answer
    assert await shown(chat, "quart budget") == []
    assert await shown(chat, "budget -- nothing") == []


async def test_all_branches_and_archived_conversations_are_found_and_scripts_without_spaces(chat: Chat) -> None:
    made = await make_conversation(chat)
    [root] = await put(chat, made.conversation_id, "我们去东京都吧")
    await put(chat, made.conversation_id, "the first branch", parent=root)
    await put(chat, made.conversation_id, "the second branch", parent=root)
    archived = conversation_pb.Conversation(
        conversation_id=made.conversation_id, status=conversation_pb.CONVERSATION_STATUS_ARCHIVED
    )
    request = conversation_pb.UpdateConversationRequest(conversation=archived, request_id=str(uuid4()))
    request.update_mask.paths.append("status")
    await chat.conversations.UpdateConversation(request)
    for _ in range(2):
        assert len(await shown(chat, "branch")) == 2
        assert await shown(chat, "东京") == await shown(chat, "京") == ["我们去东京都吧"]
        assert await shown(chat, "京东") == []
        await filled(chat)


async def test_the_best_come_first_and_pages_hold_together_while_messages_arrive(chat: Chat) -> None:
    made = await filled(chat, "the word budget stands here once, number {}", 2 * BLOCK)
    other = await make_conversation(chat)
    await put(chat, other.conversation_id, "budget, budget and budget")
    pages: list[list[str]] = []
    token = ""
    while token or not pages:
        answer = await found(chat, "budget", page_size=50, page_token=token)
        pages.append([message.message_id for message in answer.messages])
        if not token:
            assert answer.messages[0].snippet == "budget, budget and budget"
        token = answer.next_page_token
        chat.clock.advance(1)
        await put(chat, other.conversation_id, "a budget that came later")
    assert [len(page) for page in pages] == [50, 50, 29]
    assert len({message for page in pages for message in page}) == 2 * BLOCK + 1
    assert len(await shown(chat, "budget", conversation_id=made.conversation_id, page_size=100)) == 100
    assert len(await shown(chat, "budget", conversation_id=other.conversation_id)) == 4
    for wrong in ({"query": "other"}, {"page_token": "x"}):
        fields = {"query": "budget", "page_token": (await found(chat, "budget")).next_page_token} | wrong
        with pytest.raises(SomaError) as refused:
            await found(chat, **fields)
        assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_query_without_a_word_and_a_conversation_that_is_not_there_are_refused(chat: Chat) -> None:
    with pytest.raises(SomaError) as wordless:
        await found(chat, "… !")
    assert wordless.value.reason is Reason.INVALID_FIELD
    assert "no word" in wordless.value.sentence
    with pytest.raises(SomaError) as short:
        await found(chat, "budget b*")
    assert "two letters" in short.value.sentence
    with pytest.raises(SomaError) as gone:
        await found(chat, "budget", conversation_id=str(uuid4()))
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_nobody_finds_what_others_said(chat: Chat) -> None:
    hidden: list[str] = []
    for sub, tenant in (("eve", TENANT), ("ada", OTHER_TENANT)):
        with by(sub, tenant):
            made = await make_conversation(chat)
        hidden.append(made.conversation_id)
        for parts in (1, BLOCK):
            await put(chat, made.conversation_id, *[f"{CANARY} of {sub}"] * parts, tenant=tenant)
    await filled(chat)
    await index(chat)
    assert await shown(chat, CANARY) == await shown(chat, f"{CANARY[:4]}*") == []
    for conversation_id in hidden:
        with pytest.raises(SomaError) as refused:
            await found(chat, CANARY, conversation_id=conversation_id)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    with by("eve"):
        assert set(await shown(chat, CANARY)) == {f"{CANARY} of eve"}
    with by("root", role="admin"):
        assert set(await shown(chat, CANARY)) == {f"{CANARY} of eve"}


async def test_what_is_deleted_is_gone_at_once_and_its_words_with_it(chat: Chat) -> None:
    made = await make_conversation(chat)
    await put(chat, made.conversation_id, f"{CANARY} and others")
    await filled(chat, "others {}", BLOCK - 1)
    await put(chat, made.conversation_id, f"{CANARY} again")
    assert len(await shown(chat, CANARY)) == 2
    request = conversation_pb.DeleteConversationRequest(conversation_id=made.conversation_id, request_id=str(uuid4()))
    answer = await chat.conversations.DeleteConversation(request)
    assert await shown(chat, CANARY) == []
    await chat.sagas.finished(TENANT, UUID(answer.saga_id), 10)
    async with chat.database.transaction(TENANT) as connection:
        words = [row["word"] for row in await connection.fetch("select word from block_words")]
    assert "others" in words
    assert CANARY not in words
    assert await count(chat, "unindexed_messages") == 0
    assert len(await shown(chat, "others", page_size=100)) == BLOCK - 1


async def test_a_word_of_two_conversations_is_gone_when_both_are_erased_at_once(chat: Chat) -> None:
    ids = []
    for _ in range(2):
        made = await make_conversation(chat)
        await put(chat, made.conversation_id, f"{CANARY} and others")
        ids.append(UUID(made.conversation_id))
    await filled(chat, "others {}", BLOCK - 2)
    erase = "delete from messages where conversation_id = $1"

    async def second() -> None:
        async with chat.database.transaction(TENANT) as connection:
            await connection.execute(erase, ids[1])

    async with chat.database.transaction(TENANT) as connection:
        await connection.execute(erase, ids[0])
        other = asyncio.create_task(second())
        async with chat.database.transaction(TENANT) as watcher:
            assert await eventually(lambda: watcher.fetchval(BLOCKED))
    await other
    async with chat.database.transaction(TENANT) as connection:
        assert not await connection.fetchval("select exists (select from block_words where word = $1)", CANARY)


async def test_a_search_reads_words_by_their_index_under_row_level_security(chat: Chat) -> None:
    # Enough words that a planner would rather not read them all.
    await filled(chat, "budget " + " ".join(f"w{{0}}x{number}" for number in range(40)), 4 * BLOCK)
    find = Queries.of("servers.chat", "sql/search.sql").find_hits
    async with chat.database.transaction(TENANT) as connection:
        owner = await connection.fetchval("select owner_key('ada')")
        values = (TENANT, [owner], ["budget"], ["budget\x01"], None)
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {find}", *values))
    assert "block_words_pkey" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line and "word" in line)
    assert all(part in condition for part in ("tenant_id", "owner_key", "word >=", "word <"))


async def test_messages_of_quiet_people_are_indexed_after_a_day(chat: Chat) -> None:
    made = await make_conversation(chat)
    await put(chat, made.conversation_id, "only this one")
    await index(chat)
    assert await count(chat, "unindexed_messages") == 1
    # Ids carry the real time, so a day from now is what has to pass.
    chat.clock.set(chat.clock.now().replace(year=2100))
    await index(chat)
    assert await count(chat, "unindexed_messages") == 0
    assert await shown(chat, "only") == ["only this one"]
