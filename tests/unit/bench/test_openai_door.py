"""Server-sent events read by hand, whatever pieces the network makes of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load.openai_door import OpenAiTalker
from bench.load.talk import Seen, TurnError

EVENTS = (
    b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    b'data: {"choices":[{"delta":{"content":" one"}}]}\n\n'
    b'data: {"choices":[{"delta":{"content":" two three"}}]}\n\ndata: {"choices":[]}\n\ndata: [DONE]\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def in_chunks(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers with the next of these bytes, one byte after the other."""
    answers: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answers:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.partition(b"Content-Length: ")[2]))
            for byte in answers.pop(0):
                writer.write(bytes([byte]))
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", answers


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
async def test_every_chunk_is_counted_once(served: tuple[str, list[bytes]], size: int) -> None:
    url, answers = served
    answers += [HEAD + in_chunks(EVENTS, size)] * 2
    talker = OpenAiTalker(url, "token", "scripted")
    for _ in range(2):
        seen = Seen()
        await talker.ask("why?", seen)
        assert (seen.chunks, len(seen.times)) == (3, 2)
    await talker.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno",
        HEAD + in_chunks(b'data: {"error":{"message":"no"}}\n\n', 10),
        HEAD[:20],
    ],
    ids=["refused", "broken off with an error", "cut"],
)
async def test_what_is_no_whole_answer_is_a_failure(served: tuple[str, list[bytes]], answer: bytes) -> None:
    url, answers = served
    answers.append(answer)
    with pytest.raises(TurnError):
        await OpenAiTalker(url, "token", "scripted").ask("why?", Seen())
