"""Whether a process serves, asked at its own door: HTTP readiness of a service, a greeting of PostgreSQL.

Nothing here knows the supervisor.
"""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 2.0
_LONGEST_ANSWER: Final = 262_144
_PROTOCOL: Final = 196_608
_WHOLE: Final = "healthy"
_SOCKET_NAME: Final = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a door is open for work; `reason` says what is missing, also where it can do without."""

    ready: bool
    reason: str = ""


Probe = Callable[[], Awaitable[Readiness]]


def http_probe(address: str) -> Probe:
    """Asks `/readyz` at `host:port`."""

    async def probe() -> Readiness:
        answer = await _get(address, "/readyz")
        if answer is None:
            return Readiness(False, "does not answer yet")
        good, body = answer
        return Readiness(True, _done_without(body)) if good else Readiness(False, _reason_of(body, required_only=True))

    return probe


async def wholeness(address: str) -> Readiness:
    """Whether a service at `host:port` sees everything it works with, not only what it cannot serve without."""
    answer = await _get(address, "/v1/health")
    if answer is None:
        return Readiness(False, "does not answer")
    body = answer[1]
    with suppress(ValueError):
        told = json.loads(body)
        if isinstance(told, dict) and told.get("status") == _WHOLE:
            return Readiness(True)
    return Readiness(False, _reason_of(body, required_only=False))


async def _get(address: str, path: str) -> tuple[bool, bytes] | None:
    """Whether the answer is a good one, and its body; None when there is no answer."""
    host, _, port = address.rpartition(":")
    request = f"GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    answer = await _ask(asyncio.open_connection(host, int(port)), request, _LONGEST_ANSWER)
    if answer is None:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return b" 200 " in head.partition(b"\r\n")[0], body


def postgres_probe(socket_folder: Path | None) -> Probe:
    """Greets as a client would; a server that is ready asks for a password."""

    async def probe() -> Readiness:
        if socket_folder is None:
            return Readiness(False, "was never started")
        words = b"user\0postgres\0database\0postgres\0\0"
        greeting = struct.pack("!ii", len(words) + 8, _PROTOCOL) + words
        path = str(socket_folder / _SOCKET_NAME)
        answer = await _ask(asyncio.open_unix_connection(path), greeting, 1)
        return Readiness(True) if answer == b"R" else Readiness(False, "does not take connections yet")

    return probe


def socket_probe(socket: Path, greeting: bytes, answer: bytes) -> Probe:
    """Greets a server behind a Unix socket, which answers with these bytes."""

    async def probe() -> Readiness:
        return _greeted(await _ask(asyncio.open_unix_connection(str(socket)), greeting, len(answer)), answer)

    return probe


def port_probe(address: str, greeting: bytes) -> Probe:
    """Greets a server at `host:port`, which answers with anything."""
    host, _, port = address.rpartition(":")

    async def probe() -> Readiness:
        return _greeted(await _ask(asyncio.open_connection(host, int(port)), greeting, 1), b"")

    return probe


def _greeted(heard: bytes | None, answer: bytes) -> Readiness:
    good = heard is not None and heard.startswith(answer)
    return Readiness(True) if good else Readiness(False, "does not answer yet")


async def _ask(
    opening: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]], request: bytes, length: int
) -> bytes | None:
    """What the other side says first, up to `length` bytes; None when it says nothing in time."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await opening
            try:
                writer.write(request)
                return await _read(reader, length)
            finally:
                writer.close()
    return None


async def _read(reader: asyncio.StreamReader, length: int) -> bytes | None:
    received = b""
    while len(received) < length and (part := await reader.read(length - len(received))):
        received += part
    return received or None


def _done_without(body: bytes) -> str:
    """What a service that serves has to do without; empty when it has everything."""
    with suppress(ValueError):
        down = [name for name, row in _rows(json.loads(body)) if isinstance(row, dict) and row.get("state") == "down"]
        if down:
            return f"serves without {', '.join(down)}"
    return ""


def _rows(told: object) -> Iterable[tuple[str, object]]:
    listed = told.get("dependencies") if isinstance(told, dict) else None
    return listed.items() if isinstance(listed, dict) else ()


def _reason_of(body: bytes, *, required_only: bool) -> str:
    """The dependencies that are not there, as the service itself names them."""
    with suppress(ValueError):
        told = json.loads(body)
        missing = [name for name, row in _rows(told) if _lacks(row, required_only=required_only)]
        if missing:
            return f"waits for {', '.join(missing)}"
        if isinstance(told, dict) and told.get("draining"):
            return "finishes its work"
    return "is not ready yet"


def _lacks(row: object, *, required_only: bool) -> bool:
    if not isinstance(row, dict) or row.get("state") == "up":
        return False
    return bool(row.get("required")) or not required_only
