"""One person with every door open: a user of their own, so that no test sees another one's conversations."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from openai import AsyncOpenAI

from soma_common.testing.mesh import Mesh
from tests.e2e.support.grpc_door import GrpcDoor
from tests.e2e.support.socket_door import SocketDoor, open_socket


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the mesh."""

    mesh: Mesh
    sub: str
    token: str
    grpc: GrpcDoor
    http: aiohttp.ClientSession
    openai: AsyncOpenAI

    def socket(self) -> AbstractAsyncContextManager[SocketDoor]:
        """A WebSocket of this person."""
        return open_socket(self.mesh, self.token)


@asynccontextmanager
async def person_of(mesh: Mesh, sub: str, token: str) -> AsyncIterator[Person]:
    """Open every door for a user."""
    async with (
        GrpcDoor(mesh, token) as grpc,
        aiohttp.ClientSession(mesh.edge_url, headers={"Authorization": f"Bearer {token}"}) as http,
        AsyncOpenAI(base_url=mesh.openai_url, api_key=token, max_retries=0, timeout=60) as openai,
    ):
        yield Person(mesh, sub, token, grpc, http, openai)
