"""Answers that come piece by piece: sent while the client is there, quiet moments bridged, ended when it goes.

Nothing here knows turns, REST or OpenAI.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.exchange import Exchange
from edge.sse import KEEP_ALIVE
from soma_common.kernel.errors import SomaError

_QUIET_SECONDS: Final = 15.0

Result = TypeVar("Result")
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LiveForm:
    """How a live answer looks: its type, whether quiet moments are bridged, its errors before and after the start."""

    media_type: str
    keeps_alive: bool
    refuse: Callable[[SomaError], Response]
    break_off: Callable[[SomaError], bytes]


class LiveResponse(Response):
    """Pieces as they come: headers first, then bytes; a SomaError before that is an ordinary answer.

    Without any piece it is 204, which also ends the reconnecting of an EventSource.
    """

    def __init__(self, pieces: AsyncGenerator[Headers | bytes, None], form: LiveForm, exchange: Exchange) -> None:
        super().__init__()
        self._pieces = pieces
        self._form = form
        self._exchange = exchange
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends all of it, or stops where the client goes away."""
        await until_gone(receive, self._run(scope, receive, send))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._exchange.acting():
            async with aclosing(self._pieces) as pieces:
                try:
                    first = await anext(pieces, None)
                except SomaError as error:
                    await self._form.refuse(error)(scope, receive, send)
                    return
                if first is None:
                    await Response(status_code=204)(scope, receive, send)
                    return
                await self._start(send, first if isinstance(first, Mapping) else {})
                bridge = asyncio.create_task(self._keep_alive(send)) if self._form.keeps_alive else None
                try:
                    await self._pump(pieces, send)
                finally:
                    if bridge is not None:
                        bridge.cancel()

    async def _start(self, send: Send, headers: Headers) -> None:
        sent = {
            "content-type": self._form.media_type,
            "cache-control": "no-store",
            "x-accel-buffering": "no",
            **headers,
        }
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _pump(self, pieces: AsyncGenerator[Headers | bytes, None], send: Send) -> None:
        try:
            async for piece in pieces:
                self._sent_at = time.monotonic()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except SomaError as error:
            await send({"type": "http.response.body", "body": self._form.break_off(error), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await asyncio.sleep(_QUIET_SECONDS)
            if time.monotonic() - self._sent_at >= _QUIET_SECONDS:
                await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})


async def until_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of the work, or None when the client went away first; the work is cancelled then and has ended."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        await _end(task)
        await _end(gone)


async def _end(task: "asyncio.Future[Any]") -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError, SomaError):
            await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
