"""Kafka: an idempotent producer that waits for all replicas, and consumer groups that commit by hand.

The modules of this package that begin with kafka alone know aiokafka; they are imported where brokers are configured.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)
from aiokafka.partitioner import DefaultPartitioner

from soma_common.events.topics import Topic
from soma_common.events.transports.kafka_client import BROKEN, REQUEST_SECONDS, broken, ended, make_topics, way_of
from soma_common.events.transports.login import KafkaLogin
from soma_common.events.transports.port import (
    Delivery,
    Envelope,
    Outcome,
    Shard,
    StreamKey,
    Subscription,
    Transport,
)

SESSION_SECONDS: Final = 10.0
_PLACES_KEPT: Final = 10_000
_BATCH_BYTES: Final = 256 * 1024
_REQUEST_BYTES: Final = 1024 * 1024
# What a record needs beside its key and value, generously.
_OVERHEAD_BYTES: Final = 256
_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)


class KafkaTransport(Transport):
    """Topics of Kafka, made where they are missing. `prefix` stands before their names (tests share a broker).

    A member of a consumer that is silent for `session_seconds` loses its partitions to the others.
    """

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        login: KafkaLogin | None = None,
        prefix: str = "",
        request_seconds: float = REQUEST_SECONDS,
        session_seconds: float = SESSION_SECONDS,
    ) -> None:
        # A broker that is away is told once by whoever waits for it, not ten times a second by the library.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        self._way = way_of(bootstrap, login)
        self._prefix = prefix
        self._milliseconds = int(request_seconds * 1000)
        self._session_milliseconds = int(session_seconds * 1000)
        self._partitioner = DefaultPartitioner()
        self._places: dict[tuple[str, bytes], tuple[int, int]] = {}
        self._producer: Any = None
        self._connecting = asyncio.Lock()

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        """Per partition one batch after the other, each acknowledged before the next: order holds through failures."""
        outcome = Outcome()
        try:
            producer = await self._connected()
            places: dict[StreamKey, Shard] = {}
            parts: dict[Shard, list[Envelope]] = defaultdict(list)
            for envelope in batch:
                place = places.get(envelope.key)
                if place is None:
                    place = places[envelope.key] = await self._place(producer, envelope)
                parts[place].append(envelope)
            async with asyncio.TaskGroup() as group:
                for place, envelopes in parts.items():
                    group.create_task(self._fill(producer, place, envelopes, outcome))
        except BROKEN as problem:
            outcome.broken = broken(problem)
        if outcome.broken is not None:
            await self._disconnect()
        return outcome

    async def _place(self, producer: Any, envelope: Envelope) -> Shard:
        name, key = self._prefix + envelope.topic.name, envelope.key.wire
        partitions = sorted(await producer.partitions_for(name))
        amount, number = self._places.get((name, key), (0, 0))
        if amount != len(partitions):
            # The partitioner takes as long as everything else that is done with a record.
            number = self._partitioner(key, partitions, partitions)
            if len(self._places) >= _PLACES_KEPT:
                self._places.clear()
            self._places[name, key] = len(partitions), number
        return Shard(name, number)

    async def _fill(self, producer: Any, place: Shard, envelopes: Sequence[Envelope], outcome: Outcome) -> None:
        """Send the events of one partition; a failure of the broker ends it, an event that is too large its stream."""
        try:
            waiting = list(envelopes)
            while waiting and outcome.broken is None:
                waiting = await self._send_some(producer, place, waiting, outcome)
        except BROKEN as problem:
            outcome.broken = broken(problem)

    async def _send_some(
        self, producer: Any, place: Shard, envelopes: Sequence[Envelope], outcome: Outcome
    ) -> list[Envelope]:
        """Send as many as go into one batch; returns those that did not."""
        builder, inside = producer.create_batch(), list[Envelope]()
        for index, envelope in enumerate(envelopes):
            if envelope.key in outcome.failed:
                continue
            if len(envelope.body) + len(envelope.key.wire) + _OVERHEAD_BYTES > _REQUEST_BYTES:
                outcome.failed[envelope.key] = f"an event of {len(envelope.body)} bytes is too large"
            elif _appended(builder, envelope):
                inside.append(envelope)
            else:
                rest = list(envelopes[index:])
                break
        else:
            rest = []
        if inside:
            await self._send(producer, place, builder, inside, outcome)
        return rest

    async def _send(
        self, producer: Any, place: Shard, builder: Any, inside: Sequence[Envelope], outcome: Outcome
    ) -> None:
        builder.close()
        try:
            await (await producer.send_batch(builder, place.topic, partition=place.number))
        except _TOO_LARGE:
            if len(inside) == 1:
                outcome.failed[inside[0].key] = f"the broker takes no event of {len(inside[0].body)} bytes"
                return
            for envelope in inside:
                if envelope.key not in outcome.failed:
                    alone = producer.create_batch()
                    _appended(alone, envelope)
                    await self._send(producer, place, alone, [envelope], outcome)
        else:
            outcome.acknowledge(envelope.key for envelope in inside)

    async def _connected(self) -> Any:
        """The producer. One that failed is not used again: its numbers and the broker's may differ."""
        async with self._connecting:
            if self._producer is None:
                self._producer = await self._new_producer()
            return self._producer

    async def _new_producer(self) -> Any:
        await make_topics(self._way, self._prefix, self._milliseconds)
        producer = AIOKafkaProducer(
            **self._way,
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
            request_timeout_ms=self._milliseconds,
        )
        try:
            await producer.start()
        except BaseException:
            await ended(producer)
            raise
        return producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await ended(producer)

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        """A new member of the consumer group."""
        reader = AIOKafkaConsumer(
            *(self._prefix + topic.name for topic in topics),
            **self._way,
            group_id=self._prefix + consumer,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=self._milliseconds,
            session_timeout_ms=self._session_milliseconds,
            heartbeat_interval_ms=self._session_milliseconds // 4,
        )
        try:
            await make_topics(self._way, self._prefix, self._milliseconds)
            await reader.start()
        except BROKEN as problem:
            await ended(reader)
            raise broken(problem) from problem
        return _KafkaSubscription(reader, self._prefix)

    async def sweep(self) -> None:
        """Nothing: brokers forget by themselves, as the topics were made to."""

    async def close(self) -> None:
        """End the producer; subscriptions are closed by whoever made them."""
        await self._disconnect()


class _KafkaSubscription(Subscription):
    """One member of a consumer group."""

    def __init__(self, reader: Any, prefix: str) -> None:
        self._reader = reader
        self._prefix = prefix

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Delivery]:
        """Polls once; the library keeps up the membership meanwhile."""
        try:
            parts = await self._reader.getmany(timeout_ms=int(wait_seconds * 1000), max_records=limit)
        except BROKEN as problem:
            raise broken(problem) from problem
        return [
            Delivery(
                Shard(part.topic.removeprefix(self._prefix), part.partition),
                record.offset,
                record.value or b"",
                datetime.fromtimestamp(record.timestamp / 1000, UTC),
                {name: value or b"" for name, value in record.headers},
            )
            for part, records in parts.items()
            for record in records
        ]

    async def commit(self, places: Mapping[Shard, int]) -> None:
        """Commits the offsets behind these; a member that was put out of its group commits nothing."""
        offsets = {
            TopicPartition(self._prefix + shard.topic, shard.number): position + 1 for shard, position in places.items()
        }
        try:
            await self._reader.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return
        except BROKEN as problem:
            raise broken(problem) from problem

    async def close(self) -> None:
        """Leaves the group."""
        await ended(self._reader)


def _appended(builder: Any, envelope: Envelope) -> bool:
    milliseconds = int(envelope.event.timestamp.timestamp() * 1000)
    return builder.append(timestamp=milliseconds, key=envelope.key.wire, value=envelope.body) is not None
