"""The relay on a real server: everything once and in order, whoever writes, fails or takes over meanwhile."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.failpoints import Failpoint, Reached
from soma_common.events.models import Event, EventDraft
from soma_common.events.outbox import STREAMS_AT_ONCE
from soma_common.events.relay import Relay
from soma_common.events.topics import Topic
from soma_common.events.transports.port import Envelope, Outcome, Subscription, Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, TestServer, run_aside
from tests.integration.events.conftest import STREAM, House

pytestmark = pytest.mark.integration


class _StopHereError(Exception):
    """Ends a relay in the middle of a round, as a kill would."""


def stop_at(point: Failpoint) -> Reached:
    def reached(here: Failpoint) -> None:
        if here is point:
            raise _StopHereError

    return reached


def by_stream(events: list[Event]) -> dict[str, list[int]]:
    streams: dict[str, list[int]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event.sequence)
    return streams


async def test_everything_goes_out_once_and_in_order(house: House) -> None:
    chance = random.Random(7)
    written = [
        e for _ in range(60) for e in await house.write(*(f"conversation/{chance.randint(1, 9)}" for _ in "12345"))
    ]
    assert await house.settle(house.relay()) == 300
    found = await house.published()
    assert sorted(found, key=lambda e: e.event_id) == sorted(written, key=lambda e: e.event_id)
    assert all(places == list(range(1, len(places) + 1)) for places in by_stream(found).values())
    assert await house.waiting() == 0
    more = await house.write("conversation/1")
    assert await house.settle(house.relay(lease_seconds=0.1)) == 0
    assert await house.waiting() == 1
    assert more[0].event_id not in {event.event_id for event in await house.published()}


async def test_a_long_stream_and_many_streams_go_out_in_turns(house: House) -> None:
    for _ in range(6):
        await house.write(*[STREAM] * 100)
    for first in range(0, 700, 100):
        await house.write(*(f"conversation/{number}" for number in range(first + 10, first + 110)))
    assert await house.settle(house.relay()) == 1300
    assert by_stream(await house.published())[STREAM] == list(range(1, 601))


async def test_busy_streams_do_not_keep_the_others_waiting(house: House) -> None:
    streams = [f"turn/{number:03}" for number in range(STREAMS_AT_ONCE + 40)]
    await house.write(*streams)
    relay = house.relay()
    assert await relay.publish_some() == STREAMS_AT_ONCE
    await house.write(*streams[:STREAMS_AT_ONCE])
    await relay.publish_some()
    assert set(by_stream(await house.published())) == set(streams)


@pytest.mark.parametrize("point", [point for point in Failpoint if point.startswith("relay.")])
async def test_a_relay_that_ends_anywhere_is_followed_without_loss_or_double(house: House, point: Failpoint) -> None:
    written = await house.write(STREAM, STREAM, "turn/1")
    with pytest.raises(_StopHereError):
        await house.relay(lease_seconds=0.2, reached=stop_at(point)).publish_some()
    written += await house.write(STREAM)
    successor = house.relay()

    async def none_waits() -> bool:
        await house.settle(successor)
        return await house.waiting() == 0

    await eventually(none_waits)
    found = await house.published()
    assert {event.event_id for event in found} == {event.event_id for event in written}
    assert by_stream(found) == {STREAM: [1, 2, 3], "turn/1": [1]}


async def test_a_shard_has_one_relay_until_its_lease_is_over(house: House) -> None:
    await house.write(STREAM)
    first, second = house.relay(lease_seconds=0.5), house.relay(lease_seconds=0.5)
    assert await house.settle(first) == 1
    await house.write(STREAM)
    assert await second.publish_some() == 0
    assert await eventually(second.publish_some) == 1


class Sleepy(Transport):
    """A transport that takes its time with what it is given."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        self.begun.set()
        await self.go_on.wait()
        return await self._transport.publish(batch)

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        return await self._transport.subscribe(consumer, topics)

    async def sweep(self) -> None:
        await self._transport.sweep()

    async def close(self) -> None:
        await self._transport.close()


async def test_a_relay_that_was_overtaken_marks_nothing(house: House) -> None:
    """It reads, sleeps past its lease, and hands over what its successor has published long ago."""
    await house.write(STREAM, STREAM)
    transport, successor = Sleepy(house.transport), house.relay()
    zombie = house.relay(lease_seconds=0.1, transport=transport)
    task = asyncio.create_task(zombie.publish_some())
    await transport.begun.wait()
    assert await eventually(successor.publish_some) == 2
    await house.write(STREAM, STREAM)
    assert await house.settle(successor) == 2
    await house.write(STREAM)
    transport.go_on.set()
    assert await task == 0
    assert await house.waiting() == 1
    assert await house.settle(successor) == 1
    assert by_stream(await house.published()) == {STREAM: [1, 2, 3, 4, 5]}


async def test_a_stream_with_a_hole_stops_and_the_others_flow(house: House) -> None:
    await house.write(STREAM, STREAM, STREAM, "conversation/2")
    async with house.database.worker() as connection:
        [row] = await connection.fetch("delete from outbox where stream = $1 and sequence = 1 returning *", STREAM)
    relay = house.relay()
    await house.settle(relay)
    await house.write("conversation/2", STREAM)
    await house.settle(relay)
    assert by_stream(await house.published()) == {"conversation/2": [1, 2]}
    async with house.database.worker() as connection:
        await connection.execute(
            "insert into outbox (tenant_id, stream, sequence, event_id) values ($1, $2, $3, $4)",
            row["tenant_id"], row["stream"], row["sequence"], row["event_id"],
        )  # fmt: skip
    await eventually(relay.publish_some)
    assert by_stream(await house.published())[STREAM] == [1, 2, 3, 4]


async def test_a_stream_of_no_known_kind_stops_alone(house: House) -> None:
    await house.write("mystery/1", STREAM)
    await house.settle(house.relay())
    assert by_stream(await house.published()) == {STREAM: [1]}
    assert await house.waiting() == 1


async def test_sixteen_writers_on_one_stream_while_a_relay_runs(house: House, running: Relay) -> None:
    databases = [await Database.open(house.urls) for _ in range(4)]

    async def writer(number: int) -> None:
        draft = EventDraft("turn.started", STREAM, payloads_pb.TurnStarted(turn_id=str(number)), "a-correlation")
        for _ in range(12):
            await databases[number % 4].run(house.tenant, lambda it: house.store.append(it, house.tenant, [draft]))
            running.wake()

    try:
        await asyncio.gather(*(writer(number) for number in range(16)))
    finally:
        for database in databases:
            await database.close()

    async def all_out() -> bool:
        return await house.waiting() == 0

    await eventually(all_out, within_seconds=20)
    assert by_stream(await house.published()) == {STREAM: list(range(1, 193))}


async def test_an_open_transaction_holds_up_its_own_stream_only(house: House, running: Relay) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        draft = EventDraft("turn.started", STREAM, payloads_pb.TurnStarted(turn_id="slow"), "a-correlation")
        async with house.database.transaction(house.tenant) as connection:
            await house.store.append(connection, house.tenant, [draft])
            begun.set()
            await go_on.wait()

    task = asyncio.create_task(slow())
    await begun.wait()
    for number in range(20):
        await house.write(f"conversation/{number + 2}")
        running.wake()

    async def others_out() -> bool:
        return await house.waiting() == 0

    await eventually(others_out)
    assert len(await house.published()) == 20
    go_on.set()
    await task
    running.wake()

    async def it_is_out() -> bool:
        return len(await house.published()) == 21

    await eventually(it_is_out)


async def test_a_wake_takes_an_event_out_at_once(house: House, running: Relay) -> None:
    await house.write(STREAM)
    running.wake()

    async def amount(expected: int) -> bool:
        return len(await house.published()) == expected

    await eventually(lambda: amount(1))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    running.wake()
    await house.write(STREAM)

    async def none_waits() -> bool:
        return await house.waiting() == 0

    await eventually(none_waits, every_seconds=0.002)
    assert loop.time() - begun < 0.9


async def test_an_ended_relay_gives_its_shards_back(house: House) -> None:
    await house.write(STREAM)
    relay = house.relay(lease_seconds=60)
    task = asyncio.create_task(relay.run())

    async def none_waits() -> bool:
        return await house.waiting() == 0

    await eventually(none_waits)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await house.write(STREAM)
    assert await house.relay().publish_some() == 1


class Cut:
    """Ends the relay at the failpoint that is set, as often as it comes there."""

    def __init__(self) -> None:
        self.point: Failpoint | None = None

    def __call__(self, here: Failpoint) -> None:
        if here is self.point:
            raise _StopHereError


WRITES = st.lists(st.sampled_from(["turn/a", "turn/b", "turn/c"]), min_size=1, max_size=4)
POINTS = st.sampled_from([None, *(point for point in Failpoint if point.startswith("relay."))])
STEPS = st.lists(st.one_of(WRITES, st.tuples(st.integers(0, 2), POINTS)), max_size=14)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_prop_8_3_3_ordering_per_key_through_relays(
    house_database: HouseDatabases, postgres_server: TestServer, steps: list[list[str] | tuple[int, Failpoint | None]]
) -> None:
    """Writes, rounds of three relays and their ends in any order: per stream everything is published, in its order."""

    async def check() -> None:
        urls, bus = house_database("chat", None), house_database("bus", "soma_common.events")
        bases = [await Database.open(it) for it in (urls, postgres_server.as_relay(bus), bus)]
        house = House(bases[0], urls, bus, PostgresTransport(bases[1], bases[2], Clock(), Ids()))
        cut, written = Cut(), list[Event]()
        relays = [house.relay(lease_seconds=0.01, reached=cut) for _ in range(3)]
        try:
            for step in steps:
                if isinstance(step, list):
                    written += await house.write(*step)
                else:
                    cut.point = step[1]
                    with suppress(_StopHereError):
                        await relays[step[0]].publish_some()
            cut.point = None

            async def none_waits() -> bool:
                await house.settle(relays[0])
                return await house.waiting() == 0

            await eventually(none_waits)
            found = await house.published()
            assert sorted(event.event_id for event in found) == sorted(event.event_id for event in written)
            assert all(places == list(range(1, len(places) + 1)) for places in by_stream(found).values())
        finally:
            for base in bases:
                await base.close()

    run_aside(check())
