"""A house with its outbox, a bus, and relays between them, all on a real server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.failpoints import Reached, pass_by
from soma_common.events.metrics import RelayMetrics
from soma_common.events.models import Event, EventDraft
from soma_common.events.relay import Relay
from soma_common.events.store import EventStore
from soma_common.events.topics import TOPICS, Topic
from soma_common.events.transports.port import Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer

STREAM = "conversation/1"


class House:
    """A house that writes events, and what its relays made of them."""

    def __init__(self, database: Database, urls: HouseDatabase, bus_urls: HouseDatabase, transport: Transport) -> None:
        self.database = database
        self.urls = urls
        self.bus_urls = bus_urls
        self.transport = transport
        self.store = EventStore("chat")
        self.tenant = TenantId(uuid4())

    def relay(
        self, *, lease_seconds: float = 10.0, reached: Reached = pass_by, transport: Transport | None = None
    ) -> Relay:
        parts = (self.database, transport or self.transport, Clock(), Ids(), RelayMetrics())
        return Relay(*parts, lease_seconds=lease_seconds, reached=reached)

    async def write(self, *streams: str) -> list[Event]:
        """One event on each of these streams, in one transaction."""
        drafts = [
            EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=str(uuid4())), "a-correlation")
            for stream in streams
        ]
        return await self.database.run(self.tenant, lambda it: self.store.append(it, self.tenant, drafts))

    async def waiting(self) -> int:
        async with self.database.worker() as connection:
            return int(await connection.fetchval("select count(*) from outbox"))

    async def settle(self, relay: Relay) -> int:
        """Rounds until one publishes nothing; returns how many events went out."""
        total = 0
        while published := await relay.publish_some():
            total += published
        return total

    async def published(self, topics: Sequence[Topic] = TOPICS) -> list[Event]:
        """Everything in the transport, as a new consumer finds it."""
        subscription = await self.transport.subscribe(f"reader-{uuid4()}", topics)
        try:
            found: list[Event] = []
            while some := await subscription.fetch(1000, 0.0):
                found += [delivery.event() for delivery in some]
            return found
        finally:
            await subscription.close()

    async def published_at_last(self, amount: int) -> list[Event]:
        """So many different events, as a new consumer gets them from a transport that takes a moment."""
        subscription, found = await self.transport.subscribe(f"reader-{uuid4()}", TOPICS), list[Event]()

        async def all_there() -> bool:
            found.extend(delivery.event() for delivery in await subscription.fetch(1000, 0.5))
            return len({event.event_id for event in found}) >= amount

        try:
            await eventually(all_there, within_seconds=30)
        finally:
            await subscription.close()
        return found


@pytest.fixture
async def house(house_database: HouseDatabases, open_database: OpenDatabase, postgres_server: TestServer) -> House:
    urls, bus = house_database("chat", None), house_database("bus", "soma_common.events")
    relay, reader = await open_database(postgres_server.as_relay(bus)), await open_database(bus)
    return House(await open_database(urls), urls, bus, PostgresTransport(relay, reader, Clock(), Ids()))


@pytest.fixture
async def running(house: House) -> AsyncIterator[Relay]:
    """A relay at work."""
    relay = house.relay()
    task = asyncio.create_task(relay.run())
    yield relay
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
