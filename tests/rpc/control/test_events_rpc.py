"""What was published, through its doors: listed, followed and replayed by operators, of their own tenant only."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from servers.control.event_rpc import EventServicer
from servers.control.events import Closing, EventReading, Replaying
from servers.control.usage import CONSUMER, UsageCounting, UsageReading
from servers.control.usage_rpc import UsageServicer
from servers.control.usage_store import UsageStore
from soma.common.v1 import usage_pb2
from soma.control.v1 import event_service_pb2 as event_pb
from soma.control.v1 import event_service_pb2_grpc as event_grpc
from soma.control.v1 import usage_service_pb2 as usage_pb
from soma.control.v1 import usage_service_pb2_grpc as usage_grpc
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.events.codec import schema_of
from soma_common.events.consumer import Consumer
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.models import Event, EventSchema
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS, topic_of
from soma_common.events.transports.bus_history import BusHistory
from soma_common.events.transports.port import Envelope, Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.replay.engine import ReplayEngine
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.replies import following
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from soma_common.testing.rpc import Added, RpcHarness

DAY = datetime(2026, 5, 25, 23, 59, 0, tzinfo=UTC)
IDS = Ids()
TYPES = ("turn.completed", "turn.failed", "turn.cancelled")


@dataclass(frozen=True)
class Door:
    """Stubs as a person has them, and what stands behind."""

    events: event_grpc.EventServiceStub
    usage: usage_grpc.UsageServiceStub
    transport: Transport
    database: Database
    urls: HouseDatabase
    counting: UsageCounting
    closing: Closing

    async def publish(self, *events: Event) -> None:
        outcome = await self.transport.publish([Envelope.of(topic_of(event.stream), event) for event in events])
        assert (outcome.broken, outcome.failed) == (None, {})

    async def replayed(self, **request: Any) -> list[event_pb.ReplayEventsResponse]:
        async with following(self.events.ReplayEvents(event_pb.ReplayEventsRequest(**request))) as told:
            return [message async for message in told]

    async def empty_usage(self) -> None:
        owner = await asyncpg.connect(self.urls.owner_dsn)
        try:
            await owner.execute("truncate usage_turns")
        finally:
            await owner.close()


@pytest.fixture
async def door(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase, postgres_server: TestServer
) -> Door:
    urls, bus = house_database("control", "servers.control"), house_database("bus", "soma_common.events")
    database = await open_database(urls)
    relay, reader = await open_database(postgres_server.as_relay(bus)), await open_database(bus)
    transport, history = PostgresTransport(relay, reader, Clock(), IDS), BusHistory(await open_database(bus))
    store, closing = UsageStore(), Closing()
    counting = UsageCounting(store)
    engine = ReplayEngine(database, history, Clock())
    reading = UsageReading(database, store, SetClock(DAY + timedelta(days=2)))
    replaying = Replaying(database, engine, [counting.target()], IDS, closing)
    served = await rpc.serve(
        "control",
        Added(
            event_grpc.add_EventServiceServicer_to_server,
            EventServicer(EventReading(history, closing), replaying),
            "soma.control.v1.EventService",
        ),
        Added(usage_grpc.add_UsageServiceServicer_to_server, UsageServicer(reading), "soma.control.v1.UsageService"),
        idempotency=IdempotencyStore(database),
    )
    channel = rpc.channel(served)
    stubs = channel.stub(event_grpc.EventServiceStub), channel.stub(usage_grpc.UsageServiceStub)
    return Door(*stubs, transport, database, urls, counting, closing)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def ended(number: int, **given: Any) -> Event:
    """The end of a turn, 20 seconds after the one before; every third one failed or was cancelled."""
    payload = payloads_pb.TurnEnded(
        turn_id=str(number),
        agent_id=f"agent-{number % 2}",
        usage=usage_pb2.TokenUsage(input_tokens=10, cached_input_tokens=4, output_tokens=5, reasoning_tokens=2),
        cost_micros=7,
    )
    event = Event(
        event_id=IDS.uuid7(),
        event_type=TYPES[number % 3],
        trace_id=f"{number:032x}",
        correlation_id=f"call-{number}",
        causation_id="",
        service_id="chat",
        tenant_id=TENANT,
        stream=f"conversation/{number % 4}",
        sequence=number // 4 + 1,
        timestamp=DAY + timedelta(seconds=20 * number),
        schema=schema_of(payload),
        payload=payload.SerializeToString(),
        metadata={"k": "v"},
    )
    return replace(event, **given)


async def test_events_are_listed_whole_by_filters_and_pages(door: Door) -> None:
    events = [ended(number) for number in range(7)]
    await door.publish(*events, ended(0, tenant_id=OTHER_TENANT))
    listed: list[event_pb.EventRecord] = []
    token = ""
    while True:
        page = await door.events.ListEvents(event_pb.ListEventsRequest(page_size=3, page_token=token))
        listed += page.events
        token = page.next_page_token
        if not token:
            break
    assert [record.event_id for record in listed] == [str(event.event_id) for event in events]
    first = listed[0]
    assert (first.event_type, first.service, first.stream) == ("turn.completed", "chat", "conversation/0")
    assert (first.sequence, first.trace_id, first.correlation_id) == (1, "0" * 32, "call-0")
    assert first.time.ToDatetime(UTC) == DAY
    assert first.schema.message == "soma.events.v1.TurnEnded"
    payload = json_format.MessageToDict(first.payload)
    assert (payload["turn_id"], payload["usage"]["input_tokens"]) == ("0", 10)
    assert dict(first.metadata) == {"k": "v"}
    one = event_pb.ListEventsRequest(filter=event_pb.EventFilter(event_type="turn.failed", stream="conversation/1"))
    assert [record.correlation_id for record in (await door.events.ListEvents(one)).events] == ["call-1"]


async def test_a_payload_of_another_release_is_shown_as_it_was_stored(door: Door) -> None:
    known = ended(1).schema
    strange = [
        ended(1, schema=EventSchema(known.message, "0" * 16, "v1")),
        ended(2, schema=EventSchema("soma.events.v1.Nothing", known.fingerprint, "v1")),
        ended(3, schema=EventSchema("google.protobuf.Any", known.fingerprint, "v1")),
    ]
    await door.publish(*strange)
    records = (await door.events.ListEvents(event_pb.ListEventsRequest())).events
    for event, record in zip(strange, records, strict=True):
        assert not record.HasField("payload")
        assert record.payload_bytes == event.payload
        assert record.schema.message == event.schema.message


@pytest.mark.parametrize(
    "request_",
    [
        event_pb.ListEventsRequest(page_token="broken"),
        event_pb.ListEventsRequest(page_token="eyJ4IjoxfQ"),
        event_pb.ListEventsRequest(filter=event_pb.EventFilter(trace_id="xyz")),
        event_pb.ListEventsRequest(filter=event_pb.EventFilter(event_type="Turn.*")),
        event_pb.ListEventsRequest(
            filter=event_pb.EventFilter(since=Timestamp(seconds=20), until=Timestamp(seconds=10))
        ),
        event_pb.ListEventsRequest(filter=event_pb.EventFilter(since=Timestamp(seconds=2**60))),
    ],
    ids=["token", "token of others", "trace", "type", "inverted", "time"],
)
async def test_what_cannot_be_meant_is_refused(door: Door, request_: event_pb.ListEventsRequest) -> None:
    with pytest.raises(SomaError) as refused:
        await door.events.ListEvents(request_)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_page_token_belongs_to_its_filter(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(4)))
    page = await door.events.ListEvents(event_pb.ListEventsRequest(page_size=2))
    other = event_pb.ListEventsRequest(
        filter=event_pb.EventFilter(service="chat"), page_size=2, page_token=page.next_page_token
    )
    with pytest.raises(SomaError) as refused:
        await door.events.ListEvents(other)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_another_tenant_and_a_viewer_see_nothing(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(4)))
    await door.replayed(target=CONSUMER, effects=True)
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("admin",)), "test"):
        assert not (await door.events.ListEvents(event_pb.ListEventsRequest())).events
        assert (await door.replayed(target=CONSUMER))[-1].matched == 0
        assert (await door.usage.GetUsage(usage_pb.GetUsageRequest())).total.turns == 0
    for role in ("viewer", "member"):
        with acting_as(user(roles=(role,)), "test"):
            for call in (
                door.events.ListEvents(event_pb.ListEventsRequest()),
                door.usage.GetUsage(usage_pb.GetUsageRequest()),
                door.replayed(target=CONSUMER, effects=True),
                watched(door, 1),
            ):
                with pytest.raises(SomaError) as refused:
                    await call
                assert refused.value.reason is Reason.SCOPE_MISSING


async def watched(door: Door, amount: int, cursor: str = "") -> list[event_pb.WatchEventsResponse]:
    """So many messages of a watch."""
    found: list[event_pb.WatchEventsResponse] = []
    async with following(door.events.WatchEvents(event_pb.WatchEventsRequest(cursor=cursor))) as stream:
        async for message in stream:
            found.append(message)
            if len(found) == amount:
                break
    return found


async def heard(stream: AsyncIterator[event_pb.WatchEventsResponse], amount: int) -> list[event_pb.WatchEventsResponse]:
    found: list[event_pb.WatchEventsResponse] = []
    async with asyncio.timeout(10):
        while sum(len(message.events) for message in found) < amount:
            found.append(await anext(stream))
    return found


async def test_a_watch_is_numbered_and_goes_on_at_its_cursor(door: Door) -> None:
    await door.publish(ended(0))
    wanted = event_pb.EventFilter(event_type="turn.*")
    async with following(door.events.WatchEvents(event_pb.WatchEventsRequest(filter=wanted))) as stream:
        header = await anext(stream)
        assert (header.sequence, len(header.events)) == (1, 0)
        await door.publish(*(ended(number) for number in range(1, 4)), ended(9, tenant_id=OTHER_TENANT))
        news = await heard(stream, 3)
        assert [message.sequence for message in news] == list(range(2, len(news) + 2))
        assert {record.correlation_id for message in news for record in message.events} == {
            "call-1",
            "call-2",
            "call-3",
        }
    await door.publish(ended(4))
    resumed = event_pb.WatchEventsRequest(filter=wanted, cursor=news[-1].cursor)
    async with following(door.events.WatchEvents(resumed)) as stream:
        [header, *more] = await heard(stream, 1)
        assert not header.events
        assert [record.correlation_id for message in more for record in message.events] == ["call-4"]


async def test_a_watch_refuses_a_cursor_that_is_none(door: Door) -> None:
    with pytest.raises(SomaError) as refused:
        await watched(door, 1, cursor="nonsense")
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_process_that_ends_ends_its_watches(door: Door) -> None:
    async with following(door.events.WatchEvents(event_pb.WatchEventsRequest())) as stream:
        await anext(stream)
        door.closing.begin()
        with pytest.raises(SomaError) as refused:
            async with asyncio.timeout(5):
                await anext(stream)
    assert refused.value.reason is Reason.SHUTTING_DOWN


async def test_usage_is_counted_by_day_and_agent(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(6)))
    parts = (door.database, door.transport, DLQHandler(door.database, EventStore("control")))
    consumer = Consumer(*parts, door.counting.consumption(), IDS, ConsumerMetrics())
    subscription = await door.transport.subscribe(CONSUMER, (TURNS,))
    assert await consumer.take_some(subscription, 0.0) == 6
    await subscription.close()
    found = await door.usage.GetUsage(usage_pb.GetUsageRequest())
    # Three of them ended before midnight and three after it.
    assert [(row.day, row.agent_id, row.turns) for row in found.rows] == [
        ("2026-05-25", "agent-0", 2), ("2026-05-25", "agent-1", 1),
        ("2026-05-26", "agent-0", 1), ("2026-05-26", "agent-1", 2),
    ]  # fmt: skip
    total = found.total
    assert (total.turns, total.failed_turns, total.cancelled_turns) == (6, 2, 2)
    assert (total.input_tokens, total.cached_input_tokens, total.output_tokens) == (60, 24, 30)
    assert (total.reasoning_tokens, total.cost_micros) == (12, 42)
    assert (found.first_day, found.last_day) == ("2026-04-28", "2026-05-27")
    one = await door.usage.GetUsage(
        usage_pb.GetUsageRequest(first_day="2026-05-26", last_day="2026-05-26", agent_id="agent-1")
    )
    assert (len(one.rows), one.total.turns) == (1, 2)
    paged = await door.usage.GetUsage(usage_pb.GetUsageRequest(page_size=3))
    rest = await door.usage.GetUsage(usage_pb.GetUsageRequest(page_size=3, page_token=paged.next_page_token))
    assert [*paged.rows, *rest.rows] == list(found.rows)
    assert (rest.total, rest.next_page_token) == (total, "")


@pytest.mark.parametrize(
    "request_",
    [
        usage_pb.GetUsageRequest(first_day="2026-05-26", last_day="2026-05-25"),
        usage_pb.GetUsageRequest(first_day="2026-02-30"),
        usage_pb.GetUsageRequest(first_day="yesterday"),
        usage_pb.GetUsageRequest(first_day="2020-01-01"),
        usage_pb.GetUsageRequest(page_token="broken"),
    ],
    ids=["inverted", "no day", "no date", "too many", "token"],
)
async def test_days_that_cannot_be_meant_are_refused(door: Door, request_: usage_pb.GetUsageRequest) -> None:
    with pytest.raises(SomaError) as refused:
        await door.usage.GetUsage(request_)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_replay_fills_the_usage_again_and_changes_nothing_when_repeated(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(250)))
    dry = await door.replayed(target=CONSUMER)
    assert [message.sequence for message in dry] == list(range(1, len(dry) + 1))
    assert (dry[0].matched, dry[0].replay_name, dry[-1].finished, dry[-1].effects) == (0, "", True, False)
    assert (dry[-1].done, dict(dry[-1].done_by_type)["turn.failed"]) == (250, 83)
    assert (await door.usage.GetUsage(usage_pb.GetUsageRequest())).total.turns == 0
    for emptied in range(2):
        done = await door.replayed(target=CONSUMER, effects=True)
        assert (done[-1].done, done[-1].had) == (250, 0)
        whole = await door.usage.GetUsage(usage_pb.GetUsageRequest())
        assert whole.total.turns == 250
        again = await door.replayed(target=CONSUMER, effects=True)
        assert (again[-1].done, again[-1].had) == (0, 250)
        assert await door.usage.GetUsage(usage_pb.GetUsageRequest()) == whole
        if not emptied:
            await door.empty_usage()


async def test_a_replay_that_was_cut_off_is_resumed_by_its_name(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(330)))
    request = event_pb.ReplayEventsRequest(target=CONSUMER, effects=True)
    name = ""
    async with following(door.events.ReplayEvents(request)) as told:
        async for message in told:
            name = message.replay_name
            if message.matched >= 100:
                break
    resumed = await door.replayed(resume=name, effects=True)
    assert resumed[0].resumed
    assert resumed[0].matched >= 100
    assert (resumed[-1].matched, resumed[-1].done + resumed[-1].had) == (330, 330)
    assert (await door.usage.GetUsage(usage_pb.GetUsageRequest())).total.turns == 330
    with acting_as(user(tenant_id=TenantId(OTHER_TENANT), roles=("operator",)), "test"):
        with pytest.raises(SomaError) as refused:
            await door.replayed(resume=name, effects=True)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"target": "memory.learning"}, Reason.RESOURCE_NOT_FOUND),
        ({"resume": "replay-0", "effects": True}, Reason.RESOURCE_NOT_FOUND),
        ({"effects": True}, Reason.INVALID_FIELD),
        ({"resume": "replay-0"}, Reason.INVALID_FIELD),
        ({"resume": "replay-0", "effects": True, "target": CONSUMER}, Reason.INVALID_FIELD),
        ({"target": CONSUMER, "speed": -1.0}, Reason.INVALID_FIELD),
        ({"target": CONSUMER, "speed": float("nan")}, Reason.INVALID_FIELD),
        (
            {"filter": event_pb.EventFilter(since=Timestamp(seconds=9), until=Timestamp(seconds=9))},
            Reason.INVALID_FIELD,
        ),
        ({"filter": event_pb.EventFilter(since=Timestamp(seconds=2**33))}, Reason.INVALID_FIELD),
    ],
    ids=["target", "name", "nobody", "no effects", "two targets", "speed", "nan", "inverted", "future"],
)
async def test_a_replay_that_makes_no_sense_is_refused(door: Door, request_: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(SomaError) as refused:
        await door.replayed(**request_)
    assert refused.value.reason is reason


async def test_without_a_target_events_are_counted(door: Door) -> None:
    await door.publish(*(ended(number) for number in range(9)))
    counted = await door.replayed(filter=event_pb.EventFilter(event_type="turn.cancelled"))
    assert (counted[-1].matched, dict(counted[-1].done_by_type)) == (3, {"turn.cancelled": 3})
