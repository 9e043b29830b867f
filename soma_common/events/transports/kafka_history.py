"""The history of Kafka: a bounded scan of the topics by a reader that belongs to no group.

The topics hold all tenants; what belongs to another is passed over by its key, before anything of it is read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.codec import from_message
from soma_common.events.models import Event
from soma_common.events.topics import TOPICS, Topic, topic_of, topics_of
from soma_common.events.transports.history import CHUNK_EVENTS, Chunk, History
from soma_common.events.transports.kafka_client import BROKEN, REQUEST_SECONDS, broken, ended, make_topics, way_of
from soma_common.events.transports.login import KafkaLogin
from soma_common.events.transports.places import of_word, to_word
from soma_common.events.transports.port import Shard, TransportError
from soma_common.replay.filters import EventFilters

_RECORDS_AT_ONCE: Final = 500
_PART_BYTES: Final = 256 * 1024
_WAIT_MILLISECONDS: Final = 500


@dataclass(slots=True)
class _Part:
    """One partition of a scan: what of it is at hand, from where it goes on, and where the scan ends."""

    partition: TopicPartition
    next: int
    end: int
    events: deque[tuple[int, Event]] = field(default_factory=deque)

    @property
    def is_read(self) -> bool:
        """Whether all of it was looked at."""
        return self.next >= self.end

    @property
    def place(self) -> int:
        """The first record that was not handed out."""
        return self.events[0][0] if self.events else self.next

    def take(self, records: Iterable[Any], filters: EventFilters) -> None:
        """Keep the events that are meant; what came after the scan began is left."""
        for record in records:
            if record.offset >= self.end:
                break
            self.next = record.offset + 1
            event = _event_of(record, filters)
            if event is not None:
                self.events.append((record.offset, event))


class KafkaHistory(History):
    """Topics of Kafka. `prefix` stands before their names (tests share a broker)."""

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        login: KafkaLogin | None = None,
        prefix: str = "",
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        self._way = way_of(bootstrap, login)
        self._prefix = prefix
        self._request_seconds = request_seconds
        self._topics_are_there = False

    async def read(
        self, filters: EventFilters, behind: str = "", size: int = CHUNK_EVENTS
    ) -> AsyncGenerator[Chunk, None]:
        """Merges the partitions by time, each in its own order, up to where they ended when the scan began."""
        places = of_word(behind) if behind else None
        async with self._reader() as reader:
            parts = await self._begin(reader, _topics_of(filters), filters.first_time, places)
            found: list[Event] = []
            while True:
                await self._fill(reader, parts, filters)
                ready = [part for part in parts if part.events]
                if not ready:
                    break
                first = min(ready, key=lambda part: (part.events[0][1].timestamp, part.events[0][1].event_id))
                found.append(first.events.popleft()[1])
                if len(found) == size:
                    yield Chunk(found, self._word(parts))
                    found = []
            yield Chunk(found, self._word(parts))

    async def _begin(
        self, reader: Any, topics: Sequence[Topic], since: datetime, places: dict[Shard, int] | None
    ) -> list[_Part]:
        """The partitions, each at the place given or at the first record that is not too old."""
        partitions = await self._assign(reader, topics)
        begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
        if places is None:
            milliseconds = int(since.timestamp() * 1000)
            found = await reader.offsets_for_times(dict.fromkeys(partitions, milliseconds))
            starts = {each: ends[each] if found[each] is None else found[each].offset for each in partitions}
        else:
            starts = {each: places.get(self._shard(each), 0) for each in partitions}
        parts = [_Part(each, min(max(starts[each], begins[each]), ends[each]), ends[each]) for each in partitions]
        for part in parts:
            reader.seek(part.partition, part.next)
        return parts

    async def _assign(self, reader: Any, topics: Sequence[Topic]) -> list[TopicPartition]:
        """Take the partitions that topics were made with, and those that a broker's operator has added to them."""
        made = {self._prefix + topic.name: set(range(topic.partitions)) for topic in topics}
        known = [TopicPartition(name, number) for name, numbers in made.items() for number in sorted(numbers)]
        reader.assign(known)
        await reader.end_offsets(known)
        told = {name: reader.partitions_for_topic(name) or set() for name in made}
        partitions = sorted(TopicPartition(name, number) for name in made for number in made[name] | told[name])
        if partitions != sorted(known):
            reader.assign(partitions)
        return partitions

    async def _fill(self, reader: Any, parts: Sequence[_Part], filters: EventFilters) -> None:
        """Have the next event of every partition at hand that has one. Raises TransportError when nothing comes."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._request_seconds
        while lacking := {part.partition: part for part in parts if not part.events and not part.is_read}:
            found = await reader.getmany(*lacking, timeout_ms=_WAIT_MILLISECONDS, max_records=_RECORDS_AT_ONCE)
            before = [part.next for part in lacking.values()]
            for partition, part in lacking.items():
                part.take(found.get(partition, ()), filters)
                # What a broker has compacted away leaves no record, but the position goes past it.
                part.next = max(part.next, min(part.end, await reader.position(partition)))
            if before != [part.next for part in lacking.values()]:
                until = loop.time() + self._request_seconds
            elif loop.time() > until:
                raise TransportError("Kafka does not serve: it gives no records of a partition that has some")

    async def follow(self, filters: EventFilters, behind: str = "") -> AsyncGenerator[Chunk, None]:
        """As the brokers hand it out, of all topics: a position serves whatever is meant later."""
        places = of_word(behind) if behind else {}
        async with self._reader() as reader:
            begun = await self._begin(reader, TOPICS, filters.first_time, places)
            parts = {part.partition: part for part in begun}
            for part in parts.values():
                if not behind:
                    reader.seek(part.partition, part.end)
                    part.next = part.end
                part.end = 2**63
            yield Chunk((), self._word(parts.values()))
            while True:
                found = await reader.getmany(timeout_ms=_WAIT_MILLISECONDS, max_records=_RECORDS_AT_ONCE)
                for partition, records in found.items():
                    parts[partition].take(records, filters)
                wanted = [event for part in parts.values() for _, event in part.events]
                for part in parts.values():
                    part.events.clear()
                if wanted:
                    yield Chunk(sorted(wanted, key=lambda event: event.timestamp), self._word(parts.values()))

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        """A reader that has nothing to read yet. Raises TransportError."""
        milliseconds = int(self._request_seconds * 1000)
        reader = AIOKafkaConsumer(
            **self._way,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=milliseconds,
            max_partition_fetch_bytes=_PART_BYTES,
        )
        try:
            if not self._topics_are_there:
                await make_topics(self._way, self._prefix, milliseconds)
                self._topics_are_there = True
            await reader.start()
            yield reader
        except BROKEN as problem:
            raise broken(problem) from problem
        finally:
            await ended(reader)

    def _shard(self, partition: TopicPartition) -> Shard:
        return Shard(partition.topic.removeprefix(self._prefix), partition.partition)

    def _word(self, parts: Iterable[_Part]) -> str:
        return to_word({self._shard(part.partition): part.place for part in parts})

    async def close(self) -> None:
        """Nothing: each reading has a reader of its own and ends it."""


def _topics_of(filters: EventFilters) -> Sequence[Topic]:
    """Where events that are meant may lie; all topics where the filters do not tell."""
    try:
        if filters.stream:
            return (topic_of(filters.stream),)
        return topics_of([filters.event_type]) if filters.event_type else TOPICS
    except ValueError:
        return TOPICS


def _event_of(record: Any, filters: EventFilters) -> Event | None:
    """The event of a record if it is meant; bytes that are no event are nobody's history."""
    if not (record.key or b"").startswith(f"{filters.tenant_id}/{filters.stream}".encode()):
        return None
    try:
        event = from_message(event_pb.Event.FromString(record.value or b""))
    except Exception:  # noqa: BLE001 - whatever it is, it is none of ours
        return None
    return event if filters.matches(event) else None
