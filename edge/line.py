"""The way out of one connection: frames written in order, and a reader that takes nothing for too long noticed.

Nothing here decides what is sent.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.actions import Hang
from edge.codecs.form import Codec
from edge.frames import ServerFrame

STALL_SECONDS: Final = 20.0
_CLOSE_SECONDS: Final = 10.0


class StalledError(Exception):
    """The client takes nothing."""


class GoneError(Exception):
    """The client is gone."""


class Line:
    """Writes to one connection, one frame at a time. One timer for all: it costs less than a timeout each."""

    __slots__ = ("_codec", "_loop", "_since", "_stalled", "_watch", "_websocket", "_writer")

    def __init__(self, websocket: WebSocket, codec: Codec) -> None:
        self._websocket = websocket
        self._codec = codec
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[Any] | None = None
        self._since = 0.0
        self._stalled = False

    async def write(self, frame: ServerFrame) -> None:
        """Writes a frame, if the form has words for it. Raises StalledError, GoneError."""
        written = self._codec.write(frame)
        self._since = self._loop.time()
        self._writer = asyncio.current_task()
        if self._watch is None:
            self._watch = self._loop.call_later(STALL_SECONDS, self._look)
        try:
            if isinstance(written, str):
                await self._websocket.send_text(written)
            elif written is not None:
                await self._websocket.send_bytes(written)
        except asyncio.CancelledError:
            stalled, self._stalled = self._stalled, False
            if not stalled or self._writer is None or self._writer.uncancel():
                raise
            raise StalledError from None
        except (WebSocketDisconnect, RuntimeError):
            raise GoneError from None
        finally:
            self._writer = None

    async def close(self, hang: Hang) -> None:
        """Says good-bye, as far as the client still listens."""
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._websocket.close(hang.code, hang.reason)

    def end(self) -> None:
        """Nothing is written any more."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _look(self) -> None:
        """Looks at the frame that is being written; without one there is nothing to watch until the next."""
        self._watch = None
        if self._writer is None:
            return
        left = self._since + STALL_SECONDS - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self._stalled = True
            self._writer.cancel()
