"""Two houses with letters and sagas, and control before them, each a real server over a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from servers.control.operations.houses import Houses
from servers.control.operations.letters import DlqServicer
from servers.control.operations.sagas import SagaServicer
from soma.control.v1 import dlq_service_pb2_grpc as dlq_grpc
from soma.control.v1 import saga_service_pb2_grpc as saga_grpc
from soma.events.v1 import house_operations_service_pb2_grpc as operations_grpc
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.letters import Failure
from soma_common.dlq.policy import LetterPolicy
from soma_common.events.codec import schema_of, to_message
from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Delivery, Shard
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.operations.servicer import FULL_NAME, HouseOperationsServicer
from soma_common.postgres.pool import Database
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.sagas.models import SagaDefinition
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served

SECRET = "select password from people where path = '/etc/shadow'"


@dataclass
class House:
    """A house, its letters, and its server."""

    name: str
    database: Database
    letters: DLQHandler
    served: Served

    async def park(
        self, tenant: TenantId = TENANT, consumer: str = "reader", stream: str = "conversation/1", attempts: int = 9
    ) -> str:
        """An event that failed so often; its id."""
        payload = payloads_pb.TurnStarted(turn_id=str(uuid4()))
        event = Event(
            Ids().uuid7(), "turn.started", "1" * 32, "a-correlation", "", "chat", tenant, stream, 1,
            datetime.now(UTC), schema_of(payload), payload.SerializeToString(),
        )  # fmt: skip
        body = to_message(event).SerializeToString()
        delivery = Delivery(Shard(TURNS.name, 0), 1, body, event.timestamp, {"traceparent": b"00-11"})
        failure = Failure.of(RuntimeError(SECRET), "an-error-id")
        await self.letters.capture_failed_event(consumer, delivery, event, failure, attempts, LetterPolicy())
        return str(event.event_id)

    async def told(self, event_type: str) -> int:
        """How many such events this house wrote."""
        async with self.database.worker() as connection:
            return int(await connection.fetchval("select count(*) from events where event_type = $1", event_type))


@dataclass
class Installation:
    """Control with its houses, and the stubs of a person."""

    houses: dict[str, House]
    sagas: SagaOrchestrator
    dlq: dlq_grpc.DlqServiceStub
    saga: saga_grpc.SagaServiceStub
    rpc: RpcHarness

    async def stop(self, name: str) -> None:
        """The house answers no more."""
        await self.houses[name].served.server.drain(0.0)

    def direct(self, name: str, service: str) -> operations_grpc.HouseOperationsServiceStub:
        """The house's own door, as another service sees it."""
        channel = self.rpc.channel(self.houses[name].served, service=service)
        return channel.stub(operations_grpc.HouseOperationsServiceStub)


@pytest.fixture
def definitions() -> tuple[SagaDefinition, ...]:
    """The sagas of the house chat; a module of tests says which."""
    return ()


@pytest.fixture
async def installation(
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
    definitions: tuple[SagaDefinition, ...],
) -> AsyncIterator[Installation]:
    houses, channels = dict[str, House](), dict[str, Channel]()
    sagas: SagaOrchestrator | None = None
    for name in ("chat", "memory"):
        database, events = await open_database(house_database(name, None)), EventStore(name)
        letters = DLQHandler(database, events)
        own = SagaOrchestrator(database, events, definitions, Clock(), Ids()) if name == "chat" else None
        sagas = sagas or own
        servicer = HouseOperationsServicer(name, database, letters, own)
        added = Added(operations_grpc.add_HouseOperationsServiceServicer_to_server, servicer, FULL_NAME)
        served = await rpc.serve(name, added, idempotency=IdempotencyStore(database))
        houses[name] = House(name, database, letters, served)
        channels[name] = dial(served.target, rpc.identity.signer("control"), name=name)
    assert sagas is not None
    behind = Houses(channels)
    served = await rpc.serve("control", *_doors(behind))
    channel = rpc.channel(served, service="edge")
    running = asyncio.create_task(sagas.run())
    yield Installation(
        houses, sagas, channel.stub(dlq_grpc.DlqServiceStub), channel.stub(saga_grpc.SagaServiceStub), rpc
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await behind.close()


def _doors(houses: Houses) -> tuple[Added, Added]:
    dlq: Any = dlq_grpc.add_DlqServiceServicer_to_server
    saga: Any = saga_grpc.add_SagaServiceServicer_to_server
    return (
        Added(dlq, DlqServicer(houses), "soma.control.v1.DlqService"),
        Added(saga, SagaServicer(houses), "soma.control.v1.SagaService"),
    )
