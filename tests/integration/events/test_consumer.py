"""Consumers on a real server: each effect once, in order, and what happens to the events that fail."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler, LetterFilter
from soma_common.dlq.letters import DeadLetter
from soma_common.dlq.policy import LetterPolicy, LetterStatus, WhenParked
from soma_common.events.codec import to_message
from soma_common.events.consumer import Consumer
from soma_common.events.consumption import Consumption, Effect
from soma_common.events.failpoints import Reached, pass_by
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.models import Event
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Delivery, Shard, Subscription
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId
from soma_common.postgres.pool import Connection
from soma_common.testing.eventually import eventually
from tests.integration.events.conftest import STREAM, House

pytestmark = pytest.mark.integration

SOON = Backoff(first_seconds=0.001, longest_seconds=0.001, max_attempts=3)
POLICY = LetterPolicy(quick=SOON, later_seconds=3600.0)
EFFECTS = "select stream, sequence from effects order by number"


class Reader:
    """A consumer with one effect, a row per event, that refuses the events it is told to refuse."""

    def __init__(self, house: House, *, policy: LetterPolicy = POLICY, types: frozenset[str] | None = None,
                 starts_anywhere: bool = False, reached: Reached = pass_by) -> None:  # fmt: skip
        self.house = house
        self.refused: Callable[[Event], bool] = lambda _: False
        self.letters = DLQHandler(house.database, house.store)
        self.what = Consumption("reader", [TURNS], self.effect, types, starts_anywhere, policy)
        self.use(self.effect, reached)

    def use(self, effect: Effect, reached: Reached = pass_by) -> None:
        """Have this effect from now on."""
        what = replace(self.what, effect=effect)
        parts = (self.house.database, self.house.transport, self.letters, what, Ids(), ConsumerMetrics())
        self.consumer = Consumer(*parts, reached=reached)

    async def effect(self, connection: Connection, event: Event) -> None:
        await connection.execute(
            "insert into effects (event_id, stream, sequence, payload) values ($1, $2, $3, $4)",
            event.event_id, event.stream, event.sequence, event.payload,
        )  # fmt: skip
        if self.refused(event):
            raise RuntimeError(f"will not take {event.sequence}")

    async def subscription(self) -> Subscription:
        return await self.house.transport.subscribe("reader", [TURNS])

    async def take_all(self) -> None:
        subscription = await self.subscription()
        while await self.consumer.take_some(subscription, 0.0):
            pass
        await subscription.close()

    async def effects(self) -> list[tuple[str, int]]:
        async with self.house.database.worker() as connection:
            return [tuple(row) for row in await connection.fetch(EFFECTS)]

    async def letters_of(self, tenant: TenantId) -> list[DeadLetter]:
        return await self.letters.list_dlq_events(tenant, LetterFilter())


@pytest.fixture
async def reading(house: House) -> House:
    """A house in which effects leave rows, doubled ones too."""
    owner = await asyncpg.connect(house.urls.owner_dsn)
    try:
        await owner.execute(
            "create table effects (number bigserial, event_id uuid, stream text, sequence bigint, payload bytea);"
            "grant select, insert on effects to chat_app, chat_worker; grant usage on effects_number_seq to chat_app"
        )
    finally:
        await owner.close()
    return house


async def publish(house: House, *streams: str) -> list[Event]:
    events = await house.write(*streams)
    await house.settle(house.relay(lease_seconds=0.0001))
    return events


async def test_each_event_has_its_effect_once_and_in_order(reading: House) -> None:
    await publish(reading, STREAM, STREAM, "conversation/2", STREAM)
    await Reader(reading).take_all()
    again = Reader(reading)
    await reading.transport.subscribe("reader", [TURNS])
    async with reading.transport._reader.worker() as connection:  # type: ignore[attr-defined]
        await connection.execute("update positions set position = 0")
    await again.take_all()
    effects = await again.effects()
    assert [sequence for stream, sequence in effects if stream == STREAM] == [1, 2, 3]
    assert len(effects) == 4


async def test_a_failed_event_is_kept_its_stream_waits_and_others_flow(reading: House) -> None:
    events = await publish(reading, STREAM, STREAM, STREAM, "conversation/2")
    reader = Reader(reading)
    reader.refused = lambda event: (event.stream, event.sequence) == (STREAM, 2)
    await reader.take_all()
    assert set(await reader.effects()) == {(STREAM, 1), ("conversation/2", 1)}
    first, second = await reader.letters_of(reading.tenant)
    assert (first.sequence, first.status, first.error_class) == (2, LetterStatus.RETRYING, "RuntimeError")
    assert first.error_message == "will not take 2"
    assert (second.sequence, second.status, second.attempts) == (3, LetterStatus.WAITING, 0)
    assert first.body == to_message(events[1]).SerializeToString()
    await publish(reading, STREAM)
    await reader.take_all()
    reader.refused = lambda _: False
    await eventually(reader.consumer.retry_some)

    async def all_done() -> bool:
        await reader.consumer.retry_some()
        return not await reader.letters_of(reading.tenant)

    await eventually(all_done)
    assert [sequence for stream, sequence in await reader.effects() if stream == STREAM] == [1, 2, 3, 4]


async def test_an_event_that_goes_on_failing_is_parked_and_told(reading: House) -> None:
    await publish(reading, STREAM, STREAM)
    reader = Reader(reading)
    reader.refused = lambda event: event.sequence == 1
    await reader.take_all()

    async def parked() -> list[DeadLetter]:
        await reader.consumer.retry_some()
        return await reader.letters.list_dlq_events(reading.tenant, LetterFilter(status=LetterStatus.PARKED))

    [letter] = await eventually(parked)
    assert (letter.attempts, letter.sequence) == (3, 1)
    assert letter.next_time is not None
    assert (letter.next_time - letter.last_time).total_seconds() > 3000
    await reading.settle(reading.relay(lease_seconds=0.0001))
    told = [event for event in await reading.published() if event.event_type == "dead_letter.parked"]
    assert [event.stream for event in told] == ["dead-letter/reader"]
    assert payloads_pb.DeadLetterChanged.FromString(told[0].payload).attempts == 3
    assert await reader.effects() == []


async def test_where_the_topic_passes_later_events_go_on(reading: House) -> None:
    await publish(reading, STREAM, STREAM, STREAM)
    reader = Reader(reading, policy=LetterPolicy(WhenParked.PASS, SOON))
    reader.refused = lambda event: event.sequence == 2
    await reader.take_all()
    assert [sequence for _, sequence in await reader.effects()] == [1, 3]
    reader.refused = lambda _: False
    await eventually(reader.consumer.retry_some)
    assert [sequence for _, sequence in await reader.effects()] == [1, 3, 2]
    assert await reader.letters_of(reading.tenant) == []


async def test_a_discarded_event_has_no_effect_and_its_stream_goes_on(reading: House) -> None:
    events = await publish(reading, STREAM, STREAM)
    reader = Reader(reading)
    reader.refused = lambda event: event.sequence == 1
    await reader.take_all()
    await reader.letters.discard(reading.tenant, "reader", events[0].event_id, "ada")
    await eventually(reader.consumer.retry_some)
    assert [sequence for _, sequence in await reader.effects()] == [2]
    [letter] = await reader.letters_of(reading.tenant)
    assert letter.status is LetterStatus.DISCARDED
    with pytest.raises(SomaError) as refused:
        await reader.letters.retry_event(reading.tenant, "reader", events[0].event_id, "ada")
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_a_retry_may_take_an_edited_payload_and_nothing_else(reading: House) -> None:
    events = await publish(reading, STREAM)
    reader = Reader(reading)
    bad, good = (events[0].payload, payloads_pb.TurnStarted(turn_id="edited").SerializeToString())
    reader.refused = lambda event: event.payload == bad
    await reader.take_all()
    message = to_message(events[0])
    message.payload = good
    foreign = event_pb.Event()
    foreign.CopyFrom(message)
    foreign.stream = "conversation/9"
    retry, key = reader.letters.retry_event, (reading.tenant, "reader", events[0].event_id)
    for wrong in (b"\xff\xff", foreign.SerializeToString()):
        with pytest.raises(SomaError) as refused:
            await retry(*key, "ada", wrong)
        assert refused.value.reason is Reason.INVALID_FIELD
    letter = await retry(*key, "ada", message.SerializeToString())
    assert letter.body == to_message(events[0]).SerializeToString()
    await eventually(reader.consumer.retry_some)
    async with reading.database.worker() as connection:
        assert await connection.fetchval("select payload from effects") == good


async def test_another_tenant_sees_and_touches_no_letter(reading: House) -> None:
    events = await publish(reading, STREAM)
    reader = Reader(reading)
    reader.refused = lambda _: True
    await reader.take_all()
    other = TenantId(uuid4())
    assert await reader.letters_of(other) == []
    for deed in (reader.letters.get(other, "reader", events[0].event_id),
                 reader.letters.discard(other, "reader", events[0].event_id, "eve")):  # fmt: skip
        with pytest.raises(SomaError) as refused:
            await deed
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert await reader.letters.retry_batch(other, LetterFilter(), "eve") == []


async def test_bytes_that_are_no_event_are_kept_and_stop_nobody(reading: House) -> None:
    events = await publish(reading, STREAM)
    reader = Reader(reading)
    await reader.consumer.take(Delivery(Shard(TURNS.name, 0), 7, b"\xff\xff\xff", events[0].timestamp, {"h": b"\x01"}))
    await reader.take_all()
    assert await reader.effects() == [(STREAM, 1)]
    [letter] = await reader.letters_of(SYSTEM_TENANT)
    assert (letter.status, letter.body, dict(letter.headers)) == (LetterStatus.PARKED, b"\xff\xff\xff", {"h": b"\x01"})


async def test_a_consumer_of_whole_streams_refuses_a_gap_until_it_is_filled(reading: House) -> None:
    events = await reading.write(STREAM, STREAM, STREAM)
    deliveries = [as_delivery(event, place) for place, event in enumerate(events, 1)]
    reader = Reader(reading)
    await reader.consumer.take(deliveries[0])
    await reader.consumer.take(deliveries[2])
    assert await reader.effects() == [(STREAM, 1)]
    [letter] = await reader.letters_of(reading.tenant)
    assert (letter.error_class, letter.sequence) == ("SequenceGapError", 3)
    await reader.consumer.take(deliveries[1])

    async def all_there() -> bool:
        await reader.letters.retry_batch(reading.tenant, LetterFilter(), "ada")
        await reader.consumer.retry_some()
        return await reader.effects() == [(STREAM, 1), (STREAM, 2), (STREAM, 3)]

    await eventually(all_there)


async def test_a_filtered_consumer_and_a_late_one_see_gaps_by_design(reading: House) -> None:
    events = await reading.write(STREAM, STREAM, STREAM)
    late = Reader(reading, starts_anywhere=True)
    await late.consumer.take(as_delivery(events[1], 2))
    await late.consumer.take(as_delivery(events[0], 1))
    assert await late.effects() == [(STREAM, 2)]
    filtered = Reader(reading, types=frozenset({"turn.completed"}))
    await filtered.consumer.take(as_delivery(events[2], 3))
    assert await filtered.effects() == [(STREAM, 2)]
    assert await late.letters_of(reading.tenant) == []


async def test_two_members_that_take_the_same_event_have_one_effect(reading: House) -> None:
    events = await reading.write(*[STREAM] * 10)
    readers = [Reader(reading), Reader(reading)]

    async def take(reader: Reader) -> None:
        for place, event in enumerate(events, 1):
            await reader.consumer.take(as_delivery(event, place))

    await asyncio.gather(*(take(reader) for reader in readers))

    async def settled() -> bool:
        await readers[0].letters.retry_batch(reading.tenant, LetterFilter(), "ada")
        await readers[0].consumer.retry_some()
        return not await readers[0].letters_of(reading.tenant)

    await eventually(settled)
    assert [sequence for _, sequence in await readers[0].effects()] == list(range(1, 11))


async def test_a_full_shard_does_not_keep_the_others_waiting(reading: House) -> None:
    others = [f"conversation/{number}" for number in range(2, 100)]
    await publish(reading, *[STREAM] * 60, *others, *["conversation/100"] * 60, *["conversation/101"] * 60)
    subscription = await reading.transport.subscribe("reader", [TURNS])
    first = await subscription.fetch(20, 1.0)
    assert len({delivery.shard for delivery in first}) == TURNS.partitions
    await subscription.close()


async def test_a_running_consumer_takes_what_comes_and_ends_when_told(reading: House) -> None:
    reader = Reader(reading)
    task = asyncio.create_task(reader.consumer.run())
    try:
        await publish(reading, STREAM, STREAM)

        async def both() -> bool:
            return await reader.effects() == [(STREAM, 1), (STREAM, 2)]

        await eventually(both, within_seconds=10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def as_delivery(event: Event, position: int) -> Delivery:
    body = to_message(event).SerializeToString()
    return Delivery(Shard(TURNS.name, 0), position, body, event.timestamp)
