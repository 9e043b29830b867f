"""A house with a bus that holds a history, and effects that are counted in a table that keeps doubles."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.codec import schema_of
from soma_common.events.models import Event
from soma_common.events.topics import topic_of
from soma_common.events.transports.bus_history import BusHistory
from soma_common.events.transports.port import Envelope, Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database, HouseDatabase
from soma_common.replay.engine import ReplayEngine
from soma_common.replay.targets import ReplayTarget
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
EFFECTS = """
create table effects (event_id uuid not null, tenant_id uuid not null);
grant select, insert, delete on effects to chat_app;
"""
IDS = Ids()


def turns(tenant: TenantId, amount: int, streams: int = 3) -> list[Event]:
    """Turns that began, a second apart, over some streams."""
    payload = payloads_pb.TurnStarted(turn_id="1")
    return [
        Event(
            event_id=IDS.uuid7(),
            event_type="turn.started" if number % 3 else "turn.failed",
            trace_id=f"{number % 4:032x}",
            correlation_id="a-correlation",
            causation_id="",
            service_id="chat",
            tenant_id=tenant,
            stream=f"conversation/{number % streams}",
            sequence=number // streams + 1,
            timestamp=BEGUN + timedelta(seconds=number),
            schema=schema_of(payload),
            payload=payload.SerializeToString(),
        )
        for number in range(amount)
    ]


async def count(connection: Connection, event: Event) -> None:
    """The effect: one row, whether there is one or not."""
    await connection.execute("insert into effects values ($1, $2)", event.event_id, event.tenant_id)


class Past:
    """What was published, and who gets it again."""

    def __init__(self, database: Database, urls: HouseDatabase, bus: HouseDatabase, transport: Transport) -> None:
        self.database = database
        self.urls = urls
        self.bus_urls = bus
        self.transport = transport
        self.tenant = TenantId(uuid4())
        self.target = ReplayTarget("chat.counting", count)

    async def publish(self, events: Sequence[Event]) -> None:
        outcome = await self.transport.publish([Envelope.of(topic_of(event.stream), event) for event in events])
        assert (outcome.broken, outcome.failed) == (None, {})

    async def effects(self) -> Counter[UUID]:
        async with self.database.transaction(self.tenant) as connection:
            return Counter(row["event_id"] for row in await connection.fetch("select event_id from effects"))

    async def rows(self, table: str) -> int:
        async with self.database.transaction(self.tenant) as connection:
            return int(await connection.fetchval(f"select count(*) from {table}"))


@pytest.fixture
async def past(house_database: HouseDatabases, open_database: OpenDatabase, postgres_server: TestServer) -> Past:
    urls, bus = house_database("chat", None), house_database("bus", "soma_common.events")
    owner = await asyncpg.connect(urls.owner_dsn)
    try:
        await owner.execute(EFFECTS)
    finally:
        await owner.close()
    relay, reader = await open_database(postgres_server.as_relay(bus)), await open_database(bus)
    return Past(await open_database(urls), urls, bus, PostgresTransport(relay, reader, Clock(), Ids()))


@pytest.fixture
async def engine(past: Past, open_database: OpenDatabase) -> ReplayEngine:
    return ReplayEngine(past.database, BusHistory(await open_database(past.bus_urls)), Clock())
