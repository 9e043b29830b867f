"""Attacks on the wire of a gRPC port: resets in a row, header blocks that never end, connections that say nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from soma_common.testing.rpc import RpcHarness, Served
from tests.rpc.library import http2_by_hand as http2
from tests.rpc.library.scripted import GET_MEMORY, get_request, memory
from tests.support.resident import growing_less_than

MIB = 2**20


@asynccontextmanager
async def honest_caller(rpc: RpcHarness, served: Served, most_bytes: int = 64 * MIB) -> AsyncIterator[list[float]]:
    """Calls again and again while the block runs; gives how long each call took, and one failure fails the test."""
    stub = rpc.channel(served, timeout_seconds=30).stub(memory_grpc.MemoryServiceStub)
    took: list[float] = []
    loop = asyncio.get_running_loop()

    async def keep_calling() -> None:
        with acting_as(user(), "honest"):
            while True:
                began = loop.time()
                await stub.GetMemory(get_request())
                took.append(loop.time() - began)

    calling = asyncio.create_task(keep_calling())
    try:
        async with asyncio.timeout(30):
            while not took and not calling.done():
                await asyncio.sleep(0.01)
        with growing_less_than(most_bytes):
            yield took
        assert not calling.done(), calling
    finally:
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling


async def test_resets_in_a_row(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    headers = http2.call_headers(GET_MEMORY, served.target)
    async with honest_caller(rpc, served) as took:
        _, writer = await http2.connect(served.target)
        began = len(took)
        with suppress(ConnectionError):
            for first in range(1, 40_000, 400):
                for stream in range(first, first + 400, 2):
                    writer.write(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers))
                    writer.write(http2.frame(http2.RST_STREAM, 0, stream, (8).to_bytes(4, "big")))
                await writer.drain()
        writer.close()
        async with asyncio.timeout(40):
            while len(took) < began + 20:
                await asyncio.sleep(0.01)
        assert max(took) < 15, "20,000 calls that are taken back at once hold nobody up"


async def test_a_header_block_that_never_ends(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    piece = http2.block((f"x-{number}", "y" * 100) for number in range(100))
    # The runtime answers RESOURCE_EXHAUSTED and reads on; what that takes levels off at 102 MiB, however much comes.
    async with honest_caller(rpc, served, 140 * MIB) as took:
        _, writer = await http2.connect(served.target)
        began = len(took)
        writer.write(http2.frame(http2.HEADERS, 0, 1, http2.call_headers(GET_MEMORY, served.target)))
        with suppress(ConnectionError):
            for _ in range(16_000):  # 163 MiB
                writer.write(http2.frame(http2.CONTINUATION, 0, 1, piece))
                await writer.drain()
        writer.close()
        async with asyncio.timeout(40):
            while len(took) < began + 20:
                await asyncio.sleep(0.01)
        assert max(took) < 15


async def test_connections_that_say_nothing(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    host, _, port = served.target.rpartition(":")
    async with honest_caller(rpc, served) as took:
        began = len(took)
        mute = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
        for _, writer in mute:
            writer.write(http2.PREFACE[:5])
        async with asyncio.timeout(40):
            while len(took) < began + 20:
                await asyncio.sleep(0.01)
        assert max(took) < 15
        for _, writer in mute:
            writer.close()
