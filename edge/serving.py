"""The life of the edge's process: its parts, listening, serving until told to stop, a drain that loses nothing.

The only place of the edge that builds its concrete objects.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import uvicorn

from edge.app import EdgeApp, EdgeParts, build_app
from edge.bridge import Mesh, Patience, Turns
from edge.health import MeshHealth
from edge.identity import Identities, IdentityTools, SessionMaker
from edge.login import Login, SessionCookies
from edge.origins import Origins
from edge.page import Page
from edge.protocol import protocols
from edge.rates import Allowances
from edge.settings import EdgeSettings
from edge.shared_sessions import SharedSessions
from edge.sockets import SocketLimits
from edge.tickets import PURPOSE, Tickets
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.logging import get_logger
from soma_common.rpc.address import Address, ListenFailed
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.health import HealthBoard
from soma_common.rpc.health_reports import GovernorEar, HealthReporter
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.rpc.metrics import process_registry
from soma_common.rpc.ops_http import OpsHttp
from soma_common.rpc.stop import StopSignal
from soma_common.security.keys import read_key
from soma_common.security.tokens import ServiceSigner, TokenVerifier, UserSigner

_LOG: Final = get_logger("soma.edge")
_SOCKET_SECONDS: Final = 3.0
_GRACE_SECONDS: Final = 8
_MOST_FRAME_BYTES: Final = 512 * 1024
_PING_SECONDS: Final = 20.0
_BACKLOG: Final = 2048


class _Server(uvicorn.Server):
    """uvicorn without its own signals: whoever runs the process decides when it stops."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Edge:
    """A running edge and the ports that it listens on."""

    port: int
    ops_port: int


@asynccontextmanager
async def running(settings: EdgeSettings, patience: Patience | None = None) -> AsyncIterator[Edge]:
    """Serves inside the block; at its end sockets are told, answers that run get a moment, and everything is closed."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(closing(_listen(Address.parse(settings.http_listen))))
        port: int = listener.getsockname()[1]
        signer = ServiceSigner("edge", settings.service_key_path)
        channels = {house: dial(found, signer, name=house) for house, found in settings.targets.items() if found}
        mesh = Mesh(channels, lambda house: dial(settings.targets[house], signer, name=house))
        stack.push_async_callback(mesh.close)
        board, registry = HealthBoard(), process_registry()
        for house in mesh.services:
            board.watch(house, mesh.check(house))
        keys = KeyExchange("edge", settings.targets["control"], signer, Clock())
        stack.push_async_callback(keys.close)
        identities = _identity_tools(settings, mesh, keys)
        parts = _parts(settings, port, _Links(mesh, Turns(mesh, Clock(), Ids(), patience), board, identities))
        app = build_app(parts, registry)
        ops = OpsHttp("edge", parts.health.version, settings.ops_listen, board, registry)
        ops_port = await ops.start()
        stack.push_async_callback(ops.stop)
        await board.start()
        stack.push_async_callback(board.stop)
        for job in (identities.shared.keep_looking(), _report(board, channels.get("governor"))):
            stack.callback(asyncio.create_task(job).cancel)
        server = _Server(_config(app, settings))
        serving = asyncio.create_task(server.serve([listener]))
        stack.push_async_callback(_drain, server, serving, app, board)
        await _until_started(server, serving)
        _LOG.info("serving", port=port, http_port=ops_port)
        yield Edge(port, ops_port)


async def _report(board: HealthBoard, governor: Channel | None) -> None:
    """Tells the governor, where there is one, what the edge sees of the mesh."""
    if governor is not None:
        ear = GovernorEar("edge", governor, Ids())
        await HealthReporter(board, (), ear.tell, Clock()).run()


async def _drain(server: uvicorn.Server, serving: "asyncio.Task[None]", app: EdgeApp, board: HealthBoard) -> None:
    """Says that it goes down, takes no new connections, tells the sockets, and lets running answers end."""
    _LOG.info("draining", grace_seconds=_GRACE_SECONDS)
    board.drain()
    for listening in getattr(server, "servers", []):
        listening.close()
    await app.sockets.leave(_SOCKET_SECONDS)
    server.should_exit = True
    await serving
    _LOG.info("stopped")


@dataclass(frozen=True, slots=True)
class _Links:
    """What the process shares with the others of the mesh."""

    mesh: Mesh
    turns: Turns
    board: HealthBoard
    identities: IdentityTools


def _parts(settings: EdgeSettings, port: int, links: _Links) -> EdgeParts:
    clock, ids = Clock(), Ids()
    origins = Origins.of(settings.page_url, port, settings.allowed_hosts, settings.allowed_origins)
    cookies = _cookies(settings, port)
    identities = Identities(links.identities, origins, cookies.session)
    login = Login(origins, _sessions(settings, clock, ids), cookies, identities, links.identities.shared)
    return EdgeParts(
        mesh=links.mesh,
        turns=links.turns,
        identities=identities,
        origins=origins,
        login=login,
        page=Page(login),
        health=MeshHealth(links.board, settings.mode, version("somastack"), tuple(settings.targets)),
        allowances=Allowances(settings.messages_per_minute),
        socket_limits=SocketLimits(settings.connections_per_user, settings.connections_per_tenant),
        clock=clock,
        ids=ids,
    )


def _identity_tools(settings: EdgeSettings, mesh: Mesh, keys: KeyExchange) -> IdentityTools:
    clock, ids = Clock(), Ids()
    secret = read_key(settings.service_key_path).derived_secret(PURPOSE)
    tickets = Tickets(secret, clock, ids)
    return IdentityTools(TokenVerifier(settings.jwks_path, clock), keys, tickets, SharedSessions(mesh, clock, ids))


async def serve(settings: EdgeSettings, stop: StopSignal | None = None) -> None:
    """Serves until SIGTERM or SIGINT; several servers in one process share one `stop`, which their host installed."""
    if stop is None:
        stop = StopSignal()
        stop.install()
    async with running(settings):
        await stop.asked()


async def _until_started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started:
        if serving.done():
            await serving
            raise RuntimeError("the web server ended before it had started")
        await asyncio.sleep(0.01)


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        raise ListenFailed("edge", str(address), error) from None
    listener.setblocking(False)
    return listener


def _config(app: EdgeApp, settings: EdgeSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app.asgi,
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        ws_max_size=_MOST_FRAME_BYTES,
        ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS,
        ws_per_message_deflate=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=None if settings.tls is None else str(settings.tls.certificate),
        ssl_keyfile=None if settings.tls is None else str(settings.tls.key),
        **protocols(),
    )


def _cookies(settings: EdgeSettings, port: int) -> SessionCookies:
    """Cookies do not tell ports apart, so their names do: two stacks of one machine keep their sessions."""
    secure = urlsplit(settings.page_url).scheme == "https"
    return SessionCookies(f"soma_session_{port}", f"soma_csrf_{port}", secure)


def _sessions(settings: EdgeSettings, clock: Clock, ids: Ids) -> SessionMaker | None:
    if settings.session is None:
        return None
    wanted = settings.session
    signer = UserSigner(wanted.user_key_path, clock, ids)
    return SessionMaker(signer, ids, wanted.tenant_id, wanted.owner_sub, wanted.ttl_seconds)
