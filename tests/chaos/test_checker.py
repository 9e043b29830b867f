"""The checker finds bugs that were put in on purpose, and finds nothing where there is none."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.events.codec import schema_of
from soma_common.events.consumer import Consumer, Consumption
from soma_common.events.failpoints import Failpoint, Reached, pass_by
from soma_common.events.metrics import ConsumerMetrics, RelayMetrics
from soma_common.events.models import Event, EventDraft
from soma_common.events.relay import Relay
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Delivery, Envelope, Shard, Subscription, Transport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from tests.chaos.program import transport_of
from tests.chaos.scene import Scene

pytestmark = pytest.mark.chaos

INSERT = "insert into effects (event_id, tenant_id, stream, sequence) values ($1, $2, $3, $4)"


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
        self.database = database
        self.transport = transport
        self.store = EventStore("chat")
        self.tenant = TenantId(UUID(scene.plan.tenants[0]))

    async def write(self, *streams: str) -> None:
        await self.database.run(self.tenant, lambda it: self.store.append(it, self.tenant, drafts(*streams)))

    async def relay(self) -> None:
        parts = (self.database, self.transport, Clock(), Ids(), RelayMetrics())
        relay = Relay(*parts, lease_seconds=0.01)
        while await relay.publish_some():
            pass

    async def effect(self, connection: Connection, event: Event) -> None:
        await connection.execute(INSERT, event.event_id, event.tenant_id, event.stream, event.sequence)

    def consumer(self, reached: Reached = pass_by, *, outside: bool = False) -> Consumer:
        async def apart(_: Connection, event: Event) -> None:
            async with self.database.worker() as connection:
                await self.effect(connection, event)

        what = Consumption("chaos", [TURNS], apart if outside else self.effect)
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


def drafts(*streams: str) -> list[EventDraft]:
    return [
        EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=str(uuid4())), "chaos") for stream in streams
    ]


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
            await small.store.append(connection, small.tenant, drafts("conversation/1"))
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
    ],
)
def test_each_kind_of_violation_is_found_in_a_written_history(
    scene: Scene, name: str, rows: list[int], expected: str
) -> None:
    histories = {kind: [1, 2, 3] for kind in ("committed", "published", "effects", "acknowledged")} | {name: rows}
    for kind, numbers in histories.items():
        lines = [
            {"event_id": str(n), "tenant_id": "t", "stream": "s", "sequence": n, "topic": "x", "shard": 0}
            for n in numbers
        ]
        (scene.history / kind).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert any(line.startswith(expected) for line in scene.verdict())
