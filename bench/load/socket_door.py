"""Turns over a WebSocket, in JSON frames."""

from itertools import count

import aiohttp
import orjson

from bench.load.talk import Seen, TurnError

_FAILED = frozenset(("chat.failed", "chat.cancelled", "error"))


class SocketTalker:
    """A WebSocket that is opened by its first question."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._numbers = count(1)

    async def ask(self, question: str, seen: Seen) -> None:
        """One turn."""
        socket = await self.open()
        frame = {"type": "chat.send", "id": str(next(self._numbers)), "payload": {"content": question}}
        await socket.send_str(orjson.dumps(frame).decode())
        while True:
            message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                self._socket = None
                raise TurnError(f"the socket closed with {socket.close_code}")
            told = orjson.loads(message.data)
            kind = told["type"]
            if kind == "chat.delta":
                seen.text(told["payload"]["delta"])
            elif kind == "chat.done":
                return
            elif kind in _FAILED:
                raise TurnError(str(told["payload"])[:300])

    async def open(self) -> aiohttp.ClientWebSocketResponse:
        """The open socket."""
        if self._socket is None:
            protocols = ("soma.edge.v1.json", f"soma-auth.{self._token}")
            self._socket = await self._session.ws_connect(self._url, protocols=protocols, max_msg_size=0, autoping=True)
        return self._socket

    async def greet(self) -> None:
        """Open and be greeted. Raises TurnError."""
        socket = await self.open()
        greeting = await socket.receive()
        if greeting.type is not aiohttp.WSMsgType.TEXT or orjson.loads(greeting.data)["type"] != "connected":
            raise TurnError(f"no greeting but {greeting.data!r}")

    async def listen(self) -> None:
        """Answer pings until the socket closes."""
        if self._socket is not None:
            await self._socket.receive()

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()
