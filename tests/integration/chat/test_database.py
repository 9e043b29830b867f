"""A turn while the database dies under it, on a server of its own."""

import asyncio
import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import LaunchedPostgres, TestServer, launched_dsn, run_aside, temporary_home
from soma_common.testing.upstream import Script
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChatStack, LaunchedPostgres]]:
    """A stack with a database server that may be killed."""
    launched = LaunchedPostgres(temporary_home(), hasty=True)
    launched.start()
    server = TestServer(launched_dsn(launched))
    run_aside(server.prepare())
    stack = ChatStack(server, tmp_path_factory.mktemp("mortal-stack"))
    try:
        stack.start_all()
        yield stack, launched
    finally:
        stack.stop_processes()
        launched.remove()


async def test_what_was_acknowledged_survives_the_database(mortal: tuple[ChatStack, LaunchedPostgres]) -> None:
    stack, launched = mortal
    stack.upstream.set_default(Script(chunks=100, gap_seconds=0.05))
    async with Person(stack, "ada", TenantId(uuid4())) as ada:
        told = Told()
        killed = False
        async for event in ada.stream(said("tell me a lot")):
            told.take(event)
            if not killed and len(told.text) > 40:
                killed = True
                await asyncio.to_thread(launched.stop, signal.SIGKILL)
                await asyncio.sleep(1.0)
                await asyncio.to_thread(launched.start)
        assert told.last.HasField("completed"), told.last

        async def stored() -> turn_pb.Turn | None:
            turn = await ada.reconnect(told.turn_id)
            return turn if turn.status == turn_pb.TURN_STATUS_COMPLETED else None

        turn = await eventually(stored, within_seconds=60)
        assert turn is not None
        assert turn.text == told.text
        assert (await ada.resume(told.turn_id)).text == told.text
