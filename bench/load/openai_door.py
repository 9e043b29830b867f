"""Turns over the OpenAI form: POST, then server-sent events on a connection that is kept.

Reads HTTP by hand, since a client library costs more for a chunk than what is measured may.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, cast
from urllib.parse import urlsplit

import orjson

from bench.load.talk import Seen, TurnError

_SILENCE_SECONDS: Final = 60.0
_DONE: Final = b"[DONE]"


class OpenAiTalker:
    """A connection that is opened by its first question and kept."""

    def __init__(self, url: str, token: str, model: str, history: Sequence[dict[str, str]] = ()) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._model = model
        self._history = tuple(history)
        self._head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: "
        ).encode()
        self._connection: _Connection | None = None

    async def ask(self, question: str, seen: Seen) -> None:
        """One turn."""
        if self._connection is None or self._connection.lost:
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(_Connection, self._host, self._port)
        messages = [*self._history, {"role": "user", "content": question}]
        body = orjson.dumps({"model": self._model, "messages": messages, "stream": True})
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                await self._connection.exchange(b"%b%d\r\n\r\n%b" % (self._head, len(body), body), seen)
        except (TurnError, TimeoutError):
            self._connection.close()
            raise

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()


class _Connection(asyncio.Protocol):
    """One connection with at most one exchange under way."""

    def __init__(self) -> None:
        self.lost = False
        self._transport: asyncio.Transport | None = None
        self._reset(None, None)

    def _reset(self, seen: Seen | None, ended: "asyncio.Future[None] | None") -> None:
        self._seen = seen
        self._ended = ended
        self._raw = b""
        self._in_body = False
        self._status = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._finish(TurnError("the connection was lost"))

    def close(self) -> None:
        """Hang up."""
        self.lost = True
        if self._transport is not None:
            self._transport.close()

    async def exchange(self, request: bytes, seen: Seen) -> None:
        """Send a request and read its answer to the end."""
        assert self._transport is not None
        ended = asyncio.get_running_loop().create_future()
        self._reset(seen, ended)
        self._transport.write(request)
        await ended

    def data_received(self, data: bytes) -> None:
        self._raw += data
        if not self._in_body:
            head, found, rest = self._raw.partition(b"\r\n\r\n")
            if not found:
                return
            self._status, self._in_body, self._raw = head.split(b"\r\n", 1)[0], True, rest
            if b"chunked" not in head.lower():
                self._finish(TurnError(f"{self._status!r} {rest[:300]!r}"))
                return
        self._read_body()

    def _read_body(self) -> None:
        """Takes the whole HTTP chunks off the raw bytes, and the whole events off those."""
        raw, position = self._raw, 0
        body = [self._body]
        whole = False
        while (end := raw.find(b"\r\n", position)) >= 0:
            size = int(raw[position:end], 16)
            if len(raw) < end + 4 + size:
                break
            position = end + 4 + size
            body.append(raw[end + 2 : end + 2 + size])
            whole = size == 0
        self._raw = raw[position:]
        *events, self._body = b"".join(body).split(b"\n\n")
        for event in events:
            self._read_event(event)
        if whole:
            self._finish(None if b" 200 " in self._status else TurnError(f"{self._status!r} {self._body[:300]!r}"))

    def _read_event(self, event: bytes) -> None:
        if not event.startswith(b"data: ") or event[6:] == _DONE:
            return
        told = orjson.loads(event[6:])
        if told.get("error"):
            self._finish(TurnError(str(told["error"])[:300]))
            return
        if self._seen is not None and (choices := told["choices"]) and (text := choices[0]["delta"].get("content")):
            self._seen.text(text)

    def _finish(self, problem: TurnError | None) -> None:
        ended, self._ended = self._ended, None
        if ended is None or ended.done():
            return
        if problem is None:
            ended.set_result(None)
        else:
            ended.set_exception(problem)
