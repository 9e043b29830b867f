"""A real gRPC server on a free port, with the real interceptors and keys of its own, and channels to it.

A pytest plugin: the fixtures `identity` and `rpc`. Nothing here is used outside of tests.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.health import HealthBoard
from soma_common.rpc.server import RpcServer, ServerSettings
from soma_common.testing.identity import TestIdentity

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Added:
    """A servicer with its generated register function and its full name in the contract."""

    register: Callable[[Any, grpc.aio.Server], None]
    servicer: object
    full_name: str


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, and where."""

    server: RpcServer
    port: int

    @property
    def target(self) -> str:
        """What to dial."""
        return f"{LOOPBACK}:{self.port}"


class RpcHarness:
    """Starts servers and opens channels, and ends both after the test."""

    def __init__(self, identity: TestIdentity) -> None:
        self.identity = identity
        self._stack = AsyncExitStack()

    async def serve(
        self,
        service: str,
        *added: Added,
        health: HealthBoard | None = None,
        settings: ServerSettings | None = None,
        **options: Any,
    ) -> Served:
        """A server of this service with these servicers; `options` go to RpcServer."""
        board = health or HealthBoard()
        server = RpcServer(service, f"{LOOPBACK}:0", self.identity.verifier(), board, settings=settings, **options)
        for each in added:
            server.add(each.register, each.servicer, each.full_name)
        port = await server.start()
        self._stack.push_async_callback(server.drain, 0.2)
        return Served(server, port)

    def channel(self, *served: Served, service: str = "edge", timeout_seconds: float = 5.0) -> Channel:
        """A channel as a service has it; calls take the identity of `acting_as` or of the running call."""
        signer = self.identity.signer(service)
        channel = dial([each.target for each in served], signer, timeout_seconds=timeout_seconds)
        self._stack.push_async_callback(channel.close)
        return channel

    def bare(self, served: Served) -> grpc.aio.Channel:
        """A plain channel without identity: for calls with handmade tokens and bytes."""
        channel = grpc.aio.insecure_channel(served.target)
        self._stack.push_async_callback(channel.close)
        return channel

    async def aclose(self) -> None:
        """Ends channels first, then servers, in the reverse order of their making."""
        await self._stack.aclose()


@pytest.fixture
def identity(tmp_path: Path) -> TestIdentity:
    """Keys and tokens of a test."""
    return TestIdentity(tmp_path / "keys")


@pytest_asyncio.fixture
async def rpc(identity: TestIdentity) -> AsyncIterator[RpcHarness]:
    """Servers and channels of a test."""
    harness = RpcHarness(identity)
    yield harness
    await harness.aclose()
