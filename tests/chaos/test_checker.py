"""The checker finds bugs that were put in on purpose, and finds nothing where there is none."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.policy import LetterPolicy, WhenParked
from soma_common.events.codec import schema_of
from soma_common.events.consumer import Consumer
from soma_common.events.consumption import Consumption
from soma_common.events.failpoints import Failpoint, Reached, pass_by
from soma_common.events.inbox import Admission, Inbox
from soma_common.events.metrics import ConsumerMetrics, RelayMetrics
from soma_common.events.models import Event
from soma_common.events.outbox import Outbox
from soma_common.events.relay import Relay
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import (
    Delivery,
    Envelope,
    Outcome,
    Shard,
    StreamKey,
    Subscription,
    Transport,
)
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.testing.eventually import eventually
from tests.chaos.program import CHANGE, QUICK, change, drafts, effect_of, transport_of
from tests.chaos.scene import Scene, verdict, write_rows

pytestmark = pytest.mark.chaos

HISTORIES = ("committed", "changes", "published", "effects", "acknowledged")
NO_SAGAS = ("begun", "sagas", "saga_effects")
UNFENCED = "update relay_streams set sequence = $3 where tenant_id = $1 and stream = $2"
GONE = "delete from outbox where tenant_id = $1 and stream = $2 and sequence <= $3"
NOTE = "insert into inbox (consumer, event_id, tenant_id) values ($1, $2, $3) on conflict do nothing"


class _KilledError(BaseException):
    """Stands for kill -9 at a failpoint: nothing catches it."""


def kill_at(point: Failpoint) -> Reached:
    def reached(here: Failpoint) -> None:
        if here is point:
            raise _KilledError

    return reached


class Small:
    """A few events through a relay and a consumer, both of which may be given a bug."""

    def __init__(self, scene: Scene, database: Database, transport: Transport) -> None:
        self.scene = scene
        self.effect = effect_of("chaos", WhenParked.WAIT, 0.0, random.Random(0))
        self.database = database
        self.transport = transport
        self.store = EventStore("chat")
        self.tenant = TenantId(UUID(scene.plan.tenants[0]))

    async def write(self, *streams: str) -> None:
        async with self.database.transaction(self.tenant) as connection:
            await change(connection, self.store, self.tenant, str(uuid4()), streams)

    def relay_of(self, transport: Transport | None = None) -> Relay:
        parts = (self.database, transport or self.transport, Clock(), Ids(), RelayMetrics())
        return Relay(*parts, lease_seconds=0.01)

    async def relay(self) -> None:
        relay = self.relay_of()
        while await relay.publish_some():
            pass

    def consumer(self, reached: Reached = pass_by, *, outside: bool = False) -> Consumer:
        async def apart(_: Connection, event: Event) -> None:
            async with self.database.worker() as connection:
                await self.effect(connection, event)

        return self.consumer_of(Consumption("chaos", [TURNS], apart if outside else self.effect), reached)

    def consumer_of(self, what: Consumption, reached: Reached = pass_by) -> Consumer:
        letters = DLQHandler(self.database, self.store)
        return Consumer(self.database, self.transport, letters, what, Ids(), ConsumerMetrics(), reached)

    async def consume(self, consumer: Consumer, *, hasty: bool = False) -> None:
        subscription = await self.transport.subscribe("chaos", [TURNS])
        try:
            reader = Hasty(subscription) if hasty else subscription
            while await consumer.take_some(reader, 0.0):
                pass
        except _KilledError:
            pass
        finally:
            await subscription.close()


class Hasty(Subscription):
    """The bug: the position is committed when an event is fetched, before its effect."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Delivery]:
        found = await self._subscription.fetch(limit, wait_seconds)
        await self.commit({delivery.shard: delivery.position for delivery in found})
        return found

    async def commit(self, places: Mapping[Shard, int]) -> None:
        await self._subscription.commit(places)

    async def close(self) -> None:
        await self._subscription.close()


@pytest.fixture
async def small(scene: Scene) -> AsyncIterator[Small]:
    made = Small(scene, await Database.open(scene.plan.house()), await transport_of(scene.plan))
    yield made
    await made.database.close()
    await made.transport.close()


async def test_a_clean_run_is_clean_and_an_empty_one_is_not(small: Small) -> None:
    assert await small.scene.judge(small.transport) == ["nothing: the history is empty"]
    await small.write("conversation/1", "conversation/1", "conversation/2")
    await small.relay()
    await small.consume(small.consumer())
    assert await small.scene.judge(small.transport) == []


@pytest.mark.parametrize("point", [Failpoint.CONSUMER_AFFECTED, Failpoint.CONSUMER_FETCHED])
async def test_a_kill_is_no_bug(small: Small, point: Failpoint) -> None:
    await small.write("conversation/1", "conversation/1")
    await small.relay()
    await small.consume(small.consumer(kill_at(point)))
    await small.consume(small.consumer())
    assert await small.scene.judge(small.transport) == []


async def test_an_effect_outside_the_transaction_of_the_inbox_is_found(small: Small) -> None:
    await small.write("conversation/1", "conversation/2")
    await small.relay()
    await small.consume(small.consumer(kill_at(Failpoint.CONSUMER_AFFECTED), outside=True))
    await small.consume(small.consumer(outside=True))
    assert any(line.startswith("doubled:") for line in await small.scene.judge(small.transport))


async def test_an_offset_before_the_effect_is_found(small: Small) -> None:
    await small.write("conversation/1", "conversation/2")
    await small.relay()
    await small.consume(small.consumer(kill_at(Failpoint.CONSUMER_FETCHED)), hasty=True)
    await small.consume(small.consumer(), hasty=True)
    assert any(line.startswith("without effect:") for line in await small.scene.judge(small.transport))


async def test_a_cursor_over_positions_instead_of_dense_sequences_is_found(small: Small) -> None:
    """A relay that remembers the last id it saw passes over what commits later with a smaller one."""
    last = UUID(int=0)

    async def publish_behind_the_cursor() -> None:
        nonlocal last
        async with small.database.worker() as connection:
            rows = await connection.fetch("select * from events where event_id > $1 order by event_id", last)
        for row in rows:
            last = row["event_id"]
            await small.transport.publish([Envelope.of(TURNS, event_of(row))])

    slow_is_written, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with small.database.transaction(small.tenant) as connection:
            await change(connection, small.store, small.tenant, str(uuid4()), ["conversation/1"])
            slow_is_written.set()
            await go_on.wait()

    task = asyncio.create_task(slow())
    await slow_is_written.wait()
    await small.write("conversation/2")
    await publish_behind_the_cursor()
    go_on.set()
    await task
    await publish_behind_the_cursor()
    await small.consume(small.consumer())
    found = await small.scene.judge(small.transport)
    assert any(line.startswith("unpublished:") for line in found)
    assert any(line.startswith("without effect:") for line in found)


class Unfenced(Outbox):
    """The bug: marks are believed whoever makes them, and wherever the stream is meanwhile."""

    async def mark(self, fences: Mapping[int, int], published: Sequence[tuple[StreamKey, int, int]]) -> set[StreamKey]:
        async with self._database.worker() as connection:
            for key, _, last in published:
                await connection.execute(UNFENCED, key.tenant_id, key.stream, last)
                await connection.execute(GONE, key.tenant_id, key.stream, last)
        return {key for key, _, _ in published}


class Sleepy(PostgresTransport):
    """Takes its time with what it is given."""

    def __init__(self, bus: PostgresTransport) -> None:
        super().__init__(bus._relay, bus._reader, Clock(), Ids())
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        self.begun.set()
        await self.go_on.wait()
        return await super().publish(batch)


@pytest.mark.parametrize("fenced", [True, False])
async def test_a_relay_without_a_fence_is_found(small: Small, *, fenced: bool) -> None:
    """A relay sleeps with events in its hands, is overtaken, wakes, and says how far it believes the stream to be."""
    bus = small.transport
    assert isinstance(bus, PostgresTransport)
    sleepy = Sleepy(bus)
    zombie = small.relay_of(sleepy)
    if not fenced:
        zombie._outbox = Unfenced(small.database, uuid4())
    await small.write("conversation/1", "conversation/1")
    task = asyncio.create_task(zombie.publish_some())
    await sleepy.begun.wait()
    successor = small.relay_of()
    await eventually(successor.publish_some)
    await small.write("conversation/1", "conversation/1")
    await eventually(successor.publish_some)
    sleepy.go_on.set()
    await task
    await small.write("conversation/1")
    await successor.publish_some()
    await small.consume(small.consumer())
    found = await small.scene.judge(bus)
    assert any(line.startswith("unpublished:") for line in found) is not fenced
    assert fenced is (found == [])


async def test_events_beside_the_transaction_of_their_change_are_found(small: Small) -> None:
    """The bug: the change is rolled back and its events are not, and the other way round."""
    with pytest.raises(_KilledError):
        async with small.database.transaction(small.tenant) as connection:
            await connection.execute(CHANGE, "rolled back", 1)
            async with small.database.transaction(small.tenant) as other:
                await small.store.append(other, small.tenant, drafts("rolled back", ["conversation/1"]))
            raise _KilledError
    async with small.database.transaction(small.tenant) as connection:
        await connection.execute(CHANGE, "without", 2)
        await small.store.append(connection, small.tenant, drafts("without", ["conversation/1"]))
    await small.relay()
    await small.consume(small.consumer())
    found = await small.scene.judge(small.transport)
    assert found == ["torn: without has 1 events of 2", "torn: 1 events of rolled back are there without it"]


async def test_a_writer_that_repeats_without_a_key_is_found(small: Small) -> None:
    """The bug: COMMIT was done and not answered, and the events are written again."""
    async with small.database.transaction(small.tenant) as connection:
        await change(connection, small.store, small.tenant, "a request", ["conversation/1"])
    async with small.database.transaction(small.tenant) as connection:
        await small.store.append(connection, small.tenant, drafts("a request", ["conversation/1"]))
    await small.relay()
    await small.consume(small.consumer())
    assert await small.scene.judge(small.transport) == ["torn: a request has 2 events of 1"]


class Forgetful(Inbox):
    """The bug: an event that was passed and comes again is noted as done."""

    async def admit(self, connection: Connection, event: Event, *, again: bool = False) -> Admission:
        if not again:
            await connection.execute(NOTE, self._consumer, event.event_id, event.tenant_id)
        return await super().admit(connection, event, again=again)


@pytest.mark.parametrize("forgetful", [False, True])
async def test_a_letter_that_is_noted_as_done_is_found(small: Small, *, forgetful: bool) -> None:
    await small.write("conversation/1")
    await small.relay()
    quick = replace(QUICK, first_seconds=0.001, longest_seconds=0.001)
    refuse = Consumption("chaos", [TURNS], never, policy=LetterPolicy(WhenParked.PASS, quick))
    await small.consume(small.consumer_of(refuse, kill_at(Failpoint.LETTER_CAPTURED)))
    takes = small.consumer_of(replace(refuse, effect=small.effect))
    if forgetful:
        takes._inbox = Forgetful("chaos", whole_streams=True, starts_anywhere=False, passes=True)
    await small.consume(takes)
    await eventually(takes.retry_some)
    found = await small.scene.judge(small.transport)
    assert any(line.startswith("without effect:") for line in found) is forgetful


async def never(_: Connection, event: Event) -> None:
    raise RuntimeError(f"will not take {event.sequence}")


def event_of(row: asyncpg.Record) -> Event:
    payload = payloads_pb.TurnStarted(turn_id="1")
    return Event(
        row["event_id"], "turn.started", "t", "c", "", "chat", row["tenant_id"], row["stream"], row["sequence"],
        row["event_time"], schema_of(payload), payload.SerializeToString(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("published", [1, 3, 2], "inverted: the stream"),
        ("effects", [1, 3, 2], "inverted: the effects"),
        ("effects", [1, 2, 2, 3], "doubled:"),
        ("published", [1, 2, 3, 4], "invented:"),
        ("committed", [1, 3], "log: the stream"),
        ("acknowledged", [9], "lost:"),
        ("changes", [1, 2], "torn: 1 events of 3"),
        ("effects", [1, 2], "without effect: 3"),
    ],
)
def test_each_kind_of_violation_is_found_in_a_written_history(
    tmp_path: Path, name: str, rows: list[int], expected: str
) -> None:
    for kind in NO_SAGAS:
        (tmp_path / kind).touch()
    for kind, numbers in ({kind: [1, 2, 3] for kind in HISTORIES} | {name: rows}).items():
        place = {"tenant_id": "t", "stream": "s", "topic": "x", "shard": 0, "consumer": "c", "ordered": True}
        own = [{**place, "event_id": str(n), "sequence": n, "request_id": str(n), "events": 1} for n in numbers]
        write_rows(tmp_path / kind, own)
    assert any(line.startswith(expected) for line in verdict(tmp_path))
