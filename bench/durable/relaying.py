"""An outbox on its way to Kafka, the same records by nothing but the client library, and the lag at a steady rate.

A program: see `programs.py`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client import CollectorRegistry

from bench.durable.appends import TENANTS, draft_of, tenant_of
from bench.durable.programs import READY, answer
from bench.numbers import percentile
from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.metrics import RelayMetrics
from soma_common.events.publisher import EventPublisher
from soma_common.events.relay import Relay
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS, Topic
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import Envelope, Outcome, Subscription, Transport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database

_STREAMS: Final = 256
_AT_ONCE: Final = 500
_TICK_SECONDS: Final = 0.01
_WARM_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 20.0
_SILENCE_MILLISECONDS: Final = 3000

Record = tuple[int, bytes, bytes]


async def work(job: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    """`way` is "drain", "bare" or "steady"."""
    yield READY
    ways = {"drain": _drain, "bare": _bare, "steady": _steady}
    yield await ways[job["way"]](job)


@asynccontextmanager
async def _house(job: Mapping[str, Any]) -> AsyncIterator[Database]:
    database = await Database.open(HouseDatabase(**job["urls"]), app_pool=2, worker_pool=4)
    try:
        yield database
    finally:
        await database.close()


def _relay(database: Database, transport: Transport) -> Relay:
    return Relay(database, transport, Clock(), Ids(), RelayMetrics(CollectorRegistry()))


async def _drain(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The relay of a house with so many events in its outbox, until none is left; then what the broker has."""
    async with _house(job) as database:
        await _fill(database, job["events"])
        transport = KafkaTransport([job["kafka"]], prefix=job["prefix"])
        await transport.publish(())
        relay = _relay(database, transport)
        # The first round waits for a topic that was made only now.
        published = warm = await relay.publish_some()
        begun = time.perf_counter()
        while published < job["events"]:
            published += await relay.publish_some()
        seconds = time.perf_counter() - begun
        await transport.close()
    records = await _records(job, job["events"])
    return {
        "rate": (published - warm) / seconds,
        "disorder": disorder(records),
        "missing": job["events"] - len(records),
    }


async def _fill(database: Database, events: int) -> None:
    """Every transaction writes to all streams of one tenant."""
    store = EventStore("chat")
    for begin in range(0, events, _AT_ONCE):
        tenant = begin // _AT_ONCE % TENANTS
        streams = range(tenant, _STREAMS, TENANTS)
        drafts = [draft_of(streams[number % len(streams)]) for number in range(min(_AT_ONCE, events - begin))]
        async with database.transaction(tenant_of(tenant)) as connection:
            await store.append(connection, tenant_of(tenant), drafts)


async def _bare(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same records, from memory, to a topic like the relay's: every future awaited, all replicas, idempotent."""
    records = await _records(job, job["events"])
    topic = job["prefix"] + "bare." + TURNS.name
    transport = KafkaTransport([job["kafka"]], prefix=job["prefix"] + "bare.")
    await transport.publish(())
    await transport.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=job["kafka"], acks="all", enable_idempotence=True, max_batch_size=job["batch_bytes"]
    )
    await producer.start()
    await producer.partitions_for(topic)
    begun = time.perf_counter()
    futures = [await producer.send(topic, value, key=key) for _, key, value in records]
    await asyncio.gather(*futures)
    seconds = time.perf_counter() - begun
    await producer.stop()
    return {"rate": len(records) / seconds}


async def _records(job: Mapping[str, Any], amount: int) -> list[Record]:
    """What the topic holds, as partition, key and value in the order of each partition."""
    reader = AIOKafkaConsumer(
        job["prefix"] + TURNS.name,
        bootstrap_servers=job["kafka"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await reader.start()
    try:
        records: list[Record] = []
        while len(records) < amount:
            parts = await reader.getmany(timeout_ms=_SILENCE_MILLISECONDS)
            if not parts:
                break
            records += [(it.partition, it.key, it.value) for some in parts.values() for it in some]
        return records
    finally:
        await reader.stop()


def disorder(records: Sequence[Record]) -> int:
    """How many records are not the next one of their stream."""
    last: dict[tuple[str, str], int] = {}
    wrong = 0
    for _, _, value in records:
        event = event_pb.Event.FromString(value)
        key = event.tenant_id, event.stream
        wrong += event.sequence != last.get(key, 0) + 1
        last[key] = event.sequence
    return wrong


class _Timed(Transport):
    """Notes when the broker has acknowledged each event."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.acknowledged: dict[UUID, float] = {}

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        outcome = await self._inner.publish(batch)
        now = time.perf_counter()
        if outcome.broken is None and not outcome.failed:
            self.acknowledged |= dict.fromkeys((envelope.event.event_id for envelope in batch), now)
        return outcome

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        return await self._inner.subscribe(consumer, topics)

    async def sweep(self) -> None:
        await self._inner.sweep()

    async def close(self) -> None:
        await self._inner.close()


async def _steady(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Facts at a steady rate by the publisher, while the relay of the same process runs as in a house."""
    async with _house(job) as database:
        transport = _Timed(KafkaTransport([job["kafka"]], prefix=job["prefix"]))
        await transport.publish(())
        relay = _relay(database, transport)
        running = asyncio.create_task(relay.run())
        async with EventPublisher(database, "chat", on_publish=relay.wake) as publisher:
            warm = await _publish_steadily(publisher, job["rate"], _WARM_SECONDS)
            await _all_acknowledged(transport, len(warm))
            committed = await _publish_steadily(publisher, job["rate"], job["seconds"])
        await _all_acknowledged(transport, len(warm) + len(committed))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await transport.close()
    lags = [max(0.0, transport.acknowledged[event_id] - at) * 1000 for event_id, at in committed.items()]
    records = await _records(job, len(warm) + len(committed))
    told = {"p50_ms": percentile(lags, 50), "p99_ms": percentile(lags, 99)}
    missing = len(warm) + len(committed) - len(records)
    return {**told, "rate": len(committed) / job["seconds"], "disorder": disorder(records), "missing": missing}


async def _all_acknowledged(transport: _Timed, amount: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(transport.acknowledged) < amount:
            await asyncio.sleep(_TICK_SECONDS)


async def _publish_steadily(publisher: EventPublisher, rate: int, seconds: float) -> dict[UUID, float]:
    """When each event was committed, as its caller learned it."""
    committed: dict[UUID, float] = {}
    begun, numbers = time.perf_counter(), count()

    async def publish(number: int) -> None:
        event = await publisher.publish(draft_of(number % _STREAMS), tenant_of(number))
        committed[event.event_id] = time.perf_counter()

    async with asyncio.TaskGroup() as group:
        sent = 0
        while (now := time.perf_counter() - begun) < seconds:
            for _ in range(int(now * rate) - sent):
                group.create_task(publish(next(numbers)))
                sent += 1
            await asyncio.sleep(_TICK_SECONDS)
    return committed


if __name__ == "__main__":
    answer(work)
