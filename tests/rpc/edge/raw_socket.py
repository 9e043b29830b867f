"""A WebSocket by hand, for what no proper client sends: heads, frames of any kind, and nothing read unless asked."""

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.rpc.edge.conftest import LOOPBACK, Door

TEXT, BINARY, CONTINUATION, CLOSE, PING = 1, 2, 0, 8, 9


def head(door: Door, *lines: str, path: str = "/ws/v2/chat") -> bytes:
    """The head of a handshake, with more lines if there are any."""
    key = b64encode(os.urandom(16)).decode()
    usual = (
        f"GET {path} HTTP/1.1",
        f"Host: {LOOPBACK}:{door.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    return "\r\n".join((*usual, *lines, "", "")).encode("latin-1")


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, announced: int | None = None) -> bytes:
    """A masked frame (the mask is zero, so the payload stands as it is); it may announce more than it has."""
    size = len(payload) if announced is None else announced
    first = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        return first + bytes([0x80 | size]) + b"\0\0\0\0" + payload
    if size < 65536:
        return first + b"\xfe" + size.to_bytes(2, "big") + b"\0\0\0\0" + payload
    return first + b"\xff" + size.to_bytes(8, "big") + b"\0\0\0\0" + payload


@dataclass(frozen=True, slots=True)
class RawSocket:
    """One connection after its handshake."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def hear(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """Reads on to the close frame; 1006 when the line ends without one."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                opcode, payload = await asyncio.wait_for(self.hear(), 20)
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big")
        return 1006


@asynccontextmanager
async def raw_socket(door: Door, *, token: str | None = None, read_limit: int = 2**16) -> AsyncIterator[RawSocket]:
    """An accepted connection."""
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port, limit=read_limit)
    try:
        writer.write(head(door, f"Sec-WebSocket-Protocol: soma.edge.v1.json, soma-auth.{token or door.token()}"))
        assert b"101" in await reader.readline()
        while await reader.readline() != b"\r\n":
            pass
        yield RawSocket(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
