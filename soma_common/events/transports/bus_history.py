"""The history of the bus in PostgreSQL, read as the role that sees one tenant.

Nothing here writes, and nothing here moves a consumer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.codec import from_message
from soma_common.events.models import Event
from soma_common.events.transports.history import CHUNK_EVENTS, Chunk, History, UnknownPositionError
from soma_common.events.transports.places import of_word, to_word
from soma_common.events.transports.port import Shard, TransportError
from soma_common.events.ways import FIRST_ID, way_of
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.replay.filters import EventFilters

T = TypeVar("T")

_SQL = Queries.of("soma_common.events", "sql/history.sql")
_LOOK_FIRST_SECONDS: Final = 0.05
_LOOK_SECONDS: Final = 1.0


class BusHistory(History):
    """`database` is the bus as the role `app` opens it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, filters: EventFilters, behind: str = "", size: int = CHUNK_EVENTS
    ) -> AsyncGenerator[Chunk, None]:
        """By the index that fits the filters best; the rest of them is looked at in the events themselves."""
        place = _place_of(behind, filters.first_time)
        found: list[Event] = []
        while True:
            events, place = await self._read_some(filters, place, size)
            found += [event for event in events if filters.matches(event)]
            while len(found) >= size:
                some, found = found[:size], found[size:]
                yield Chunk(some, _word_of(some[-1]))
            if len(events) < size:
                yield Chunk(found, _word_at(*place))
                return

    async def _read_some(
        self, filters: EventFilters, place: tuple[datetime, UUID], size: int
    ) -> tuple[list[Event], tuple[datetime, UUID]]:
        statement, words = way_of(_SQL, filters)
        values = (filters.tenant_id, *place, filters.end_time, filters.service, size, *words)

        async def work(connection: Connection) -> list[Any]:
            return list(await connection.fetch(statement, *values))

        rows = await self._run(filters.tenant_id, work)
        last = (rows[-1]["event_time"], rows[-1]["event_id"]) if rows else place
        return [_event_in(row["body"]) for row in rows], last

    async def follow(self, filters: EventFilters, behind: str = "") -> AsyncGenerator[Chunk, None]:
        """Looks ever more seldom while nothing comes, at least each second."""
        places = of_word(behind) if behind else await self._heads(filters.tenant_id)
        yield Chunk((), to_word(places))
        pause = _LOOK_FIRST_SECONDS
        while True:
            events, is_full = await self._read_on(filters.tenant_id, places)
            wanted = [event for event in events if filters.matches(event)]
            if wanted:
                pause = _LOOK_FIRST_SECONDS
                yield Chunk(wanted, to_word(places))
            if not is_full:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LOOK_SECONDS)

    async def _read_on(self, tenant_id: TenantId, places: dict[Shard, int]) -> tuple[Sequence[Event], bool]:
        """What came behind the places, which are moved; and whether there may be more."""
        heads = await self._heads(tenant_id)
        news = {shard: head for shard, head in heads.items() if head > places.get(shard, 0)}
        if not news:
            return (), False
        columns = (
            [shard.topic for shard in news],
            [shard.number for shard in news],
            [places.get(shard, 0) for shard in news],
            list(news.values()),
        )

        async def work(connection: Connection) -> list[Any]:
            return list(await connection.fetch(_SQL.read_on, tenant_id, *columns, CHUNK_EVENTS))

        rows = await self._run(tenant_id, work)
        is_full = len(rows) == CHUNK_EVENTS
        if is_full:
            # Shards behind the last row were not looked at, and that row's own shard may have more.
            last = Shard(rows[-1]["topic"], rows[-1]["shard"])
            news = {shard: head for shard, head in news.items() if shard < last} | {last: rows[-1]["position"]}
        places.update(news)
        return [_event_in(row["body"]) for row in rows], is_full

    async def _heads(self, tenant_id: TenantId) -> dict[Shard, int]:
        async def work(connection: Connection) -> Mapping[Shard, int]:
            rows = await connection.fetch(_SQL.find_heads)
            return {Shard(row["topic"], row["shard"]): row["position"] for row in rows}

        return dict(await self._run(tenant_id, work))

    async def _run(self, tenant_id: TenantId, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            return await self._database.run(tenant_id, work)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem

    async def close(self) -> None:
        """End all connections."""
        await self._database.close()


def _event_in(body: bytes) -> Event:
    return from_message(event_pb.Event.FromString(body))


def _word_of(event: Event) -> str:
    return _word_at(event.timestamp, event.event_id)


def _word_at(time: datetime, event_id: UUID) -> str:
    return f"{time.isoformat()}/{event_id}"


def _place_of(word: str, first: datetime) -> tuple[datetime, UUID]:
    """Behind which time and event the word means. `first` itself is inside: no event has the first of all ids."""
    if not word:
        return first, FIRST_ID
    time, _, event_id = word.partition("/")
    try:
        return datetime.fromisoformat(time).astimezone(UTC), UUID(event_id)
    except (ValueError, OverflowError):
        raise UnknownPositionError("the position is none of this history") from None
