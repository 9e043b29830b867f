"""The same over Kafka: usage is counted from its topics, and a replay reads them again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from servers.control.usage import CONSUMER, UsageCounting, UsageReading
from servers.control.usage_store import UsageStore
from soma_common.dlq.handler import DLQHandler
from soma_common.events.consumer import Consumer
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.kafka_history import KafkaHistory
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.paging import Page
from soma_common.replay.engine import ReplayEngine
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import ReplayProgress
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from tests.integration.replay.conftest import BEGUN, Past, turns

pytestmark = pytest.mark.integration


@pytest.fixture
async def topics(past: Past, kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[KafkaHistory]:
    """The history of topics of one's own; the past publishes there from now on."""
    transport = KafkaTransport([kafka_bootstrap], prefix=topic_prefix)
    past.transport = transport
    yield KafkaHistory([kafka_bootstrap], prefix=topic_prefix)
    await transport.close()


async def test_a_replay_reads_the_topics_and_goes_on_where_it_was_cut_off(past: Past, topics: KafkaHistory) -> None:
    events = turns(past.tenant, 350, streams=9)
    await past.publish(events)
    engine = ReplayEngine(past.database, topics, Clock())

    async def cut_off(progress: ReplayProgress) -> None:
        if progress.counts.matched == 200:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await engine.replay(EventFilters(past.tenant), past.target, "long", dry_run=False, on_progress=cut_off)
    assert await past.rows("effects") == 200
    ended = await engine.replay(EventFilters(past.tenant), past.target, "long", dry_run=False)
    assert (ended.counts.matched, ended.counts.done, ended.counts.had) == (350, 350, 0)
    again = await engine.replay(EventFilters(past.tenant), past.target, "long", dry_run=False)
    assert (again.counts.done, again.counts.had) == (0, 350)
    assert await past.effects() == Counter(event.event_id for event in events)


async def test_usage_is_counted_from_the_topics(
    past: Past, topics: KafkaHistory, house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    database, store = await open_database(house_database("control", "servers.control")), UsageStore()
    parts = (database, past.transport, DLQHandler(database, EventStore("control")))
    consumer = Consumer(*parts, UsageCounting(store).consumption(), Ids(), ConsumerMetrics())
    reading = UsageReading(database, store, Clock())
    days = reading.days(BEGUN.date().isoformat(), BEGUN.date().isoformat())
    events = turns(past.tenant, 30)
    await past.publish(events)
    failed = sum(event.event_type == "turn.failed" for event in events)

    async def counted() -> bool:
        return (await reading.read(past.tenant, days, "", Page(50, None))).total.failed_turns == failed

    running = asyncio.create_task(consumer.run())
    try:
        await eventually(counted, within_seconds=30)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    engine = ReplayEngine(database, topics, Clock())
    dry = await engine.replay(EventFilters(past.tenant), UsageCounting(store).target(), CONSUMER)
    assert (dry.counts.done, dry.counts.had) == (0, failed)
    assert UsageCounting(store).consumption().topics == (TURNS,)
