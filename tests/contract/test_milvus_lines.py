"""Milvus behind a line that is cut, silent and whole again, and a collection that somebody throws away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import numpy as np
import pytest

from servers.memory.vectors.milvus import MilvusIndexes
from servers.memory.vectors.port import Placed, Space, VectorsDownError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually

pytestmark = pytest.mark.contract

SPACE = Space("a line/1", 8)
ROW = Placed(Ids().uuid7(), "shared", np.eye(8, dtype=np.float32)[0])


class Line:
    """A line to a server that can be cut and made silent."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.silent = False

    async def join(self) -> None:
        """Take connections, on the same port as before."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections and take none."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        for here, there in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pass_on(here, there))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, here: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while piece := await here.read(65536):
                    if not self.silent:
                        there.write(piece)
                        await there.drain()
        finally:
            there.close()


@pytest.fixture
async def line(milvus_uri: str) -> AsyncIterator[Line]:
    parts = urlsplit(milvus_uri)
    made = Line(parts.hostname or "", parts.port or 0)
    await made.join()
    yield made
    await made.cut()


async def test_a_line_that_breaks_is_taken_up_again(line: Line) -> None:
    indexes = MilvusIndexes(f"http://127.0.0.1:{line.port}", prefix=f"t{uuid4().hex}", call_seconds=2.0)
    ada = TenantId(uuid4())
    index = await indexes.open(SPACE)
    await index.put(ada, [ROW])

    await line.cut()
    with pytest.raises(VectorsDownError):
        await index.search(ada, ["shared"], ROW.vector, 1)
    with pytest.raises(VectorsDownError):
        await index.put(ada, [ROW])
    await line.join()

    async def found() -> list[UUID]:
        with suppress(VectorsDownError):
            return [near.memory_id for near in await index.search(ada, ["shared"], ROW.vector, 1)]
        return []

    assert await eventually(found) == [ROW.memory_id]

    # A server that says nothing is left in time.
    line.silent = True
    async with asyncio.timeout(10):
        with pytest.raises(VectorsDownError):
            await index.ping()
    line.silent = False
    assert await index.held(ada, [ROW.memory_id]) == {ROW.memory_id}

    # What somebody throws away is down until it is opened again, and then it is another.
    await index.throw_away()
    with pytest.raises(VectorsDownError):
        await index.ping()
    again = await indexes.open(SPACE)
    assert again.identity != index.identity
    assert await index.page(ada, None, 10) == []
    await again.throw_away()
    await indexes.close()
