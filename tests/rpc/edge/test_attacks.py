"""What hostile clients do to a running edge: typed answers, bounded memory, and an honest client beside is served."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.rpc.edge.conftest import LOOPBACK, Door
from tests.rpc.edge.raw_socket import CONTINUATION, PING, TEXT, frame, head, raw_socket
from tests.rpc.edge.scripted_chat import ANSWER, ScriptedChat
from tests.rpc.edge.test_socket import ENDS, talk, text_of

MIB = 1024 * 1024
# What an attack may cost this process, client side included; each of them sends more than that or could.
MOST_GROWTH = 24 * MIB


def resident() -> int:
    with open(f"/proc/{os.getpid()}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def honest_client(door: Door) -> AsyncIterator[None]:
    """Asks again and again while the block runs; each answer must be whole and come soon."""
    served = 0

    async def keep_asking() -> None:
        nonlocal served
        async with talk(door, door.token(sub="honest")) as socket:
            await socket.hear()
            while True:
                await socket.send("chat.send", content="Hello")
                assert text_of(await socket.until(*ENDS)) == "".join(ANSWER)
                served += 1

    asking = asyncio.create_task(keep_asking())
    gc.collect()
    before = resident()
    try:
        yield
        gc.collect()
        assert resident() - before < MOST_GROWTH
        at_the_end = served
        async with asyncio.timeout(10):
            while served < at_the_end + 3 and not asking.done():
                await asyncio.sleep(0.01)
        assert served > at_the_end, "the honest client is served after it as well"
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("X-Long: " + "x" * 9000, 431),
        ("Sec-WebSocket-Protocol: soma-ticket." + "x" * 13_000, 431),
        ("X Spaced: y", 400),
    ],
)
async def test_a_handshake_that_cannot_be_read_is_refused_at_once(door: Door, line: str, status: int) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    writer.write(head(door, line))
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:80]
    writer.close()


async def test_a_frame_that_announces_a_gibibyte(door: Door) -> None:
    async with honest_client(door), raw_socket(door) as raw:
        raw.writer.write(frame(TEXT, b"x" * 1000, announced=2**30))
        assert await raw.close_code() == 1009


async def test_fragments_that_never_end(door: Door) -> None:
    async with honest_client(door), raw_socket(door) as raw:
        raw.writer.write(frame(TEXT, b"x", final=False))
        with suppress(ConnectionError):
            for _ in range(400):
                raw.writer.write(frame(CONTINUATION, b"x" * 4096, final=False))
                await raw.writer.drain()
        assert await raw.close_code() in (1006, 1009)


async def test_empty_fragments_that_never_end(door: Door) -> None:
    async with honest_client(door), raw_socket(door) as raw:
        raw.writer.write(frame(TEXT, b"", final=False))
        with suppress(ConnectionError):
            for _ in range(200):
                raw.writer.write(frame(CONTINUATION, b"", final=False) * 1000)
                await raw.writer.drain()
        assert await raw.close_code() in (1006, 1009)


async def test_pings_whose_answers_are_never_read(door: Door, chat: ScriptedChat) -> None:
    async with honest_client(door), raw_socket(door, read_limit=1024) as raw:
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        before = resident()
        many = frame(PING, b"x" * 125) * 4000
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                for _ in range(120):  # 60 MiB of pongs
                    raw.writer.write(many)
                    await raw.writer.drain()
        assert resident() - before < MOST_GROWTH
