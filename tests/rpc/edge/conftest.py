"""A running edge before a scripted chat, on free ports."""

# ruff: noqa: N802 - the contract names the methods

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from edge.bridge import Patience
from edge.serving import running
from edge.settings import EdgeSettings, SessionSettings
from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma.control.v1 import session_service_pb2 as session_pb
from soma.control.v1 import session_service_pb2_grpc as session_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import TENANT, TestIdentity
from soma_common.testing.rpc import Added, RpcHarness, Served
from tests.rpc.edge.scripted_chat import ScriptedChat

LOOPBACK = "127.0.0.1"


class Features(feature_grpc.FeatureServiceServicer):
    async def GetFeatures(self, request: feature_pb.GetFeaturesRequest, context: Any) -> feature_pb.GetFeaturesResponse:
        return feature_pb.GetFeaturesResponse(features=[feature_pb.Feature(name="memory", enabled=True)])

    async def UpdateFeatures(
        self, request: feature_pb.UpdateFeaturesRequest, context: Any
    ) -> feature_pb.UpdateFeaturesResponse:
        return feature_pb.UpdateFeaturesResponse()

    async def WatchFeatures(
        self, request: feature_pb.WatchFeaturesRequest, context: Any
    ) -> AsyncIterator[feature_pb.WatchFeaturesResponse]:
        yield feature_pb.WatchFeaturesResponse(sequence=1)


class UsedUp(session_grpc.SessionServiceServicer):
    """What control remembers for all edges, in memory; `away` makes it answer that it is not there."""

    def __init__(self) -> None:
        self.tickets: dict[str, str] = {}
        self.sessions: list[str] = []
        self.away = False

    async def ClaimTicket(self, request: session_pb.ClaimTicketRequest, _: Any) -> session_pb.ClaimTicketResponse:
        if self.away:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "control"})
        if self.tickets.setdefault(request.ticket_id, request.request_id) != request.request_id:
            raise SomaError(Reason.INVALID_TOKEN, {"problem": "the ticket was used before"})
        return session_pb.ClaimTicketResponse()

    async def EndSession(self, request: session_pb.EndSessionRequest, _: Any) -> session_pb.EndSessionResponse:
        self.sessions.append(request.session_id)
        return session_pb.EndSessionResponse()

    async def ListEndedSessions(
        self, request: session_pb.ListEndedSessionsRequest, _: Any
    ) -> session_pb.ListEndedSessionsResponse:
        return session_pb.ListEndedSessionsResponse(session_ids=self.sessions)


@dataclass(frozen=True, slots=True)
class Door:
    """The running edge as a client sees it."""

    port: int
    ops_port: int
    identity: TestIdentity

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}/ws/v2/chat"

    def token(self, **user: Any) -> str:
        return self.identity.user_token(**user)


@pytest.fixture
def chat() -> ScriptedChat:
    return ScriptedChat()


@pytest_asyncio.fixture
async def chat_server(rpc: RpcHarness, chat: ScriptedChat) -> Served:
    return await rpc.serve("chat", *chat.added())


@pytest.fixture
def used_up() -> UsedUp:
    return UsedUp()


@pytest_asyncio.fixture
async def settings(rpc: RpcHarness, identity: TestIdentity, chat_server: Served, used_up: UsedUp) -> EdgeSettings:
    control = await rpc.serve(
        "control",
        Added(feature_grpc.add_FeatureServiceServicer_to_server, Features(), "soma.control.v1.FeatureService"),
        Added(session_grpc.add_SessionServiceServicer_to_server, used_up, "soma.control.v1.SessionService"),
    )
    return EdgeSettings(
        http_listen=f"{LOOPBACK}:0",
        ops_listen=f"{LOOPBACK}:0",
        mode="STANDALONE",
        page_url=f"http://{LOOPBACK}:1/",
        allowed_hosts=(LOOPBACK, "localhost"),
        allowed_origins=(),
        jwks_path=identity.jwks_path,
        service_key_path=identity.service_key_path("edge"),
        targets={"chat": (chat_server.target,), "control": (control.target,)},
        session=SessionSettings(Path(identity.user_key_path), TENANT, "owner", 600.0),
        tls=None,
        messages_per_minute=1000,
        connections_per_user=20,
        connections_per_tenant=100,
    )


@pytest.fixture
def changes() -> dict[str, Any]:
    """Overrides of the settings; tests give their own by `pytest.mark.parametrize`."""
    return {}


@pytest_asyncio.fixture
async def door(settings: EdgeSettings, changes: dict[str, Any], identity: TestIdentity) -> AsyncIterator[Door]:
    patience = Patience(before_first_seconds=0.5, after_first_seconds=3.0, first_pause_seconds=0.02)
    async with running(replace(settings, **changes), patience) as edge:
        yield Door(edge.port, edge.ops_port, identity)


@pytest_asyncio.fixture
async def http(door: Door) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with a member's token."""
    headers = {"Authorization": f"Bearer {door.token()}"}
    async with aiohttp.ClientSession(door.url, headers=headers) as session:
        yield session


@pytest_asyncio.fixture
async def stranger(door: Door) -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a token."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(door.url, cookie_jar=jar) as session:
        yield session
