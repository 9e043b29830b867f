"""The way out of a connection: written in order, and a reader that takes nothing noticed, for each frame anew."""

import asyncio
from typing import Any

import pytest
from starlette.websockets import WebSocket

from edge import line
from edge.codecs.json import JsonCodec
from edge.frames import Here
from edge.line import GoneError, Line, StalledError
from soma_common.kernel.clock import Clock


class Reader:
    """The far end of a WebSocket as ASGI sees it: takes messages while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.gone = False
        self.taken: list[str] = []

    async def send(self, message: Any) -> None:
        await self.open.wait()
        if self.gone:
            raise OSError("gone")
        if message["type"] == "websocket.send":
            self.taken.append(message["text"])

    async def receive(self) -> Any:
        return {"type": "websocket.connect"}

    async def line(self) -> Line:
        websocket = WebSocket({"type": "websocket"}, self.receive, self.send)
        await websocket.accept()
        return Line(websocket, JsonCodec(Clock()))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "STALL_SECONDS", 0.2)


async def test_frames_go_out_in_order_and_a_slow_one_in_time_is_no_stall() -> None:
    reader = Reader()
    out = await reader.line()
    for number in range(5):
        reader.open.clear()
        asyncio.get_running_loop().call_later(0.1, reader.open.set)
        await out.write(Here(str(number)))
    assert [text.partition('"id":"')[2][0] for text in reader.taken] == ["0", "1", "2", "3", "4"]
    out.end()


async def test_a_reader_that_takes_nothing_stalls_the_line() -> None:
    reader = Reader()
    out = await reader.line()
    await out.write(Here("first"))
    reader.open.clear()
    async with asyncio.timeout(5):
        with pytest.raises(StalledError):
            await out.write(Here("second"))
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling(), "it is not the writer that was cancelled"
    reader.open.set()
    await out.write(Here("third"))
    assert len(reader.taken) == 2
    out.end()


async def test_a_writer_that_is_cancelled_is_cancelled_also_after_a_stall() -> None:
    reader = Reader()
    out = await reader.line()
    reader.open.clear()
    with pytest.raises(StalledError):
        await out.write(Here("stalls"))
    writing = asyncio.create_task(out.write(Here("f")))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    out.end()


async def test_a_client_that_is_gone() -> None:
    reader = Reader()
    out = await reader.line()
    reader.gone = True
    with pytest.raises(GoneError):
        await out.write(Here("f"))
    out.end()
