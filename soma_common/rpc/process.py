"""What every process of a service has: its database, its server, its operators' face, and how it ends.

Nothing here knows a service or reads a setting; composition roots hand both in.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import uvloop

from soma.events.v1 import house_operations_service_pb2_grpc as operations_grpc
from soma_common.dlq.handler import DLQHandler
from soma_common.events.consumer import Consumer
from soma_common.events.consumption import Consumption, Effect
from soma_common.events.metrics import ConsumerMetrics, RelayMetrics
from soma_common.events.relay import Relay
from soma_common.events.retention import Retention
from soma_common.events.store import EventStore
from soma_common.events.transports.opening import TransportSettings, open_transport
from soma_common.events.transports.port import Transport
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.logging import get_logger
from soma_common.operations.erasing import Erasing
from soma_common.operations.metrics import LOOK_SECONDS, ParkedLetters
from soma_common.operations.servicer import FULL_NAME, HouseOperationsServicer
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.migrate import MigrationError, require_current
from soma_common.postgres.pool import Database
from soma_common.rpc.address import ListenFailed
from soma_common.rpc.dial import dial
from soma_common.rpc.health import HealthBoard
from soma_common.rpc.health_reports import GovernorEar, HealthReporter, Tell, View
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.rpc.ops_http import OpsHttp
from soma_common.rpc.serve import DRAIN_SECONDS, Finish, serve_until_signal
from soma_common.rpc.server import RpcServer, ServerSettings
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.metrics import SagaMetrics
from soma_common.sagas.models import SagaDefinition
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.security.keys import KeyFileError
from soma_common.security.tokens import ServiceSigner, TokenVerifier

_LOG: Final = get_logger("soma.process")
_DATABASE_SECONDS: Final = 60.0
_SWEEP_SECONDS: Final = 3600.0
_RESTART_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """Where a service listens, where its tables are, its keys, how its events travel, who exchanges API keys, and who
    hears what it sees of its dependencies (nobody where there is no target).

    `package` is the house's import name.
    """

    service: str
    package: str
    grpc_listen: str
    http_listen: str
    database: HouseDatabase
    jwks_path: Path
    service_key_path: Path
    transport: TransportSettings
    control_targets: tuple[str, ...]
    governor_targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """The parts of a process that runs; a composition root adds its servicers to `server` and calls `serve`."""

    settings: ProcessSettings
    database: Database
    server: RpcServer
    health: HealthBoard
    events: EventStore
    transport: Transport
    relay: Relay
    retention: Retention
    signer: ServiceSigner
    clock: Clock
    ids: Ids
    consumed: ConsumerMetrics
    consumers: list[Consumer] = field(default_factory=list)
    views: list[View] = field(default_factory=list)

    def consume(self, *what: Consumption) -> None:
        """Have these consumers run while the process serves; their dead letters are this house's."""
        parts = (self.database, self.transport, DLQHandler(self.database, self.events))
        self.consumers.extend(Consumer(*parts, each, self.ids, self.consumed) for each in what)

    def subscribe(self, consumer: str, types: Iterable[str], effect: Effect) -> None:
        """The short form of `consume`: have an effect for every event of these types, in the transaction it gets."""
        self.consume(Consumption.of_types(consumer, types, effect))

    def orchestrator(self, definitions: Iterable[SagaDefinition]) -> SagaOrchestrator:
        """The sagas of this house, to be handed to `serve`; without definitions they can only be looked at."""
        conduct = Conduct(SagaMetrics(self.server.registry))
        return SagaOrchestrator(self.database, self.events, definitions, self.clock, self.ids, conduct)

    async def serve(
        self,
        finish: Finish | None = None,
        *,
        sagas: SagaOrchestrator | None = None,
        tell: Tell | None = None,
        erasing: Erasing | None = None,
        grace_seconds: float = DRAIN_SECONDS,
    ) -> None:
        """Serve until SIGTERM or SIGINT, then drain; `finish` is what must still be done or handed over.

        `sagas` are those of the house: they are run here, and its operators can decide about them. `erasing` forgets
        persons in its stores; without one in those that every house has. `tell` is how the
        governor hears what is seen here, without the usual call.
        """
        settings = self.settings
        release = version("somastack")
        letters = DLQHandler(self.database, self.events)
        parked = ParkedLetters(letters, self.server.registry)
        self.server.add(
            operations_grpc.add_HouseOperationsServiceServicer_to_server,
            HouseOperationsServicer(settings.service, self.database, letters, sagas, erasing),
            FULL_NAME,
        )
        ops = OpsHttp(settings.service, release, settings.http_listen, self.health, self.server.registry)
        answers = IdempotencyStore(self.database)
        works: list[tuple[str, Callable[[], Awaitable[object]], float]] = [
            ("sweep answers", answers.sweep, _SWEEP_SECONDS),
            ("keep events", self.retention.keep, _SWEEP_SECONDS),
            ("count letters", parked.look, LOOK_SECONDS),
            ("relay events", self.relay.run, _RESTART_SECONDS),
            *(("consume events", consumer.run, _RESTART_SECONDS) for consumer in self.consumers),
        ]
        if sagas is not None:
            works += [("run sagas", sagas.run, _RESTART_SECONDS), ("sweep sagas", sagas.sweep, _SWEEP_SECONDS)]
        async with self._ear() as ear:
            if (tell := tell or ear) is not None:
                reporter = HealthReporter(self.health, self.views, tell, self.clock)
                works.append(("report health", reporter.run, _RESTART_SECONDS))
            jobs = [asyncio.create_task(keep_running(*work), name=work[0]) for work in works]
            try:
                await serve_until_signal(self.server, ops, finish, grace_seconds=grace_seconds)
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)

    @asynccontextmanager
    async def _ear(self) -> AsyncIterator[Tell | None]:
        """Where the governor hears of what is seen here; None where there is none."""
        if not self.settings.governor_targets:
            yield None
            return
        async with dial(self.settings.governor_targets, self.signer, name="governor") as governor:
            yield GovernorEar(self.settings.service, governor, self.ids).tell


@asynccontextmanager
async def opened(settings: ProcessSettings) -> AsyncIterator[Process]:
    """Open the database, wait for it, refuse a schema that is behind, and make the server.

    Raises MigrationError, and SomaError(DATABASE_UNAVAILABLE) when the database stays away for a minute.
    """
    clock, ids = Clock(), Ids()
    database = await Database.open(settings.database)
    try:
        await _wait_for(database)
        await require_current(database, settings.package)
        health = HealthBoard(clock)
        health.watch("database", database.ping, required=True)
        signer = ServiceSigner(settings.service, settings.service_key_path)
        keys = KeyExchange(settings.service, settings.control_targets, signer, clock)
        server = RpcServer(
            settings.service,
            settings.grpc_listen,
            TokenVerifier(settings.jwks_path, clock),
            health,
            idempotency=IdempotencyStore(database),
            settings=ServerSettings(keys=keys),
        )
        transport = await open_transport(settings.transport, clock, ids)
        relay = Relay(database, transport, clock, ids, RelayMetrics(server.registry))
        health.watch("events", relay.check)
        events = EventStore(settings.service, ids, relay.wake)
        try:
            retention = Retention(database, transport, clock)
            await retention.make_partitions()
            consumed = ConsumerMetrics(server.registry)
            yield Process(
                settings, database, server, health, events, transport, relay, retention, signer, clock, ids, consumed
            )
        finally:
            await transport.close()
            await keys.close()
    finally:
        await database.close()


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run a process to its end; what stops it from serving becomes one sentence and exit code 1."""
    gc.freeze()  # what was loaded stays for good: a full collection that walks it all would hold every stream up
    try:
        uvloop.run(main())
    except (MigrationError, ListenFailed, KeyFileError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except SomaError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 1
    return 0


async def keep_running(name: str, work: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
    """Repeat a piece of background work until cancelled; a failure is logged and the work goes on."""
    while True:
        await asyncio.sleep(pause_seconds)
        try:
            await work()
        except SomaError as error:
            _LOG.warning("background work failed", work=name, reason=error.reason.value)
        except Exception as error:  # noqa: BLE001 - the outermost net of this task: the work goes on
            _LOG.error("background work failed", work=name, error_id=str(Ids().uuid7()), exc_info=error)


async def _wait_for(database: Database) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _DATABASE_SECONDS
    while True:
        try:
            return await database.ping()
        except SomaError:
            if loop.time() > until:
                raise
            await asyncio.sleep(0.25)
