"""One WebSocket: frames in, frames out, and the tasks that follow its turns. The session decides, this acts.

Nothing here knows the form of a frame or the rules of a conversation.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from contextlib import aclosing, suppress
from typing import Any, Final

from opentelemetry.trace import SpanKind
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.actions import Action, Begin, Hang, Leave, Rejoin, Tell
from edge.bridge import Turns
from edge.codecs.form import Codec
from edge.errands import Errands
from edge.frames import Again, Edit, Follow, Opening, ServerFrame, Welcome
from edge.identity import Identity
from edge.line import GoneError, Line, StalledError
from edge.outbox import Outbox, OutboxLimits
from edge.session import Session
from edge.socket_tools import SocketTools, follow_request, opening_request
from edge.telemetry import EdgeMetrics
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as
from soma_common.tracing import TraceContext, tracer

_LOG: Final = get_logger("soma.edge.socket")


class Socket:
    """Runs one accepted connection to its end."""

    # There are thousands of them, most of them idle.
    __slots__ = (
        "_codec",
        "_errands",
        "_identity",
        "_line",
        "_outbox",
        "_reading",
        "_sender",
        "_session",
        "_streams",
        "_tools",
        "_waiter",
        "_websocket",
    )

    def __init__(
        self, websocket: WebSocket, codec: Codec, session: Session, identity: Identity, tools: SocketTools
    ) -> None:
        self._websocket = websocket
        self._codec = codec
        self._session = session
        self._identity = identity
        self._tools = tools
        self._line = Line(websocket, codec)
        self._outbox = Outbox(codec.merge, OutboxLimits(merge_from=codec.merge_from))
        self._waiter: asyncio.Future[None] | None = None
        self._reading: asyncio.Timeout | None = None
        self._sender: asyncio.Task[None] | None = None
        self._streams: dict[int, asyncio.Task[None]] = {}
        self._errands = Errands(session, identity, tools, self._act)

    def greet(self, welcome: Welcome) -> None:
        """The first that the client hears; it is not kept, since it names every agent."""
        self._act(self._session.greet(welcome))

    async def run(self) -> None:
        """From the welcome to the close; the turns it followed go on without it.

        A socket on which nothing happens costs no task beside the one that reads it.
        """
        try:
            async with asyncio.timeout(None) as self._reading:
                await self._read()
        except TimeoutError:
            pass
        except Exception as error:  # noqa: BLE001 - the outermost net of this connection
            _LOG.error("unexpected error on a socket", exc_info=error)
        finally:
            self._reading = None
            self._act(self._session.close())
            await self._end_tasks()
            self._line.end()

    async def _end_tasks(self) -> None:
        tasks = [*self._streams.values(), *self._errands.running, *([self._sender] if self._sender else [])]
        for task in tasks:
            task.cancel()
        for problem in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(problem, Exception):
                _LOG.error("unexpected error on a socket", exc_info=problem)

    def recheck(self) -> None:
        """Asks whether the identity still holds; its end ends the socket."""
        self._errands.recheck()

    def leave(self) -> None:
        """The server is going down."""
        self._act(self._session.leave())

    def supersede(self) -> None:
        """The client came back by another connection."""
        self._act(self._session.supersede())

    async def _read(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                text, data = message.get("text"), message.get("bytes")
                frame = self._codec.read(text if text is not None else data or b"")
                self._act(self._session.receive(frame, self._tools.clock.monotonic()))

    async def _send(self) -> None:
        """Sends what waits; the connection ends with it unless it was just idle."""
        idle = False
        try:
            idle = await self._empty_outbox()
        finally:
            if idle:
                self._sender = None
            else:
                self._stop_reading()

    async def _empty_outbox(self) -> bool:
        """Sends in order, and waits as long as turns are followed; False when nothing can or shall be sent any more."""
        while True:
            frame = self._outbox.take()
            if frame is None:
                if not self._streams:
                    return True
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
            elif isinstance(frame, Hang):
                await self._line.close(frame)
                return False
            elif not await self._write(frame):
                return False

    async def _write(self, frame: ServerFrame) -> bool:
        """Sends one frame; False when the client is gone. A reader that stalls is told to come back later."""
        try:
            await self._line.write(frame)
        except StalledError:
            self._outbox.clear()
            self._act(self._session.lag())
        except GoneError:
            return False
        return True

    def _stop_reading(self) -> None:
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(0.0)

    def _act(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Tell):
                self._put(action.frame)
            elif isinstance(action, Begin):
                self._follow(action.stream, self._begin(action.stream, action.say))
            elif isinstance(action, Rejoin):
                self._follow(action.stream, self._rejoin(action.stream, action.follow))
            elif isinstance(action, Leave):
                self._leave(action.stream)
            elif isinstance(action, Hang):
                self._put(action)
            else:
                self._errands.run(action)

    def _put(self, frame: Any) -> None:
        if not self._outbox.put(frame):
            self._outbox.clear()
            self._act(self._session.lag())
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        self._wake()

    def _follow(self, stream: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._streams[stream] = task
        task.add_done_callback(lambda _done: self._forget(stream))

    def _forget(self, stream: int) -> None:
        self._streams.pop(stream, None)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _leave(self, stream: int) -> None:
        task = self._streams.get(stream)
        if task is not None:
            task.cancel()

    async def _begin(self, stream: int, opening: Opening) -> None:
        request_id = opening.wishes.request_id or str(self._tools.ids.uuid7())
        name = (
            "chat.edit"
            if isinstance(opening, Edit)
            else "chat.regenerate"
            if isinstance(opening, Again)
            else "chat.send"
        )
        await self._turn(stream, name, request_id, opening_request(opening, request_id))

    async def _rejoin(self, stream: int, follow: Follow) -> None:
        await self._turn(stream, "chat.resume", str(self._tools.ids.uuid7()), follow_request(follow))

    async def _turn(self, stream: int, name: str, correlation_id: str, request: Any) -> None:
        """Follows one turn under its own trace and says in one line how that ended."""
        started, outcome = time.perf_counter(), "ended"
        with (
            tracer.span(f"WS {name}", SpanKind.SERVER, TraceContext.new()),
            acting_as(self._identity.caller, correlation_id),
        ):
            try:
                outcome = await self._news(stream, self._tools.turns, request)
                self._act(self._session.ended(stream))
            except SomaError as error:
                outcome = error.reason.value
                self._act(self._session.failed(stream, error))
            except asyncio.CancelledError:
                outcome = "left"
                raise
            except Exception as error:  # noqa: BLE001 - the outermost net of this task: no text may get through
                error_id, outcome = str(self._tools.ids.uuid7()), Reason.INTERNAL.value
                _LOG.error("unexpected error while following a turn", error_id=error_id, exc_info=error)
                self._act(self._session.failed(stream, SomaError(Reason.INTERNAL, {"error_id": error_id})))
            finally:
                milliseconds = round((time.perf_counter() - started) * 1000, 2)
                self._metrics.turns.labels("socket", outcome).inc()
                _LOG.info("turn followed", frame=name, outcome=outcome, duration_ms=milliseconds)

    @property
    def _metrics(self) -> EdgeMetrics:
        return self._tools.metrics

    async def _news(self, stream: int, turns: Turns, request: Any) -> str:
        outcome = "ended"
        async with aclosing(turns.follow(request)) as events:
            async for event in events:
                news = self._codec.news(event)
                outcome = news.kind.value
                self._act(self._session.event(stream, news))
        return outcome
