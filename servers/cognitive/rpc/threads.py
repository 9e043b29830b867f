"""Servicer of threads: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.decoding.threads import drafts_of, expected_of, most_of, which_of
from servers.cognitive.domain.threads import Thread, choose, clear, rewind, take
from servers.cognitive.encoding.threads import listed_message, moved_message, option_message, thread_message
from servers.cognitive.rpc.whose import agent_of, own_tenant, tenant
from servers.cognitive.thoughts.store import Kept
from servers.cognitive.thoughts.thinking import Thinking
from servers.cognitive.thoughts.threads import Change, Order, Threads
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call
from soma_common.rpc.interceptors.auth import permit
from soma_common.security.methods import METHODS

GIVEN: Final = "given"
_TAKING: Final = "/soma.cognitive.v1.ThreadService/TakeNextOption"


class ThreadServicer(thread_grpc.ThreadServiceServicer):
    """`soma.cognitive.v1.ThreadService`."""

    def __init__(self, threads: Threads, thinking: Thinking) -> None:
        self._threads = threads
        self._thinking = thinking

    async def CreateThread(  # noqa: N802 - the contract's name
        self, request: thread_pb.CreateThreadRequest, _: Any
    ) -> thread_pb.CreateThreadResponse:
        """A thread of given options, or of some that are thought of."""
        own_tenant(request.tenant_id)
        agent_id, goal = agent_of(request.agent_id), request.goal.strip()
        drafts, method = drafts_of(request), GIVEN
        if not drafts:
            if not goal:
                raise invalid_field("goal", "say what the thread is for, or give options")
            key = UUID(request.request_id)
            thought = await self._thinking.think(goal, most_of(request), request.use_model, key)
            drafts, method = thought.drafts, thought.method
        return await self._threads.make(current_call().caller, Order(agent_id, goal, drafts, method), _made)

    async def GetThread(  # noqa: N802 - the contract's name
        self, request: thread_pb.GetThreadRequest, _: Any
    ) -> thread_pb.GetThreadResponse:
        """A thread with its options."""
        kept = await self._threads.read(tenant(), which_of(request))
        return thread_pb.GetThreadResponse(thread=thread_message(kept))

    async def ListThreads(  # noqa: N802 - the contract's name
        self, request: thread_pb.ListThreadsRequest, _: Any
    ) -> thread_pb.ListThreadsResponse:
        """The threads of an agent, newest first."""
        agent_id = agent_of(request.agent_id)
        filter_words = {"agent_id": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filter_words)
        listed, more = await self._threads.list(tenant(), agent_id, _place(page.after), page.size)
        answer = thread_pb.ListThreadsResponse(threads=map(listed_message, listed))
        if more:
            answer.next_page_token = next_page_token((str(listed[-1].heading.thread_id),), filter_words)
        return answer

    async def GetNextOption(  # noqa: N802 - the contract's name
        self, request: thread_pb.GetNextOptionRequest, _: Any
    ) -> thread_pb.GetNextOptionResponse:
        """Looks at the next option; takes it where a version is expected and the caller may take."""
        own_tenant(request.tenant_id)
        expected = expected_of(request)
        if expected is None:
            kept = await self._threads.read(tenant(), which_of(request))
            return _looked(Change(kept.thread, kept.thread, kept.current))
        permit(METHODS[_TAKING], current_call().caller, _TAKING)
        return await self._threads.change(tenant(), which_of(request), expected, take, _looked)

    async def TakeNextOption(  # noqa: N802 - the contract's name
        self, request: thread_pb.TakeNextOptionRequest, _: Any
    ) -> thread_pb.TakeNextOptionResponse:
        """Takes the next option."""
        own_tenant(request.tenant_id)
        return await self._threads.change(tenant(), which_of(request), expected_of(request), take, _taken)

    async def ChooseOption(  # noqa: N802 - the contract's name
        self, request: thread_pb.ChooseOptionRequest, _: Any
    ) -> thread_pb.ChooseOptionResponse:
        """Takes a certain option."""

        def chosen(thread: Thread, now: datetime) -> Thread:
            return choose(thread, UUID(request.option_id), now)

        return await self._threads.change(tenant(), which_of(request), expected_of(request), chosen, _chosen)

    async def ResetThread(  # noqa: N802 - the contract's name
        self, request: thread_pb.ResetThreadRequest, _: Any
    ) -> thread_pb.ResetThreadResponse:
        """Goes back to the first option, or empties the thread."""
        own_tenant(request.tenant_id)
        move = clear if request.mode == thread_pb.THREAD_RESET_MODE_CLEAR else rewind
        return await self._threads.change(tenant(), which_of(request), expected_of(request), move, _reset)


def _made(kept: Kept) -> thread_pb.CreateThreadResponse:
    return thread_pb.CreateThreadResponse(thread=thread_message(kept))


def _looked(change: Change) -> thread_pb.GetNextOptionResponse:
    return thread_pb.GetNextOptionResponse(**_next(change))


def _taken(change: Change) -> thread_pb.TakeNextOptionResponse:
    return thread_pb.TakeNextOptionResponse(**_next(change))


def _next(change: Change) -> dict[str, Any]:
    after, option = change.after, change.taken
    return {
        "option": None if option is None else option_message(option),
        "exhausted": after.exhausted,
        "version": after.version,
        "cursor": after.cursor,
        "thread_id": str(after.heading.thread_id),
    }


def _chosen(change: Change) -> thread_pb.ChooseOptionResponse:
    return thread_pb.ChooseOptionResponse(thread=moved_message(change))


def _reset(change: Change) -> thread_pb.ResetThreadResponse:
    return thread_pb.ResetThreadResponse(thread=moved_message(change))


def _place(after: tuple[str | int, ...] | None) -> UUID | None:
    if after is None:
        return None
    try:
        [thread_id] = after
        return UUID(str(thread_id))
    except ValueError:
        raise unreadable_token() from None
