"""The history of a transport, one suite on the bus in PostgreSQL and on Kafka: read it, filter it, follow it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.codec import schema_of
from soma_common.events.models import Event
from soma_common.events.topics import topic_of
from soma_common.events.transports.bus_history import BusHistory
from soma_common.events.transports.history import Chunk, History, UnknownPositionError
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.kafka_history import KafkaHistory
from soma_common.events.transports.port import Envelope, Transport, TransportError
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.replay.filters import EventFilters
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer

pytestmark = pytest.mark.contract

IDS = Ids()
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
TRACES = ("a" * 32, "ab" + "0" * 30)
TENANT, OTHER = TenantId(uuid4()), TenantId(uuid4())


@dataclass(frozen=True)
class Published:
    """A transport that holds events, and its history."""

    transport: Transport
    history: History

    async def publish(self, *events: Event) -> None:
        outcome = await self.transport.publish([Envelope.of(topic_of(event.stream), event) for event in events])
        assert (outcome.broken, outcome.failed) == (None, {})

    async def found(self, filters: EventFilters, size: int = 200) -> list[Event]:
        async with aclosing(self.history.read(filters, size=size)) as chunks:
            return [event for chunk in [chunk async for chunk in chunks] for event in chunk.events]


@pytest.fixture(params=["postgres", "kafka"])
async def published(
    request: pytest.FixtureRequest, topic_prefix: str, open_database: OpenDatabase
) -> AsyncGenerator[Published, None]:
    if request.param == "kafka":
        bootstrap = [request.getfixturevalue("kafka_bootstrap")]
        transport = KafkaTransport(bootstrap, prefix=topic_prefix)
        yield Published(transport, KafkaHistory(bootstrap, prefix=topic_prefix))
        await transport.close()
        return
    make: HouseDatabases = request.getfixturevalue("house_database")
    server: TestServer = request.getfixturevalue("postgres_server")
    urls = make("bus", "soma_common.events")
    relay, reader = await open_database(server.as_relay(urls)), await open_database(urls)
    yield Published(PostgresTransport(relay, reader, Clock(), Ids()), BusHistory(reader))


def an_event(stream: str, sequence: int, seconds: float, **given: object) -> Event:
    payload = payloads_pb.TurnStarted(turn_id=str(sequence))
    event = Event(
        event_id=IDS.uuid7(),
        event_type="turn.started",
        trace_id=TRACES[0],
        correlation_id="a-correlation",
        causation_id="",
        service_id="chat",
        tenant_id=TENANT,
        stream=stream,
        sequence=sequence,
        timestamp=BEGUN + timedelta(seconds=seconds),
        schema=schema_of(payload),
        payload=payload.SerializeToString(),
        metadata={"k": "v"},
    )
    return replace(event, **given)  # type: ignore[arg-type]


def story() -> list[Event]:
    """Two streams beside one another, other kinds and another tenant among them."""
    return [
        an_event("conversation/1", 1, 0),
        an_event("conversation/2", 1, 1, trace_id=TRACES[1]),
        an_event("conversation/1", 1, 2, tenant_id=OTHER),
        an_event("conversation/1", 2, 3, event_type="turn.completed", correlation_id="another"),
        an_event("memory/1", 1, 4, event_type="memory.stored", service_id="memory"),
        an_event("conversation/2", 2, 5, event_type="turn.failed", trace_id=TRACES[1]),
        an_event("budget/1", 1, 6, event_type="governor.settled", service_id="governor"),
    ]


async def test_a_tenant_reads_its_own_whole_and_in_the_order_of_time(published: Published) -> None:
    events = story()
    await published.publish(*events)
    assert await published.found(EventFilters(TENANT)) == [event for event in events if event.tenant_id == TENANT]
    assert await published.found(EventFilters(OTHER)) == [event for event in events if event.tenant_id == OTHER]
    assert await published.found(EventFilters(TenantId(uuid4()))) == []


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({"trace_id": TRACES[1]}, [1, 5]),
        ({"trace_id": "ab00"}, [1, 5]),
        ({"trace_id": "aaaa"}, [0, 3, 4, 6]),
        ({"correlation_id": "another"}, [3]),
        ({"service": "memory"}, [4]),
        ({"event_type": "turn.failed"}, [5]),
        ({"event_type": "turn.*"}, [0, 1, 3, 5]),
        ({"event_type": "turn"}, []),
        ({"stream": "conversation/2"}, [1, 5]),
        ({"stream": "conversation"}, []),
        ({"since": BEGUN + timedelta(seconds=3)}, [3, 4, 5, 6]),
        ({"until": BEGUN + timedelta(seconds=3)}, [0, 1]),
        ({"since": BEGUN + timedelta(seconds=3), "until": BEGUN + timedelta(seconds=5), "service": "chat"}, [3]),
        ({"trace_id": TRACES[1], "event_type": "turn.started"}, [1]),
        ({"stream": "conversation/1", "event_type": "turn.completed"}, [3]),
    ],
    ids=str,
)
async def test_filters_find_exactly_what_they_mean(
    published: Published, wanted: dict[str, object], places: list[int]
) -> None:
    events = story()
    await published.publish(*events)
    filters = EventFilters(TENANT, **wanted)  # type: ignore[arg-type]
    assert await published.found(filters) == [events[place] for place in places]
    assert await published.found(filters, size=1) == [events[place] for place in places]


async def test_reading_goes_on_at_any_position_without_a_loss_or_a_double(published: Published) -> None:
    events = [an_event(f"conversation/{number % 7}", number // 7 + 1, number) for number in range(50)]
    await published.publish(*events)
    seen: list[Event] = []
    position = ""
    for _ in range(30):
        async with aclosing(published.history.read(EventFilters(TENANT), position, size=4)) as chunks:
            chunk = await anext(chunks)
        seen += chunk.events
        position = chunk.position
        if len(chunk.events) < 4:
            break
    assert [int((event.timestamp - BEGUN).total_seconds()) for event in seen] == list(range(50))
    assert seen == events
    later = an_event("conversation/1", 99, 100)
    await published.publish(later)
    async with aclosing(published.history.read(EventFilters(TENANT), position)) as chunks:
        assert (await anext(chunks)).events == [later]


async def test_a_stream_stays_in_order_also_when_others_are_published_late(published: Published) -> None:
    """A relay that lagged hands over old events behind young ones."""
    young = [an_event("conversation/1", number, 100 + number) for number in range(1, 6)]
    old = [an_event("conversation/2", number, number) for number in range(1, 6)]
    await published.publish(*young)
    await published.publish(*old)
    found = await published.found(EventFilters(TENANT), size=2)
    assert sorted(event.event_id for event in found) == sorted(event.event_id for event in (*young, *old))
    for _, own in groupby(sorted(found, key=lambda event: event.stream), key=lambda event: event.stream):
        assert [event.sequence for event in own] == [1, 2, 3, 4, 5]
    since = EventFilters(TENANT, since=BEGUN + timedelta(seconds=50))
    assert await published.found(since) == young


async def test_a_follower_hears_everything_from_its_beginning_on_and_resumes(published: Published) -> None:
    await published.publish(an_event("conversation/1", 1, 0))
    filters = EventFilters(TENANT, event_type="turn.*")
    news = [an_event("conversation/1", number, number) for number in range(2, 30)]
    noise = [an_event("memory/1", 1, 1, event_type="memory.stored"), an_event("conversation/1", 2, 2, tenant_id=OTHER)]
    async with aclosing(published.history.follow(filters)) as following:
        begun = await anext(following)
        assert list(begun.events) == []
        await published.publish(*noise, *news[:14])
        first = await heard(following, 14)
        assert [event for chunk in first for event in chunk.events] == news[:14]
    await published.publish(*news[14:])
    async with aclosing(published.history.follow(filters, first[-1].position)) as following:
        assert list((await anext(following)).events) == []
        again = await heard(following, 14)
        assert [event for chunk in again for event in chunk.events] == news[14:]
    async with aclosing(published.history.follow(filters, begun.position)) as following:
        await anext(following)
        whole = await heard(following, 28)
        assert [event for chunk in whole for event in chunk.events] == news


async def heard(following: AsyncGenerator[Chunk, None], amount: int) -> list[Chunk]:
    """Chunks until they hold so many events."""
    chunks: list[Chunk] = []
    async with asyncio.timeout(30):
        while sum(len(chunk.events) for chunk in chunks) < amount:
            chunks.append(await anext(following))
    return chunks


@pytest.mark.parametrize("position", ["nonsense", "e30", "=" * 50, "2026-01-01/x"])
async def test_a_position_that_is_none_of_its_own_is_refused(published: Published, position: str) -> None:
    for reading in (published.history.read, published.history.follow):
        with pytest.raises(UnknownPositionError):
            async with aclosing(reading(EventFilters(TENANT), position)) as chunks:
                await anext(chunks)


async def test_a_broker_that_is_away_is_said_so() -> None:
    history = KafkaHistory(["127.0.0.1:1"], request_seconds=0.5)
    with pytest.raises(TransportError):
        async with aclosing(history.read(EventFilters(TENANT))) as chunks:
            await anext(chunks)


def test_filters_refuse_what_cannot_be_meant() -> None:
    for wrong in (
        {"since": BEGUN, "until": BEGUN},
        {"since": BEGUN, "until": BEGUN - timedelta(days=1)},
        {"trace_id": "abc"},
        {"trace_id": "x" * 32},
        {"event_type": "Turn"},
        {"event_type": "*"},
        {"stream": "a\0b"},
        {"service": "s" * 201},
    ):
        with pytest.raises(SomaError) as refused:
            EventFilters(TENANT, **wrong)
        assert refused.value.reason is Reason.INVALID_FIELD


def test_filters_survive_their_own_text() -> None:
    filters = EventFilters(TENANT, trace_id="abcd", since=BEGUN, event_type="turn.*", stream="conversation/1")
    assert EventFilters.of_object(TENANT, filters.to_object()) == filters
    foreign = EventFilters.of_object(OTHER, filters.to_object())
    assert foreign.tenant_id == OTHER != UUID(filters.to_object()["tenant_id"])
