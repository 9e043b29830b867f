"""A line to a server that breaks when the server has done what it was asked, before the client hears of it.

Knows as much of the two protocols as it takes to tell requests apart; nothing here is ours but this.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol

_PIECE: Final = 65536
_ENCRYPTION: Final = (80877103).to_bytes(4, "big")
_KAFKA_KINDS: Final = {0: "produce", 8: "offset commit", 11: "join group", 14: "sync group"}

Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Wire(Protocol):
    """One connection as its proxy sees it."""

    def asked(self, data: bytes) -> Iterable[tuple[str, int]]:
        """The kinds and numbers of the requests that are complete with this piece."""

    def answered(self, data: bytes) -> Iterable[int]:
        """The numbers of the requests that this piece begins to answer."""


class PostgresWire:
    """Requests are `commit`, `words` (any other simple query) and `statement`; one is answered after the other."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def asked(self, data: bytes) -> Iterable[tuple[str, int]]:
        self._rest += data
        while True:
            head = 1 if self._begun else 0
            size = int.from_bytes(self._rest[head : head + 4], "big") + head
            if len(self._rest) < head + 4 or len(self._rest) < size:
                return
            frame, self._rest = self._rest[:size], self._rest[size:]
            if not self._begun:
                self._begun = frame[4:8] != _ENCRYPTION
            elif frame[:1] == b"Q":
                yield ("commit" if frame[5:11].lower() == b"commit" else "words"), 0
            elif frame[:1] == b"S":
                yield "statement", 0

    def answered(self, data: bytes) -> Iterable[int]:
        return (0,)


class KafkaWire:
    """Requests by their names; what has none here is `other`."""

    def __init__(self) -> None:
        self._asked = self._answered = b""

    def asked(self, data: bytes) -> Iterable[tuple[str, int]]:
        frames, self._asked = _frames(self._asked + data)
        for frame in frames:
            kind = _KAFKA_KINDS.get(int.from_bytes(frame[:2], "big"), "other")
            yield kind, int.from_bytes(frame[4:8], "big")

    def answered(self, data: bytes) -> Iterable[int]:
        frames, self._answered = _frames(self._answered + data)
        return [int.from_bytes(frame[:4], "big") for frame in frames]


def _frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole frames behind their sizes, and what is left."""
    found = []
    while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[:4], "big")):
        found.append(data[4:end])
        data = data[end:]
    return found, data


class Proxy:
    """`chances` says of each kind of request how likely its answer is lost, and the connection with it."""

    def __init__(self, dial: Dial, wire: Callable[[], Wire], seed: int) -> None:
        self.chances: dict[str, float] = {}
        self.cuts: Counter[str] = Counter()
        self._dial = dial
        self._wire = wire
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int = 0) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._keep, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more and end every line, before the loop that carries them ends."""
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _keep(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._serve(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_server = await self._dial()
        except OSError:
            writer.transport.abort()
            return
        doomed: dict[int, str] = {}
        wire = self._wire()
        pumps = [
            asyncio.create_task(self._ask(wire, doomed, reader, to_server[1])),
            asyncio.create_task(self._answer(wire, doomed, to_server[0], writer)),
        ]
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, to_server[1]):
                end.transport.abort()

    async def _ask(
        self, wire: Wire, doomed: dict[int, str], reader: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_PIECE):
                asked = [it for it in wire.asked(data) if self._random.random() < self.chances.get(it[0], 0.0)]
                doomed |= {number: kind for kind, number in asked}
                server.write(data)
                await server.drain()

    async def _answer(
        self, wire: Wire, doomed: dict[int, str], server: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await server.read(_PIECE):
                lost = [doomed[number] for number in wire.answered(data) if number in doomed]
                if lost:
                    self.cuts.update(lost)
                    return
                writer.write(data)
                await writer.drain()
