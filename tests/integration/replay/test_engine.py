"""The replay engine on a real database: the difference, each effect once, and a way on from wherever it was cut off."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.letters import Failure
from soma_common.dlq.policy import LetterPolicy
from soma_common.events.consumer import Consumer
from soma_common.events.consumption import Consumption
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.bus_history import BusHistory
from soma_common.events.transports.port import Delivery, Shard
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.replay.engine import ReplayEngine
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import ReplayProgress
from soma_common.replay.targets import ReplayTarget
from soma_common.testing.postgres import OpenDatabase
from tests.integration.replay.conftest import BEGUN, Past, count, turns

pytestmark = pytest.mark.integration


async def test_a_dry_run_counts_the_difference_and_changes_nothing(past: Past, engine: ReplayEngine) -> None:
    events = turns(past.tenant, 9)
    await past.publish(events)
    target = replace(past.target, types=frozenset(("turn.started",)))
    ended = await engine.replay(EventFilters(past.tenant), target, "look")
    assert (ended.counts.matched, ended.counts.had, ended.counts.done) == (6, 0, 6)
    assert ended.counts.by_type == {"turn.started": 6}
    assert ended.finished
    assert ended.dry_run
    assert [await past.rows(table) for table in ("effects", "inbox", "replays")] == [0, 0, 0]


async def test_effects_happen_once_however_often_they_are_replayed(past: Past, engine: ReplayEngine) -> None:
    events = turns(past.tenant, 250)
    await past.publish(events)
    for name in ("first", "first", "second"):
        await engine.replay(EventFilters(past.tenant), past.target, name, dry_run=False)
    both = (engine.replay(EventFilters(past.tenant), past.target, name, dry_run=False) for name in ("a", "b"))
    ended = await asyncio.gather(*both)
    assert await past.effects() == Counter(event.event_id for event in events)
    assert [each.counts.had for each in ended] == [250, 250]


async def test_two_replays_at_once_have_each_effect_once(past: Past, engine: ReplayEngine) -> None:
    events = turns(past.tenant, 120)
    await past.publish(events)
    both = (engine.replay(EventFilters(past.tenant), past.target, name, dry_run=False) for name in ("a", "b"))
    first, second = await asyncio.gather(*both)
    assert await past.effects() == Counter(event.event_id for event in events)
    assert first.counts.done + second.counts.done == 120


async def test_what_the_consumer_has_had_is_not_done_again_nor_by_it_afterwards(
    past: Past, engine: ReplayEngine
) -> None:
    events = turns(past.tenant, 30)
    await past.publish(events[:20])
    store = EventStore("chat")
    what = Consumption("chat.counting", (TURNS,), count, types=frozenset(("turn.started", "turn.failed")))
    consumer = Consumer(past.database, past.transport, DLQHandler(past.database, store), what, Ids(), ConsumerMetrics())
    subscription = await past.transport.subscribe("chat.counting", (TURNS,))
    try:
        assert await consumer.take_some(subscription, 0.0) == 20
        await past.publish(events[20:])
        # Only the last one: the consumer has to take those before it all the same.
        late = EventFilters(past.tenant, since=events[-1].timestamp)
        ended = await engine.replay(late, ReplayTarget.of(what), "late", dry_run=False)
        assert ended.counts.done == 1
        assert await consumer.take_some(subscription, 0.0) == 10
    finally:
        await subscription.close()
    again = await engine.replay(EventFilters(past.tenant), ReplayTarget.of(what), "all", dry_run=False)
    assert again.counts.had == 30
    assert await past.effects() == Counter(event.event_id for event in events)


async def test_a_target_that_shows_what_it_lacks_is_filled_again_after_it_was_emptied(
    past: Past, engine: ReplayEngine
) -> None:
    async def lacks(connection: Connection, events: Sequence[Event]) -> set[UUID]:
        rows = await connection.fetch("select event_id from effects")
        return {event.event_id for event in events} - {row["event_id"] for row in rows}

    events = turns(past.tenant, 40)
    await past.publish(events)
    target = replace(past.target, lacks=lacks)
    for round_number in range(2):
        await engine.replay(EventFilters(past.tenant), target, f"once-{round_number}", dry_run=False)
        again = await engine.replay(EventFilters(past.tenant), target, f"again-{round_number}", dry_run=False)
        assert again.counts.had == 40
        assert await past.effects() == Counter(event.event_id for event in events)
        async with past.database.transaction(past.tenant) as connection:
            await connection.execute("delete from effects where tenant_id = $1", past.tenant)


async def test_a_replay_that_was_cut_off_goes_on_where_it_was(past: Past, engine: ReplayEngine) -> None:
    await past.publish(turns(past.tenant, 350))
    told: list[ReplayProgress] = []

    async def cut_off(progress: ReplayProgress) -> None:
        told.append(progress)
        if progress.counts.matched == 200:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await engine.replay(EventFilters(past.tenant), past.target, "long", dry_run=False, on_progress=cut_off)
    assert (told[0].resumed, told[0].counts.matched, await past.rows("effects")) == (False, 0, 200)
    resumed: list[ReplayProgress] = []

    async def listen(progress: ReplayProgress) -> None:
        resumed.append(progress)

    ended = await engine.replay(EventFilters(past.tenant), past.target, "long", dry_run=False, on_progress=listen)
    assert (resumed[0].resumed, resumed[0].counts.matched, resumed[0].until) == (True, 200, told[0].until)
    assert (ended.counts.done, ended.counts.had, ended.counts.matched) == (350, 0, 350)
    assert set((await past.effects()).values()) == {1}


async def test_a_name_belongs_to_one_replay(past: Past, engine: ReplayEngine) -> None:
    filters = EventFilters(past.tenant, since=BEGUN)
    await engine.replay(filters, past.target, "mine", dry_run=False)
    for other, target in (
        (EventFilters(past.tenant, event_type="turn.*"), past.target),
        (filters, replace(past.target, name="chat.other")),
    ):
        with pytest.raises(SomaError) as refused:
            await engine.replay(other, target, "mine", dry_run=False)
        assert refused.value.reason is Reason.INVALID_FIELD
    foreign = EventFilters(TenantId(uuid4()), event_type="turn.*")
    assert (await engine.replay(foreign, past.target, "mine", dry_run=False)).counts.matched == 0


async def test_a_failed_effect_stops_its_stream_and_no_other(past: Past, engine: ReplayEngine) -> None:
    events = turns(past.tenant, 30)
    await past.publish(events)
    poison = events[9]

    async def effect(connection: Connection, event: Event) -> None:
        await count(connection, event)
        if event.event_id == poison.event_id:
            raise ValueError("it cannot")

    broken = await engine.replay(EventFilters(past.tenant), replace(past.target, effect=effect), "x", dry_run=False)
    assert (broken.counts.done, broken.counts.failed, broken.counts.left) == (23, 1, 6)
    assert poison.event_id not in await past.effects()
    mended = await engine.replay(EventFilters(past.tenant), past.target, "x", dry_run=False)
    assert (mended.counts.done, mended.counts.had) == (7, 23)
    assert await past.effects() == Counter(event.event_id for event in events)


async def test_what_waits_in_the_dead_letters_is_left_to_them(past: Past, engine: ReplayEngine) -> None:
    events = turns(past.tenant, 30)
    await past.publish(events)
    letters, policy = DLQHandler(past.database, EventStore("chat")), LetterPolicy()
    delivery = Delivery(Shard(TURNS.name, 0), 1, b"", BEGUN)
    failure = Failure("ValueError", "", "")
    await letters.capture_failed_event("chat.counting", delivery, events[9], failure, 1, policy)
    ended = await engine.replay(EventFilters(past.tenant), past.target, "x", dry_run=False)
    assert (ended.counts.done, ended.counts.left) == (23, 7)
    assert events[9].event_id not in await past.effects()


async def test_speed_keeps_the_distances_in_time(past: Past, engine: ReplayEngine) -> None:
    await past.publish(turns(past.tenant, 5))
    loop = asyncio.get_running_loop()
    for speed, least in ((8.0, 0.45), (0.0, 0.0)):
        begun = loop.time()
        target = replace(past.target, name=f"chat.{speed}")
        ended = await engine.replay(EventFilters(past.tenant), target, str(speed), speed=speed, dry_run=False)
        assert ended.counts.done == 5
        assert loop.time() - begun >= least
    with pytest.raises(SomaError) as refused:
        await engine.replay(EventFilters(past.tenant), past.target, "x", speed=-1)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_it_ends_with_what_was_there_when_it_began(past: Past, engine: ReplayEngine) -> None:
    """Effects that write events of their own do not keep it going."""
    events = turns(past.tenant, 3)
    await past.publish(events)

    async def effect(connection: Connection, event: Event) -> None:
        await count(connection, event)
        later = replace(event, event_id=Ids().uuid7(), sequence=event.sequence + 100, timestamp=Clock().now())
        await past.publish([replace(later, timestamp=later.timestamp + timedelta(seconds=1))])

    async with asyncio.timeout(20):
        ended = await engine.replay(EventFilters(past.tenant), replace(past.target, effect=effect), "x", dry_run=False)
    assert ended.counts.matched == 3


async def test_a_transport_that_is_away_is_a_dependency_that_is_down(past: Past, open_database: OpenDatabase) -> None:
    urls = replace(past.bus_urls, app_dsn="postgresql://nobody@127.0.0.1:1/none")
    engine = ReplayEngine(past.database, BusHistory(await open_database(urls)), Clock())
    with pytest.raises(SomaError) as refused:
        await engine.replay(EventFilters(past.tenant), past.target, "x")
    assert refused.value.reason is Reason.DEPENDENCY_DOWN


async def test_the_bus_shows_a_tenant_nothing_of_others_even_when_it_is_not_asked_to(
    past: Past, open_database: OpenDatabase
) -> None:
    await past.publish([*turns(past.tenant, 4), *turns(TenantId(uuid4()), 7)])
    bus = await open_database(past.bus_urls)
    async with bus.transaction(past.tenant) as connection:
        assert await connection.fetchval("select count(*) from entries") == 4
        assert await connection.fetchval("select count(*) from entries where tenant_id <> $1", past.tenant) == 0
