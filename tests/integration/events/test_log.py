"""A house's own log, read again: by filters and pages, and a stream from a place on."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import Event, EventDraft
from soma_common.events.store import EventStore, place_of
from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import Page
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.replay.filters import EventFilters
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

STORE = EventStore("chat")
FIRST = Page(50, None)


class Log:
    """The log of a house with the story of one tenant in it, and of another one's beside it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tenant = TenantId(uuid4())
        self.events: list[Event] = []

    async def write(self, drafts: Sequence[EventDraft], tenant: TenantId) -> list[Event]:
        return await self.database.run(tenant, lambda it: STORE.append(it, tenant, drafts))

    async def query(self, filters: EventFilters, page: Page = FIRST) -> list[Event]:
        async with self.database.transaction(filters.tenant_id) as connection:
            return await STORE.query(connection, filters, page)


@pytest.fixture
async def log(house_database: HouseDatabases, open_database: OpenDatabase) -> Log:
    made = Log(await open_database(house_database("chat", None)))
    started = payloads_pb.TurnStarted(turn_id="1")
    types = ("turn.started", "turn.completed", "agent.created")
    for number in range(12):
        stream = f"conversation/{number % 3}"
        draft = EventDraft(types[number % 3], stream, started, f"call-{number % 2}")
        made.events += await made.write([draft], made.tenant)
        await made.write([draft], TenantId(uuid4()))
    return made


async def test_filters_and_pages_find_a_tenants_own(log: Log) -> None:
    everything = EventFilters(log.tenant)
    assert await log.query(everything) == log.events
    first = await log.query(everything, Page(5, None))
    second = await log.query(everything, Page(5, place_of(first[-1])))
    rest = await log.query(everything, Page(5, place_of(second[-1])))
    assert [*first, *second, *rest] == log.events
    for wanted in (
        {"event_type": "turn.*"},
        {"event_type": "agent.created"},
        {"stream": "conversation/1"},
        {"correlation_id": "call-1"},
        {"trace_id": log.events[4].trace_id},
        {"since": log.events[3].timestamp, "until": log.events[7].timestamp},
        {"stream": "conversation/1", "correlation_id": "call-0"},
    ):
        filters = EventFilters(log.tenant, **wanted)
        meant = [event for event in log.events if filters.matches(event)]
        assert meant
        assert await log.query(filters) == meant
        assert await log.query(filters, Page(1, None)) == meant[:1]
    assert await log.query(replace(everything, service="memory")) == []
    assert await log.query(EventFilters(TenantId(uuid4()))) == []


async def test_a_page_begins_at_the_place_of_an_event(log: Log) -> None:
    for after in (("nonsense", "x"), ("2026-01-01T00:00:00+00:00",), (1, 2, 3)):
        with pytest.raises(SomaError) as refused:
            await log.query(EventFilters(log.tenant), Page(5, after))
        assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_stream_is_read_from_a_place_to_its_end(log: Log) -> None:
    own = [event for event in log.events if event.stream == "conversation/2"]
    read = STORE.stream(log.database, log.tenant, "conversation/2")
    assert [event async for event in read] == own
    assert [event async for event in STORE.stream(log.database, log.tenant, "conversation/2", 3)] == own[2:]
    assert [event async for event in STORE.stream(log.database, TenantId(uuid4()), "conversation/2")] == []
    many = [EventDraft("turn.started", "conversation/9", payloads_pb.TurnStarted(turn_id="1"), "c")] * 1100
    await log.write(many, log.tenant)
    sequences = [event.sequence async for event in STORE.stream(log.database, log.tenant, "conversation/9")]
    assert sequences == list(range(1, 1101))
