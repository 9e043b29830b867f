"""HTTP/2 by hand, for what no proper client sends. Headers are literals without compression."""

import asyncio
from collections.abc import Iterable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 1, 3, 4, 7, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(headers: Iterable[tuple[str, str]]) -> bytes:
    """A header block; names and values shorter than 127 bytes."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in headers)


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def call_headers(path: str, authority: str) -> bytes:
    """The header block of a gRPC call."""
    return block(
        (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        )
    )


async def connect(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection after its preface."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    return reader, writer
