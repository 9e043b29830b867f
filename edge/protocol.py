"""What uvicorn's connections lack: limits of a request's head, refusals in JSON, an end for stuck sockets.

Nothing here knows the app.
"""

import asyncio
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import MAX_LINE_LENGTH, Request

from edge.problems import status_of, to_problem
from edge.web_safety import MAX_HEADER_BYTES, SAFETY_HEADERS
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

_HEAD_SECONDS: Final = 10.0
_MOST_HEAD_BYTES: Final = 2 * MAX_HEADER_BYTES
_ABORT_SECONDS: Final = 15.0
# A reader that does not empty a full buffer for so long is gone; its turns go on as they were told to.
_STALL_SECONDS: Final = 60.0
_MOST_FRAGMENTS: Final = 4096


def refusal(error: SomaError, status: int | None = None) -> bytes:
    """A whole answer, for a request that no app gets to see."""
    body = orjson.dumps(to_problem(error))
    head = {
        **SAFETY_HEADERS,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = [STATUS_LINE[status or status_of(error)]]
    lines += [f"{name}: {value}\r\n".encode() for name, value in head.items()]
    return b"".join([*lines, b"\r\n", body])


class BoundedHttp(HttpToolsProtocol):
    """An HTTP connection whose request heads must come soon and be small, and whose answers must be read."""

    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected; its first head is due."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._reading_head = True
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._head_timer.cancel()
        self._read_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._read_on()
        self._stall_timer = self.loop.call_later(_STALL_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client caught up."""
        self._read_on()
        super().resume_writing()

    def _read_on(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def data_received(self, data: bytes) -> None:
        """Bytes came; before the end of a head they are counted."""
        if self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES + len(data):
                self._refuse(
                    SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{MAX_HEADER_BYTES} bytes of headers"}), 431
                )
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._reading_head = True
        self._head_bytes = 0
        if self._head_timer.cancelled():
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._head_is_late)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._reading_head = False
        self._head_timer.cancel()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP."""
        self._refuse(SomaError(Reason.MALFORMED_MESSAGE, {"expected": "an HTTP request"}))

    def _head_is_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _refuse(self, error: SomaError, status: int | None = None) -> None:
        self.transport.write(refusal(error, status))
        self.transport.close()


class Inbox(asyncio.Queue[Any]):
    """What came for the one reader of a socket; the library's own weighs two kilobytes and a half, also when empty."""

    def __init__(self) -> None:
        self._came: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Adds what came."""
        self._came.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._came

    async def get(self) -> Any:
        """The oldest, as soon as there is one."""
        while not self._came:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._came.pop(0)


class EndingSocket(WebSocketsSansIOProtocol):
    """A WebSocket that does not outlive its app by more than a moment, and piles nothing up for a client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Inbox()

    def data_received(self, data: bytes) -> None:
        """Bytes came; a head that cannot be read is refused, since nobody else would answer or hang up."""
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            refused = self.conn.data_to_send()
            too_large = SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{MAX_LINE_LENGTH} bytes of one header"})
            unread = SomaError(Reason.MALFORMED_MESSAGE, {"expected": "the handshake of a WebSocket"})
            answer = refusal(too_large, 431) if any(refused) else refusal(unread)
            self.handshake_complete = True
            self.close_sent = True
            self.transport.write(answer)
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """The head of the handshake came; the app has its copy, so this one need not stay for the whole connection."""
        super().handle_connect(event)
        event.headers.clear()

    def handle_cont(self, event: Frame) -> None:
        """A fragment came; a message may have many, but not so many that they weigh more than what they carry."""
        super().handle_cont(event)
        if len(self.frames) > _MOST_FRAGMENTS:
            self.frames = []
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, f"more than {_MOST_FRAGMENTS} fragments")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        """The client asks whether anybody is there; one that does not read the answers gets no more of them."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        """The app is done with the connection."""
        super().on_task_complete(task)
        self.loop.call_later(_ABORT_SECONDS, self._abort)

    def keepalive_timeout(self) -> None:
        """The client answered no ping."""
        super().keepalive_timeout()
        self.loop.call_later(_ABORT_SECONDS, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            self.transport.abort()


def protocols() -> dict[str, Any]:
    """The settings of uvicorn that choose these."""
    return {"http": BoundedHttp, "ws": EndingSocket}
