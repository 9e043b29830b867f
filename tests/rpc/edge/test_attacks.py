"""What hostile clients do to a running edge: typed answers, bounded memory, and an honest client beside is served."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from tests.rpc.edge.conftest import LOOPBACK, Door
from tests.rpc.edge.raw_socket import CONTINUATION, PING, TEXT, frame, head, raw_socket
from tests.rpc.edge.scripted_chat import ANSWER, ScriptedChat
from tests.rpc.edge.test_sessions import TICKET
from tests.rpc.edge.test_socket import ENDS, talk, text_of
from tests.rpc.library.test_auth import FORGED
from tests.support.resident import growing_less_than

MIB = 2**20
# What an attack may cost this process, client side included; each of them sends more than that or could.
MOST_GROWTH = 24 * MIB


@asynccontextmanager
async def honest_client(door: Door, most_growth: int = MOST_GROWTH) -> AsyncIterator[None]:
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
                await asyncio.sleep(0.02)  # within its allowance

    asking = asyncio.create_task(keep_asking())
    try:
        with growing_less_than(most_growth):
            yield
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


async def test_pings_whose_answers_are_never_read(door: Door) -> None:
    async with honest_client(door, 12 * MIB), raw_socket(door, read_limit=1024) as raw:
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        many = frame(PING, b"x" * 125) * 4000
        for _ in range(50):  # 24 MiB of pongs, a quarter of which fits between two sockets
            raw.writer.write(many)
            await raw.writer.drain()


@pytest.mark.parametrize("changes", [{"messages_per_minute": 20}])
async def test_a_thousand_messages_a_second(door: Door, chat: ScriptedChat, changes: dict[str, Any]) -> None:
    message = frame(TEXT, json.dumps({"type": "chat.send", "id": "f", "payload": {"content": "Hello"}}).encode())
    async with raw_socket(door, token=door.token(sub="mallory")) as raw:
        raw.writer.write(message * 1000)
        heard: list[dict[str, Any]] = []
        while (told := await asyncio.wait_for(raw.hear(), 20))[0] == TEXT:
            heard.append(json.loads(told[1]))
        assert int.from_bytes(told[1][:2], "big") == 4029
    refused = [it["payload"] for it in heard if it["type"] == "error"]
    assert {it["code"] for it in refused} == {"RATE_LIMITED"}
    assert all(it["retry_after"] > 0 for it in refused)
    assert len(chat.turns) <= 20
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello")
        assert text_of(await socket.until(*ENDS)) == "".join(ANSWER), "the next one is served"


async def test_stops_by_the_thousand_ask_chat_for_few(door: Door, chat: ScriptedChat) -> None:
    stop = json.dumps(
        {"type": "chat.cancel", "id": "f", "payload": {"turn_id": "0198c0de-0000-7000-8000-0000000000ff"}}
    )
    async with honest_client(door), raw_socket(door, token=door.token(sub="mallory")) as raw:
        raw.writer.write(frame(TEXT, stop.encode()) * 1000)
        assert await raw.close_code() == 4029
    assert len(chat.asked(turn_pb.CancelTurnRequest)) <= 200


async def test_many_heads_and_bodies_that_drip(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.protocol._HEAD_SECONDS", 1.0)
    monkeypatch.setattr("edge.web_safety._BODY_PAUSE_SECONDS", 1.0)
    begun = f"POST /api/v1/chat/turns HTTP/1.1\r\nHost: {LOOPBACK}:{door.port}\r\n"
    body = f"{begun}Authorization: Bearer {door.token()}\r\nContent-Length: 1000\r\n\r\n{{"
    async with honest_client(door):
        slow = [await asyncio.open_connection(LOOPBACK, door.port) for _ in range(200)]
        for number, (_, writer) in enumerate(slow):
            writer.write((begun if number % 2 else body).encode())
        answers = await asyncio.wait_for(asyncio.gather(*(reader.readline() for reader, _ in slow)), 20)
        for number, answer in enumerate(answers):
            assert answer[:12] == (b"" if number % 2 else b"HTTP/1.1 504")
        for _, writer in slow:
            writer.close()


async def test_forged_tokens_at_every_kind_of_door(door: Door, stranger: aiohttp.ClientSession) -> None:
    for name, forge in FORGED.items():
        token = forge(door.identity)
        headers = {"Authorization": f"Bearer {token}"}
        for method, path in (("GET", "/api/v1/chat/turns/x/events"), ("GET", "/v1/models"), ("POST", TICKET)):
            async with stranger.request(method, path, headers=headers) as reply:
                assert reply.status in (401, 403), name
                assert token not in await reply.text()
        if len(token) > 4096:
            continue
        async with raw_socket(door, token=token) as raw:
            assert await raw.close_code() in (4001, 4003), name
