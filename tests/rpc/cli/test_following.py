"""Who follows a stream without end and wants to stop has done so at once, whatever the service does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from cli.doors import Doors, visit
from cli.governing.levels import changes
from cli.stack.first_start import make_first_start
from config import Settings, load_settings
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.ids import Ids
from soma_common.testing.ports import PortShift

PORT = 20022
AT_ONCE_SECONDS = 2.0
Ended = Callable[[], Awaitable[None]]


async def watch_level(_request: Any, _context: Any) -> AsyncIterator[governor_pb.WatchLevelResponse]:
    """Tells one level and then nothing."""
    yield governor_pb.WatchLevelResponse(status=config_pb.LevelStatus(good_checks=1))
    await asyncio.Event().wait()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """An installation whose governor is what the test makes of it."""
    free = PortShift.reserve((PORT,))
    given = {"SOMA_HOME": str(tmp_path), "SOMA_INSTANCE": "following", "SOMA_PORT_SHIFT": str(free.shift)}
    make_first_start(load_settings(given), Ids())
    yield load_settings(given)
    free.release()


async def speaks(target: str) -> Ended:
    """A governor that is heard; what is given ends it as a kill does."""
    server = grpc.aio.server()
    watched = grpc.unary_stream_rpc_method_handler(
        watch_level,
        governor_pb.WatchLevelRequest.FromString,
        governor_pb.WatchLevelResponse.SerializeToString,
    )
    service = grpc.method_handlers_generic_handler("soma.governor.v1.GovernorService", {"WatchLevel": watched})
    server.add_generic_rpc_handlers((service,))
    server.add_insecure_port(target)
    await server.start()
    return lambda: server.stop(None)


async def hangs(target: str) -> Ended:
    """A governor that is stopped: its machine took our connection, and nothing is ever said on it."""
    host, _, port = target.rpartition(":")
    asked: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _reader, writer: asked.put_nowait(writer), host, int(port))
    writer = await asyncio.wait_for(asked.get(), 20)

    async def end() -> None:
        writer.transport.abort()
        server.close()

    return end


@pytest.mark.parametrize("then", ["it speaks", "it is away", "it hangs"])
async def test_who_stops_following_has_stopped_at_once(settings: Settings, then: str) -> None:
    target = settings.endpoint("governor").targets[0]
    heard, away = asyncio.Event(), asyncio.Event()

    async def follow(doors: Doors) -> None:
        async for _ in changes(doors, away.set):
            heard.set()

    end = await speaks(target)
    following = asyncio.create_task(visit(settings, follow))
    await asyncio.wait_for(heard.wait(), 20)
    if then != "it speaks":
        await end()
        await asyncio.wait_for(away.wait(), 20)
    if then == "it hangs":
        end = await hangs(target)
    following.cancel()
    done, _ = await asyncio.wait([following], timeout=AT_ONCE_SECONDS)
    await end()
    assert done
    assert following.cancelled()
