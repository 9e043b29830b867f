"""The WebSocket door as a plain client uses it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from soma_common.testing.mesh import Mesh

SUBPROTOCOL = "soma.edge.v1.json"
ENDS = frozenset(("chat.done", "chat.failed", "chat.cancelled"))


@dataclass(slots=True)
class SocketDoor:
    """One connection; every frame that came is kept."""

    connection: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)
    _count: int = 0

    async def send(self, kind: str, **payload: Any) -> str:
        """Send one frame; gives its id."""
        self._count += 1
        frame_id = f"frame-{self._count}"
        await self.connection.send(json.dumps({"type": kind, "id": frame_id, "payload": payload}))
        return frame_id

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        raw = await self.connection.recv()
        frame: dict[str, Any] = json.loads(raw)
        self.frames.append(frame)
        return frame

    async def until(self, *kinds: str) -> dict[str, Any]:
        """The payload-bearing frame of one of these types, whatever comes before it."""
        while True:
            frame = await self.receive()
            if frame["type"] in kinds:
                return frame

    async def turn(self, content: str, **payload: Any) -> "SocketTurn":
        """A whole turn."""
        await self.send("chat.send", content=content, **payload)
        return await self.rest_of_turn()

    async def rest_of_turn(self) -> "SocketTurn":
        """Hear the turn that runs to its end."""
        turn = SocketTurn()
        while True:
            frame = await self.receive()
            assert frame["type"] != "error", frame
            turn.frames.append(frame)
            if frame["type"] in ENDS:
                return turn


@dataclass(slots=True)
class SocketTurn:
    """The frames of one turn."""

    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The joined deltas."""
        return "".join(frame["payload"]["delta"] for frame in self.frames if frame["type"] == "chat.delta")

    @property
    def end(self) -> dict[str, Any]:
        """The last frame."""
        return self.frames[-1]

    def payload(self, kind: str) -> dict[str, Any]:
        """The payload of the first frame of this type."""
        return next(dict(frame["payload"]) for frame in self.frames if frame["type"] == kind)


@asynccontextmanager
async def open_socket(mesh: Mesh, token: str | None, *, path: str = "") -> AsyncIterator[SocketDoor]:
    """A connection that offers its token as a subprotocol."""
    subprotocols: Any = [SUBPROTOCOL] if token is None else [SUBPROTOCOL, f"soma-auth.{token}"]
    async with connect(f"{mesh.socket_url}{path}", subprotocols=subprotocols, open_timeout=10) as connection:
        yield SocketDoor(connection)
