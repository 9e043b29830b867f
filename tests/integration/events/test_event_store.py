"""Events on a real server: all or nothing, dense and in order, whoever writes at the same time."""

import asyncio
import random
from collections import defaultdict
from itertools import pairwise
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import Event, EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database, HouseDatabase
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, run_aside

pytestmark = pytest.mark.integration

EVENTS = "select stream, sequence, event_time, event_id from events where tenant_id = $1 order by stream, sequence"
OUTBOX = "select stream, sequence, event_id from outbox where tenant_id = $1 order by stream, sequence"
HEADS = "select stream, sequence from event_streams where tenant_id = $1 order by stream"


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("chat", None)


class _UndoError(Exception):
    """Makes a transaction roll back."""


def a_draft(stream: str, turn_id: str = "1") -> EventDraft:
    return EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=turn_id), "a-correlation")


def a_tenant() -> TenantId:
    return TenantId(uuid4())


async def rows_of(database: Database, tenant: TenantId) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    async with database.worker() as connection:
        return await connection.fetch(EVENTS, tenant), await connection.fetch(OUTBOX, tenant)


async def test_append_returns_what_is_stored(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    database, tenant, store = await open_database(urls), a_tenant(), EventStore("chat")
    drafts = [a_draft("b"), a_draft("a"), EventDraft(
        "turn.completed", "b", payloads_pb.TurnEnded(turn_id="2"), "other", causation_id="x", metadata={"k": "v"}
    )]  # fmt: skip
    async with database.transaction(tenant) as connection:
        events = await store.append(connection, tenant, drafts)
        stored = await connection.fetch("select * from events order by stream, sequence")
    assert [(event.stream, event.sequence) for event in events] == [("b", 1), ("a", 1), ("b", 2)]
    by_id = {event.event_id: event for event in events}
    for row in stored:
        event = by_id[row["event_id"]]
        assert (row["event_type"], row["event_time"], row["payload"]) == (
            event.event_type, event.timestamp, event.payload,
        )  # fmt: skip
        assert (row["trace_id"], row["correlation_id"]) == (event.trace_id, event.correlation_id)
        assert row["schema_name"] == event.schema.message
    assert events[2].causation_id == "x"
    assert events[2].metadata == {"k": "v"}
    assert all(event.event_id.version == 7 for event in events)
    payload = EventDraft("turn.started", "a", payloads_pb.TurnStarted(), "c")
    with pytest.raises(ValueError, match="must not be empty"):
        async with database.transaction(tenant) as connection:
            await store.append(connection, tenant, [payload])


batches = st.lists(st.tuples(st.lists(st.sampled_from("abc"), max_size=5), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
def test_prop_8_3_2_atomic_persistence(urls: HouseDatabase, work: list[tuple[list[str], bool]]) -> None:
    """Change, events, outbox rows and heads are there together, or none of them is."""

    async def check() -> None:
        database, tenant, store = await Database.open(urls), a_tenant(), EventStore("chat")
        kept: list[Event] = []
        try:
            for streams, commits in work:
                try:
                    async with database.transaction(tenant) as connection:
                        change = (
                            "insert into rate_limits (tenant_id, sub, name, arrival_time) values ($1, $2, 'x', now())"
                        )
                        await connection.execute(change, tenant, str(uuid4()))
                        events = await store.append(connection, tenant, [a_draft(stream) for stream in streams])
                        if not commits:
                            raise _UndoError
                    kept += events
                except _UndoError:
                    continue
            stored, queued = await rows_of(database, tenant)
            expected = sorted((event.stream, event.sequence, event.event_id) for event in kept)
            assert [(row["stream"], row["sequence"], row["event_id"]) for row in stored] == expected
            assert [(row["stream"], row["sequence"], row["event_id"]) for row in queued] == expected
            async with database.worker() as connection:
                changes = await connection.fetchval("select count(*) from rate_limits where tenant_id = $1", tenant)
                heads = [row["sequence"] for row in await connection.fetch(HEADS, tenant)]
            assert changes == sum(commits for _, commits in work)
            assert sum(heads) == len(kept)
        finally:
            await database.close()

    run_aside(check())


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_prop_8_3_3_ordering_per_key(urls: HouseDatabase, seed: int) -> None:
    """Concurrent writers to shared streams: per stream no gap, no double, and time rises with the sequence."""

    async def check() -> None:
        databases = [await Database.open(urls) for _ in range(3)]
        tenants, store = [a_tenant(), a_tenant()], EventStore("chat")
        chance = random.Random(seed)

        async def write(database: Database, tenant: TenantId, plan: list[list[str]]) -> list[Event]:
            written: list[Event] = []
            for streams in plan:
                drafts = [a_draft(stream) for stream in streams]

                async def work(connection: Connection, drafts: list[EventDraft] = drafts) -> list[Event]:
                    return await store.append(connection, tenant, drafts)

                written += await database.run(tenant, work)
            return written

        plans = [[[chance.choice("abcd") for _ in range(chance.randint(1, 6))] for _ in range(8)] for _ in range(9)]
        try:
            writers = [write(databases[i % 3], tenants[i % 2], plan) for i, plan in enumerate(plans)]
            written = [event for events in await asyncio.gather(*writers) for event in events]
            for tenant in tenants:
                await compare(databases[0], tenant, written)
        finally:
            for database in databases:
                await database.close()

    run_aside(check())


async def compare(database: Database, tenant: TenantId, written: list[Event]) -> None:
    stored, queued = await rows_of(database, tenant)
    streams = defaultdict(list)
    for row in stored:
        streams[row["stream"]].append(row)
    for rows in streams.values():
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        times = [row["event_time"] for row in rows]
        assert all(before < after for before, after in pairwise(times))
    mine = {(e.event_id, e.stream, e.sequence, e.timestamp) for e in written if e.tenant_id == tenant}
    assert {(r["event_id"], r["stream"], r["sequence"], r["event_time"]) for r in stored} == mine
    assert [(r["stream"], r["sequence"], r["event_id"]) for r in queued] == [
        (r["stream"], r["sequence"], r["event_id"]) for r in stored
    ]


async def test_another_tenant_is_neither_seen_nor_written(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    database, one, other = await open_database(urls), a_tenant(), a_tenant()
    store = EventStore("chat")
    async with database.transaction(one) as connection:
        await store.append(connection, one, [a_draft("a")])
    async with database.transaction(other) as connection:
        assert await connection.fetchval("select count(*) from events") == 0
        assert (await store.append(connection, other, [a_draft("a")]))[0].sequence == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(other) as connection:
            await store.append(connection, one, [a_draft("a")])
