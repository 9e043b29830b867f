"""Watching a conversation: how it stands, each change as it comes, an end when it is deleted or the process goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID, uuid4

import pytest

from servers.chat.conversations.watching import Watchers
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.signals import open_signals
from soma_common.testing.clock import SetClock
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, user
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
SECONDS = 10


class Watch:
    """One who watches."""

    def __init__(self, chat: Chat, conversation_id: str) -> None:
        request = conversation_pb.WatchConversationRequest(conversation_id=conversation_id)
        self._replies = aiter(chat.conversations.WatchConversation(request))

    async def next(self) -> conversation_pb.Conversation:
        async with asyncio.timeout(SECONDS):
            return (await anext(self._replies)).conversation

    async def ends(self) -> bool:
        async with asyncio.timeout(SECONDS):
            return await anext(self._replies, None) is None


async def rename(chat: Chat, conversation_id: str, title: str) -> None:
    wanted = conversation_pb.Conversation(conversation_id=conversation_id, title=title)
    request = conversation_pb.UpdateConversationRequest(conversation=wanted, request_id=str(uuid4()))
    request.update_mask.paths.append("title")
    await chat.conversations.UpdateConversation(request)


async def delete(chat: Chat, conversation_id: str) -> None:
    request = conversation_pb.DeleteConversationRequest(conversation_id=conversation_id, request_id=str(uuid4()))
    await chat.conversations.DeleteConversation(request)


async def test_a_watcher_sees_how_it_stands_then_each_change_and_the_end(chat: Chat) -> None:
    made = await make_conversation(chat, "first")
    watches = [Watch(chat, made.conversation_id) for _ in range(3)]
    for watch in watches:
        assert await watch.next() == made
    await rename(chat, made.conversation_id, "second")
    for watch in watches:
        assert (await watch.next()).title == "second"
    # Nobody says that this one happened: the look that comes by itself finds it.
    await put(chat, made.conversation_id, "hello")
    for watch in watches:
        assert (await watch.next()).message_count == 1
    await delete(chat, made.conversation_id)
    for watch in watches:
        assert await watch.ends()
    assert await eventually(lambda: len(chat.watchers) == 0)


async def test_nobody_watches_what_is_not_theirs(chat: Chat) -> None:
    made = await make_conversation(chat)
    for stranger in (user("eve"), user("ada", OTHER_TENANT)):
        with acting_as(stranger, "test"), pytest.raises(SomaError) as gone:
            await Watch(chat, made.conversation_id).next()
        assert gone.value.reason is Reason.RESOURCE_NOT_FOUND
    assert await eventually(lambda: len(chat.watchers) == 0)


async def test_a_drain_sends_every_watcher_elsewhere(chat: Chat) -> None:
    made = await make_conversation(chat)
    watch = Watch(chat, made.conversation_id)
    await watch.next()
    chat.watchers.drain()
    for late in (watch, Watch(chat, made.conversation_id)):
        with pytest.raises(SomaError) as away:
            await late.next()
        assert away.value.reason is Reason.SHUTTING_DOWN


@pytest.fixture
async def another_process(
    chat: Chat,
) -> AsyncIterator[Watchers]:
    """The watchers of another process on the same tables."""
    signals = open_signals(None, chat.urls)
    # Its clock stands still, so no look comes by itself.
    watchers = Watchers(chat.database, signals, SetClock(), Ids())
    running = asyncio.create_task(watchers.run())
    yield watchers
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await signals.close()


async def test_a_change_in_another_process_is_signalled_only_where_somebody_watches(
    chat: Chat, another_process: Watchers
) -> None:
    watchers = another_process
    made = await make_conversation(chat, "first")
    async with aclosing(watchers.watch(user("ada"), _id(made))) as states:
        assert (await anext(states)).title == "first"
        assert await eventually(lambda: _id(made) in chat.watchers.elsewhere)
        assert _id(made) not in watchers.elsewhere
        await rename(chat, made.conversation_id, "second")
        async with asyncio.timeout(SECONDS):
            assert (await anext(states)).title == "second"
    assert len(watchers) == 0


def _id(made: conversation_pb.Conversation) -> UUID:
    return UUID(made.conversation_id)
