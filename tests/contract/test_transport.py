"""The transport of events, one suite on the bus in PostgreSQL and on Kafka."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.codec import schema_of
from soma_common.events.models import Event
from soma_common.events.topics import COGNITIVE, GOVERNOR, TURNS, Topic, topic_of
from soma_common.events.transports.port import Delivery, Envelope, Shard, StreamKey, Subscription, Transport
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually

pytestmark = pytest.mark.contract

IDS = Ids()
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
Subscribe = Callable[[str, Sequence[Topic]], Coroutine[Any, Any, Subscription]]


def an_event(tenant: UUID, stream: str, sequence: int, size: int = 1) -> Event:
    payload = payloads_pb.TurnStarted(turn_id="x" * size)
    return Event(
        event_id=IDS.uuid7(),
        event_type="turn.started",
        trace_id="0" * 31 + "1",
        correlation_id="a-correlation",
        causation_id="",
        service_id="chat",
        tenant_id=TenantId(tenant),
        stream=stream,
        sequence=sequence,
        timestamp=BEGUN + timedelta(seconds=sequence),
        schema=schema_of(payload),
        payload=payload.SerializeToString(),
        metadata={"k": "v"},
    )


def envelopes(*events: Event) -> list[Envelope]:
    return [Envelope.of(topic_of(event.stream), event) for event in events]


def a_stream(tenant: UUID, name: str, amount: int, first: int = 1) -> list[Event]:
    return [an_event(tenant, name, sequence) for sequence in range(first, first + amount)]


@pytest.fixture
async def subscribe(transport: Transport) -> AsyncIterator[Subscribe]:
    made: list[Subscription] = []

    async def make(consumer: str, topics: Sequence[Topic]) -> Subscription:
        subscription = await transport.subscribe(consumer, topics)
        made.append(subscription)
        return subscription

    yield make
    for subscription in made:
        await subscription.close()


async def read(subscription: Subscription, amount: int) -> list[Delivery]:
    """So many deliveries, and proof that no more come."""
    found: list[Delivery] = []

    async def some() -> bool:
        found.extend(await subscription.fetch(1000, 0.2))
        return len(found) >= amount

    await eventually(some, within_seconds=30)
    found.extend(await subscription.fetch(1000, 0.2))
    assert len(found) == amount
    return found


async def test_what_is_published_arrives_whole_and_in_order(transport: Transport, subscribe: Subscribe) -> None:
    tenant = uuid4()
    first, second = a_stream(tenant, "conversation/1", 30), a_stream(tenant, "conversation/2", 30)
    other = a_stream(uuid4(), "conversation/1", 5)
    mixed = [event for pair in zip(first, second, strict=True) for event in pair] + other
    outcome = await transport.publish(envelopes(*mixed))
    assert (outcome.broken, outcome.failed) == (None, {})
    assert outcome.acknowledged == {
        StreamKey(tenant, "conversation/1"): 30,
        StreamKey(tenant, "conversation/2"): 30,
        StreamKey(other[0].tenant_id, "conversation/1"): 5,
    }
    found = await read(await subscribe("reader", [TURNS]), 65)
    streams: dict[StreamKey, list[Event]] = defaultdict(list)
    places: dict[Shard, list[int]] = defaultdict(list)
    for delivery in found:
        event = delivery.event()
        streams[StreamKey(event.tenant_id, event.stream)].append(event)
        places[delivery.shard].append(delivery.position)
    assert sorted(streams.values(), key=lambda events: events[0].event_id) == [first, second, other]
    for positions in places.values():
        assert positions == list(range(positions[0], positions[0] + len(positions)))


async def test_only_the_topics_that_were_asked_for_come(transport: Transport, subscribe: Subscribe) -> None:
    tenant = uuid4()
    kinds = [a_stream(tenant, stream, 1)[0] for stream in ("turn/1", "budget/1", "agent-state/1", "memory/1")]
    await transport.publish(envelopes(*kinds))
    found = await read(await subscribe("reader", [GOVERNOR, COGNITIVE]), 2)
    assert {delivery.event().stream for delivery in found} == {"budget/1", "agent-state/1"}
    assert {delivery.shard.topic for delivery in found} == {GOVERNOR.name, COGNITIVE.name}


async def test_a_reader_goes_on_behind_what_was_committed(transport: Transport, subscribe: Subscribe) -> None:
    events = a_stream(uuid4(), "conversation/1", 20)
    await transport.publish(envelopes(*events))
    begun = await subscribe("reader", [TURNS])
    found = await read(begun, 20)
    await begun.commit({found[11].shard: found[11].position})
    await begun.close()
    again = await read(await subscribe("reader", [TURNS]), 8)
    assert [delivery.event().sequence for delivery in again] == list(range(13, 21))


async def test_consumers_do_not_disturb_one_another(transport: Transport, subscribe: Subscribe) -> None:
    events = a_stream(uuid4(), "conversation/1", 3)
    await transport.publish(envelopes(*events))
    one, other = await subscribe("one", [TURNS]), await subscribe("other", [TURNS])
    found = await read(one, 3)
    await one.commit({found[-1].shard: found[-1].position})
    assert [delivery.event() for delivery in await read(other, 3)] == events


async def test_members_of_a_consumer_share_what_comes(transport: Transport, subscribe: Subscribe) -> None:
    members = [await subscribe("shared", [TURNS]) for _ in range(2)]
    seen: list[tuple[Shard, int]] = []

    async def member(subscription: Subscription) -> None:
        while True:
            for delivery in await subscription.fetch(100, 0.2):
                seen.append((delivery.shard, delivery.position))
                await subscription.commit({delivery.shard: delivery.position})

    tasks = [asyncio.create_task(member(subscription)) for subscription in members]
    try:
        events = [event for number in range(40) for event in a_stream(uuid4(), f"conversation/{number}", 2)]
        await transport.publish(envelopes(*events))
        await eventually(lambda: len(set(seen)) == 80, within_seconds=30)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_an_event_that_is_too_large_stops_its_own_stream_only(transport: Transport, subscribe: Subscribe) -> None:
    tenant = uuid4()
    small, poisoned = a_stream(tenant, "conversation/1", 3), a_stream(tenant, "conversation/2", 3)
    poisoned[1] = an_event(tenant, "conversation/2", 2, size=3_000_000)
    outcome = await transport.publish(envelopes(*poisoned, *small))
    assert outcome.broken is None
    assert outcome.acknowledged[StreamKey(tenant, "conversation/1")] == 3
    safe = outcome.acknowledged[StreamKey(tenant, "conversation/2")]
    if outcome.failed:
        assert list(outcome.failed) == [StreamKey(tenant, "conversation/2")]
        assert safe == 1
    else:
        assert safe == 3
    found = await read(await subscribe("reader", [TURNS]), 3 + safe)
    assert [d.event().sequence for d in found if d.event().stream == "conversation/2"] == list(range(1, safe + 1))


async def test_publishing_again_never_makes_a_hole_or_an_inversion(transport: Transport, subscribe: Subscribe) -> None:
    events = a_stream(uuid4(), "conversation/1", 6)
    await transport.publish(envelopes(*events[:4]))
    assert (await transport.publish(envelopes(*events[2:]))).broken is None
    subscription, seen = await subscribe("reader", [TURNS]), list[int]()

    async def all_there() -> bool:
        seen.extend(delivery.event().sequence for delivery in await subscription.fetch(100, 0.2))
        return 6 in seen

    await eventually(all_there, within_seconds=30)
    assert list(dict.fromkeys(seen)) == [1, 2, 3, 4, 5, 6]


async def test_events_published_while_one_reads_are_not_missed(transport: Transport, subscribe: Subscribe) -> None:
    """Many publishers at once: a cursor over positions never passes one that is committed later."""
    subscription, seen = await subscribe("reader", [TURNS]), set[UUID]()
    streams = [a_stream(uuid4(), f"conversation/{number}", 25) for number in range(12)]

    async def publish(events: list[Event]) -> None:
        for event in events:
            assert (await transport.publish(envelopes(event))).broken is None

    async def read_all() -> None:
        while len(seen) < 300:
            seen.update(delivery.event().event_id for delivery in await subscription.fetch(50, 0.1))

    async with asyncio.timeout(60):
        await asyncio.gather(read_all(), *(publish(events) for events in streams))
    assert seen == {event.event_id for events in streams for event in events}
