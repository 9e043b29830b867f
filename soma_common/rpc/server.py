"""A gRPC server of this house: every interceptor, health, reflection, channelz, and a drain that loses nothing.

Nothing here knows a service; a composition root adds servicers.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

import grpc
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from soma_common.kernel.ids import Ids
from soma_common.logging import get_logger
from soma_common.rpc.address import Address, ListenFailed
from soma_common.rpc.health import DependencyState, HealthBoard
from soma_common.rpc.interceptors.auth import Auth
from soma_common.rpc.interceptors.deadline import DEFAULT_UNARY_SECONDS, Deadline
from soma_common.rpc.interceptors.errors import Errors
from soma_common.rpc.interceptors.exchange import Stage
from soma_common.rpc.interceptors.idempotency import GivenReplies, Idempotency
from soma_common.rpc.interceptors.limits import Gate, Limits
from soma_common.rpc.interceptors.pipeline import Pipeline
from soma_common.rpc.interceptors.telemetry import Telemetry
from soma_common.rpc.interceptors.validate import Validate
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.rpc.metrics import RpcMetrics, process_registry
from soma_common.rpc.options import server_options
from soma_common.security.methods import METHODS
from soma_common.security.rules import MethodRule
from soma_common.security.tokens import TokenVerifier

_LOG: Final = get_logger("soma.rpc")
_Servicer = TypeVar("_Servicer")
# For answers that are made but not yet sent when the last call of the house has ended.
_LAST_BYTES_SECONDS: Final = 0.1
_Serving = health_pb2.HealthCheckResponse
Finish = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What rarely differs between servers: the method table, the metrics' registry, the default deadline, API keys."""

    rules: Mapping[str, MethodRule] = field(default_factory=lambda: METHODS)
    registry: CollectorRegistry = field(default_factory=process_registry)
    ids: Ids = field(default_factory=Ids)
    default_unary_seconds: float = DEFAULT_UNARY_SECONDS
    keys: KeyExchange | None = None


class RpcServer:
    """Serves the servicers added to it; `listen` is `host:port`, port 0 for any free one."""

    def __init__(
        self,
        service: str,
        listen: str,
        verifier: TokenVerifier,
        health: HealthBoard,
        idempotency: GivenReplies | None = None,
        settings: ServerSettings | None = None,
    ) -> None:
        self.service: Final = service
        self.health: Final = health
        self._settings = settings or ServerSettings()
        self.registry: Final = self._settings.registry
        self._address = Address.parse(listen)
        self._gate = Gate()
        self._pipeline = Pipeline(self._stages(verifier, idempotency))
        self._additions: list[Callable[[grpc.aio.Server], None]] = []
        self._names: list[str] = []
        self._health_servicer = health_aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def _stages(self, verifier: TokenVerifier, idempotency: GivenReplies | None) -> list[Stage]:
        settings = self._settings
        stages: list[Stage] = [
            Telemetry(self.service, RpcMetrics(settings.registry), settings.ids),
            Errors(settings.ids),
            Deadline(settings.default_unary_seconds),
            Auth(verifier, settings.rules, settings.keys),
            Limits(self._gate),
            Validate(),
        ]
        return stages if idempotency is None else [*stages, Idempotency(idempotency, settings.rules)]

    def add(self, register: Callable[[_Servicer, grpc.aio.Server], None], servicer: _Servicer, full_name: str) -> None:
        """Adds a service before `start`: its generated register function, the servicer, its full name."""
        self._additions.append(lambda server: register(servicer, server))
        self._names.append(full_name)

    async def start(self) -> int:
        """Listens, runs the first health checks and serves; gives the port. Raises ListenFailed when it is taken."""
        server = grpc.aio.server(interceptors=[self._pipeline], options=server_options())
        for addition in self._additions:
            addition(server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health_servicer, server)
        channelz.add_channelz_servicer(server)
        names = [*self._names, "grpc.health.v1.Health", "grpc.channelz.v1.Channelz", reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, server)
        port = self._listen(server)
        await self._publish()
        await server.start()
        self._server = server
        self._publishing = asyncio.create_task(self._keep_publishing(), name=f"health of {self.service}")
        await self.health.start()
        await self._publish()
        return port

    def _listen(self, server: grpc.aio.Server) -> int:
        try:
            return server.add_insecure_port(str(self._address))
        except RuntimeError:
            raise ListenFailed(self.service, str(self._address), _why_not(self._address)) from None

    async def drain(self, grace_seconds: float, finish: Finish | None = None) -> None:
        """Stops without losing work: says so, refuses new calls, lets `finish` and the running calls end, then stops.

        `finish` is what the service must still do or hand over; both steps together take at most `grace_seconds`.
        """
        _LOG.info("draining", service=self.service, grace_seconds=grace_seconds)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + grace_seconds
        self.health.drain()
        await self._health_servicer.enter_graceful_shutdown()
        self._gate.close()
        if finish is not None:
            await self._finish(finish, grace_seconds)
        if self._server is not None:
            await self._stop(self._server, max(0.0, ends_at - loop.time()))
        await self.health.stop()
        if self._publishing is not None:
            self._publishing.cancel()
            with suppress(asyncio.CancelledError):
                await self._publishing
        _LOG.info("stopped", service=self.service)

    def hasten(self) -> None:
        """Makes a running drain end now."""
        self._hurry.set()

    async def _finish(self, finish: Finish, within_seconds: float) -> None:
        work = asyncio.ensure_future(finish())
        await self._wait_for(work, within_seconds)
        if not work.done():
            _LOG.warning("work was left unfinished", service=self.service)
            work.cancel()
        with suppress(asyncio.CancelledError):
            try:
                await work
            except Exception as error:  # noqa: BLE001 - the outermost net of this work: stopping goes on
                _LOG.error("finishing failed", service=self.service, exc_info=error)

    async def _stop(self, server: grpc.aio.Server, grace_seconds: float) -> None:
        # Only calls of the house are waited for: a watch of the health would last for ever.
        leaving = asyncio.create_task(self._gate.empty())
        await self._wait_for(leaving, grace_seconds)
        everybody_left = leaving.done()
        leaving.cancel()
        await server.stop(_LAST_BYTES_SECONDS if everybody_left else None)

    async def _wait_for(self, work: "asyncio.Future[object] | asyncio.Task[None]", within_seconds: float) -> None:
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait((work, hurry), timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()

    async def _keep_publishing(self) -> None:
        while True:
            await self.health.changed()
            await self._publish()

    async def _publish(self) -> None:
        snapshot = self.health.snapshot()
        overall = _Serving.SERVING if snapshot.serving else _Serving.NOT_SERVING
        for name in ("", *self._names):
            await self._health_servicer.set(name, overall)
        for name, dependency in snapshot.dependencies.items():
            up = dependency.state is DependencyState.UP
            await self._health_servicer.set(f"dependency.{name}", _Serving.SERVING if up else _Serving.NOT_SERVING)


def _why_not(address: Address) -> OSError:
    """The system's reason for not listening, which the gRPC runtime keeps for itself."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            return error
    return OSError()
