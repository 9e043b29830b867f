"""What a socket does beside following turns: stops, submissions, whole answers, titles, asking for identities again.

Nothing here decides: what comes of an errand goes back to the session.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from opentelemetry.trace import SpanKind

from edge.actions import Action, AwaitTitle, Cancel, Complete, Submit, Tell
from edge.identity import Identity
from edge.session import Session
from edge.socket_tools import SocketTools, submission_request
from soma.chat.v1 import turn_service_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as
from soma_common.tracing import TraceContext, tracer

_LOG: Final = get_logger("soma.edge.socket")
Errand = Cancel | Submit | Complete | AwaitTitle


class Errands:
    """The errands of one connection, each a task of its own."""

    __slots__ = ("_act", "_identity", "_session", "_tools", "running")

    def __init__(
        self, session: Session, identity: Identity, tools: SocketTools, act: Callable[[Iterable[Action]], None]
    ) -> None:
        self._session = session
        self._identity = identity
        self._tools = tools
        self._act = act
        # Few as a rule and none for most sockets; an empty set is four times the size.
        self.running: list[asyncio.Task[None]] = []

    def run(self, errand: Errand) -> None:
        """Sets out."""
        if isinstance(errand, Cancel):
            self._start(self._request(errand.frame_id, errand.turn_id, "chat.cancel", self._cancel(errand)))
        elif isinstance(errand, Submit):
            frame = errand.frame
            self._start(self._request(frame.frame_id, frame.turn_id, "submission", self._submit(errand)))
        elif isinstance(errand, Complete):
            news = errand.news
            self._start(self._answering(news.frame_id, news.turn_id, "chat.done", self._complete(errand)))
        else:
            self._start(self._await_title(errand))

    def recheck(self) -> None:
        """Asks whether the identity still holds; its end ends the socket."""
        self._start(self._recheck())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.running.append(task)
        task.add_done_callback(self.running.remove)

    async def _recheck(self) -> None:
        problem = await self._tools.identities.still_valid(self._identity)
        if problem is not None:
            self._act(self._session.expire(problem))

    async def _request(self, frame_id: str, turn_id: str, name: str, work: Coroutine[Any, Any, None]) -> None:
        """A call that a frame asked for: the session counts them."""
        try:
            await self._answering(frame_id, turn_id, name, work)
        finally:
            self._session.released()

    async def _answering(self, frame_id: str, turn_id: str, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Work for a frame, under its own trace; what goes wrong is answered to the frame."""
        correlation_id = str(self._tools.ids.uuid7())
        with (
            tracer.span(f"WS {name}", SpanKind.SERVER, TraceContext.new()),
            acting_as(self._identity.caller, correlation_id),
        ):
            try:
                await work
            except SomaError as error:
                self._act(self._session.refused(frame_id, error, turn_id))
            except Exception as error:  # noqa: BLE001 - the outermost net of this task: no text may get through
                error_id = str(self._tools.ids.uuid7())
                _LOG.error("unexpected error on an errand", error_id=error_id, exc_info=error)
                self._act(self._session.refused(frame_id, SomaError(Reason.INTERNAL, {"error_id": error_id}), turn_id))

    async def _cancel(self, action: Cancel) -> None:
        await self._tools.turns.cancel(action.turn_id, str(self._tools.ids.uuid7()))

    async def _submit(self, action: Submit) -> None:
        answer = await self._tools.turns.submit(submission_request(action.frame, str(self._tools.ids.uuid7())))
        continuing = ""
        if isinstance(answer, turn_service_pb2.SubmitToolResultResponse):
            continuing = answer.continuing_turn_id
        self._act(self._session.kept(action.frame.frame_id, answer, continuing))

    async def _complete(self, action: Complete) -> None:
        """Looks up the whole answer of a turn whose beginning did not come by here."""
        action.news.content = (await self._tools.turns.get(action.news.turn_id)).text
        self._act([Tell(action.news)])

    async def _await_title(self, action: AwaitTitle) -> None:
        title = ""
        try:
            with acting_as(self._identity.caller, str(self._tools.ids.uuid7())):
                title = await self._tools.titles.wait_for(action.conversation_id)
        finally:
            self._act(self._session.titled(action.conversation_id, title))
