"""A deleted conversation is gone in every house, whatever dies or is away meanwhile, and nothing of it comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack

HOUSES: Final = ("chat", "governor", "memory", "cognitive")
# Lets out what people are told for a day when they repeat a request.
TABLES: Final = """
select relname from pg_class
where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
  and relname <> 'idempotency'
"""
# A lease of sagas is 10 s; whoever takes over looks every 2 s.
SURELY_SECONDS: Final = 90


class Memorable:
    """A conversation with words that stand nowhere else: said, answered, and as a title."""

    def __init__(self, ada: Person) -> None:
        self.said = f"quokka{uuid4().hex[:10]}"
        self.answered = f"wombat{uuid4().hex[:10]}"
        self.titled = f"numbat{uuid4().hex[:10]}"
        self.told = Told()
        self.saga_id = str(uuid4())
        self._ada = ada
        self._conversations: Any = ada.stub("chat", ConversationServiceStub)

    @property
    def id(self) -> str:
        return self.told.started.conversation_id

    async def hold(self, model: ScriptedUpstream) -> None:
        """Has it."""
        await asyncio.to_thread(model.enqueue, Script(text=f"I know {self.answered} well."))
        self.told = await self._ada.say(f"My dog is called {self.said}.")
        assert self.answered in self.told.text
        renamed = conversation_pb.Conversation(conversation_id=self.id, title=self.titled)
        with self._ada.acting():
            await self._conversations.UpdateConversation(
                conversation_pb.UpdateConversationRequest(
                    conversation=renamed, update_mask=FieldMask(paths=["title"]), request_id=str(uuid4())
                )
            )

    async def delete(self) -> conversation_pb.DeleteConversationResponse:
        request = conversation_pb.DeleteConversationRequest(conversation_id=self.id, request_id=self.saga_id)
        with self._ada.acting():
            response: conversation_pb.DeleteConversationResponse = await self._conversations.DeleteConversation(request)
            return response

    async def delete_surely(self) -> None:
        """As a client that repeats its request while nobody answers."""

        async def ask() -> bool:
            try:
                await self.delete()
            except SomaError as error:
                if error.reason is not Reason.DEPENDENCY_DOWN:
                    raise
                return False
            return True

        assert await eventually(ask, within_seconds=60)

    async def is_learned(self) -> bool:
        """Whether memory tells of it."""
        with self._ada.acting():
            found = await self._ada.memory.RecallMemories(memory_pb.RecallMemoriesRequest(query=self.said))
        return any(self.said in hit.memory.text for hit in found.hits)

    async def traces(self, stack: ChatStack) -> set[str]:
        """The tables in which any of its words stands, as text or as bytes."""
        found: set[str] = set()
        for house in HOUSES:
            async with as_owner(stack, house) as connection:
                for table in [row[0] for row in await connection.fetch(TABLES)]:
                    words = (self.said, self.answered, self.titled)
                    patterns = [f"%{form}%" for word in words for form in (word, word.encode().hex())]
                    query = f'select exists (select from "{table}" t where t::text like any($1::text[]))'
                    if await connection.fetchval(query, patterns):
                        found.add(f"{house}.{table}")
        return found

    async def leaves_no_trace(self, stack: ChatStack) -> bool:
        return await self.traces(stack) == set()

    async def is_over(self, stack: ChatStack) -> bool:
        """Whether its saga came to its good end."""
        return await self._saga_says(stack, "status = 'COMPLETED'")

    async def is_at(self, stack: ChatStack, step: str) -> bool:
        """Whether its saga is at this step."""
        return await self._saga_says(stack, f"step = '{step}'")

    async def has_failed_at(self, stack: ChatStack, step: str) -> bool:
        """Whether its saga is at this step, which was tried in vain."""
        return await self._saga_says(stack, f"step = '{step}' and attempts > 0")

    async def _saga_says(self, stack: ChatStack, what: str) -> bool:
        async with as_owner(stack, "chat") as connection:
            return bool(await connection.fetchval(f"select {what} from sagas where saga_id = $1", self.saga_id))


@asynccontextmanager
async def as_owner(stack: ChatStack, house: str) -> AsyncIterator[asyncpg.Connection]:
    """The tables of a house, in a transaction that sees everything."""
    connection = await asyncpg.connect(stack.databases[house].owner_dsn)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


@pytest.fixture
async def talk(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> Memorable:
    """A conversation from which something was learned."""
    memorable = Memorable(ada)
    await memorable.hold(model)
    assert await eventually(memorable.is_learned, within_seconds=60)
    return memorable


async def test_nothing_that_was_said_is_left_in_any_house(stack: ChatStack, ada: Person, talk: Memorable) -> None:
    before = await talk.traces(stack)
    assert {"chat.conversations", "chat.messages", "chat.journal", "memory.memories"} <= before
    await talk.delete()
    assert await eventually(lambda: talk.is_over(stack), within_seconds=60)
    assert await talk.traces(stack) == set()
    assert not await talk.is_learned()
    # The receipt stays, with its numbers; the turn it speaks of is gone.
    receipt = await ada.receipt(talk.told.started.receipt_id)
    assert receipt.usage.output_tokens > 0
    with pytest.raises(SomaError) as gone:
        await ada.turn(talk.told.turn_id)
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_it_is_gone_at_once_while_memory_is_away_and_its_memories_follow(
    stack: ChatStack, ada: Person, talk: Memorable
) -> None:
    await asyncio.to_thread(stack.kill, "memory")
    try:
        await talk.delete()
        for ask in (lambda: ada.turn(talk.told.turn_id), lambda: ada.resume(talk.told.turn_id)):
            with pytest.raises(SomaError) as gone:
                await ask()
            assert gone.value.reason is Reason.RESOURCE_NOT_FOUND
        with pytest.raises(SomaError) as closed:
            await ada.say("Are you still there?", conversation_id=talk.id)
        assert closed.value.reason is Reason.CONVERSATION_CLOSED
        assert await eventually(lambda: talk.has_failed_at(stack, "forget_memories"), within_seconds=SURELY_SECONDS)
        assert not await talk.is_over(stack)
    finally:
        await asyncio.to_thread(stack.start, "memory")
    assert await eventually(lambda: talk.is_over(stack), within_seconds=SURELY_SECONDS)
    assert await talk.traces(stack) == set()


async def test_what_was_still_to_be_learned_does_not_come_back(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    late = Memorable(ada)
    await asyncio.to_thread(stack.kill, "memory")
    try:
        await late.hold(model)
        assert "chat.intents" in await late.traces(stack)
        await late.delete()
    finally:
        await asyncio.to_thread(stack.start, "memory")
    assert await eventually(lambda: late.is_over(stack), within_seconds=SURELY_SECONDS)
    assert await eventually(lambda: late.leaves_no_trace(stack), within_seconds=60)
    assert not await late.is_learned()


async def test_what_turns_keep_for_tools_and_of_ratings_goes_too(
    stack: ChatStack, ada: Person, model: ScriptedUpstream, talk: Memorable
) -> None:
    calls = (
        ToolCall("weather", json.dumps({"city": talk.said}), id="c1"),
        ToolCall("memory_remember", json.dumps({"memory": f"My dog is called {talk.said}."}), id="c2", unoffered=True),
    )
    await asyncio.to_thread(model.enqueue, Script(text="A moment.", tool_calls=calls, calls_once=False))
    weather = message_pb.ClientTool(name="weather", description=f"The weather where {talk.answered} lives.")
    told = await ada.say("How is it there?", conversation_id=talk.id, tools=[weather])
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    why = turn_pb.RateTurnRequest(
        turn_id=told.turn_id, rating=message_pb.RATING_BAD, text=f"Where is {talk.titled}?", request_id=str(uuid4())
    )
    with ada.acting():
        await ada.turns.RateTurn(why)
    # The turn that goes on with the result will offer the same tools, however late that comes.
    assert {"chat.turns", "chat.tool_calls", "chat.messages", "chat.prompt_bases"} <= await talk.traces(stack)
    await talk.delete()
    assert await eventually(lambda: talk.is_over(stack), within_seconds=60)
    assert await eventually(lambda: talk.leaves_no_trace(stack), within_seconds=60)


Hold = Callable[[ChatStack], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def nothing_held(_: ChatStack) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def memories_held(stack: ChatStack) -> AsyncIterator[None]:
    """Forgetting has begun and cannot go on."""
    async with as_owner(stack, "memory") as connection:
        await connection.execute("select from memories for update")
        yield


@asynccontextmanager
async def messages_held(stack: ChatStack) -> AsyncIterator[None]:
    """Erasing has begun and cannot go on."""
    async with as_owner(stack, "chat") as connection:
        await connection.execute("select from messages for update")
        yield


@pytest.mark.parametrize(
    ("held", "step"),
    [
        (nothing_held, ""),
        (memories_held, "forget_memories"),
        (messages_held, "erase_messages"),
    ],
    ids=["hidden", "forgetting", "erasing"],
)
async def test_a_chat_that_is_killed_goes_on_where_it_was(
    stack: ChatStack, talk: Memorable, held: Hold, step: str
) -> None:
    async with held(stack):
        await talk.delete()
        assert not step or await eventually(lambda: talk.is_at(stack, step), within_seconds=60)
        await asyncio.to_thread(stack.kill, "chat")
    await asyncio.to_thread(stack.start, "chat")
    # The same request again is the same deletion.
    await talk.delete_surely()
    assert await eventually(lambda: talk.is_over(stack), within_seconds=SURELY_SECONDS)
    assert await talk.traces(stack) == set()
    assert not await talk.is_learned()


async def test_a_conversation_whose_turn_runs_is_not_deleted(
    stack: ChatStack, ada: Person, talk: Memorable, model: ScriptedUpstream
) -> None:
    await asyncio.to_thread(model.enqueue, Script(chunks=400, gap_seconds=0.05))
    told = Told()
    async for event in ada.stream(said("tell me a lot", conversation_id=talk.id)):
        told.take(event)
        if event.HasField("started"):
            with pytest.raises(SomaError) as busy:
                await talk.delete()
            assert busy.value.reason is Reason.CONVERSATION_BUSY
            talk.saga_id = str(uuid4())
            await ada.cancel(event.turn_id)
    assert told.last.HasField("cancelled")
    await talk.delete()
    assert await eventually(lambda: talk.is_over(stack), within_seconds=60)
    assert await talk.traces(stack) == set()
