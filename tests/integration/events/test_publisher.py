"""Facts published in groups: dense and in order, each caller with its own answer, whatever happens to the group."""

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.lane import Grouping
from soma_common.events.models import Event, EventDraft
from soma_common.events.publisher import EventPublisher
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, run_aside
from tests.integration.events.published import (
    STORED,
    a_draft,
    a_tenant,
    ask,
    assert_stored,
    assert_told,
    reason_of,
)

pytestmark = pytest.mark.integration

TRANSACTIONS = "select count(distinct xmin::text) from events"


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("chat", None)


@pytest.fixture
async def database(urls: HouseDatabase, open_database: OpenDatabase) -> Database:
    return await open_database(urls)


@pytest.fixture
async def publisher(database: Database) -> AsyncIterator[EventPublisher]:
    async with EventPublisher(database, "chat") as publisher:
        yield publisher


async def test_callers_who_come_together_share_a_commit(publisher: EventPublisher, urls: HouseDatabase) -> None:
    tenants = [a_tenant() for _ in range(5)]
    calls = [publisher.publish(a_draft(f"conversation/{n % 20}"), tenants[n % 5]) for n in range(300)]
    events = await asyncio.gather(*calls)
    await assert_stored(urls, events)
    [row] = await ask(urls, TRANSACTIONS)
    assert row["count"] <= 6


async def test_an_event_is_returned_as_it_is_stored(publisher: EventPublisher, urls: HouseDatabase) -> None:
    draft = EventDraft(
        "turn.completed", "turn/1", payloads_pb.TurnEnded(turn_id="2"), "other", causation_id="x", metadata={"k": "v"}
    )
    event = await publisher.publish(draft, a_tenant())
    [row] = await ask(urls, "select * from events")
    assert (event.sequence, event.service_id, event.trace_id) == (1, "chat", row["trace_id"])
    assert (row["event_id"], row["event_time"], row["payload"]) == (event.event_id, event.timestamp, event.payload)
    assert (row["correlation_id"], row["causation_id"], row["metadata"]) == ("other", "x", '{"k": "v"}')
    assert (row["schema_name"], row["tenant_id"]) == (event.schema.message, event.tenant_id)


async def test_sixteen_writers_of_one_stream_beside_the_store(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    tenant, events = a_tenant(), list[Event]()
    databases = [await open_database(urls) for _ in range(3)]
    publishers = [EventPublisher(database, "chat") for database in databases[:2]]
    store = EventStore("chat")

    async def publish(publisher: EventPublisher) -> None:
        before = 0
        for _ in range(12):
            event = await publisher.publish(a_draft("turn/1"), tenant)
            assert event.sequence > before
            before = event.sequence
            events.append(event)

    async def append() -> None:
        for _ in range(12):
            events.extend(
                await databases[2].run(
                    tenant, lambda it: store.append(it, tenant, [a_draft("turn/1"), a_draft("turn/2")])
                )
            )

    await asyncio.gather(*(publish(publishers[n % 2]) for n in range(16)), append())
    await asyncio.gather(*(publisher.close() for publisher in publishers))
    assert len(events) == 16 * 12 + 24
    await assert_stored(urls, events)


async def test_a_bad_event_fails_alone(publisher: EventPublisher, urls: HouseDatabase) -> None:
    tenant = a_tenant()
    bad = {
        "no content": EventDraft("turn.started", "turn/1", payloads_pb.TurnStarted(), "c"),
        "a text that cannot be stored": a_draft("turn/\x00"),
        "a stream that no index holds": a_draft("turn/" + "".join(str(uuid4()) for _ in range(400))),
        "no text": EventDraft("turn.started", "turn/1", payloads_pb.TurnStarted(turn_id="1"), 5),  # type: ignore[arg-type]
        "half a character": a_draft("turn/\ud800"),
        "metadata that cannot be stored": EventDraft(
            "turn.started", "turn/1", payloads_pb.TurnStarted(turn_id="1"), "c", metadata={"k": "\x00"}
        ),
    }
    good = [publisher.publish(a_draft(f"turn/{n % 7}"), tenant) for n in range(120)]
    calls = [call for pair in zip(good, [publisher.publish(draft, tenant) for draft in bad.values()], strict=False)
             for call in pair] + good[len(bad):]  # fmt: skip
    answers = await asyncio.gather(*calls, return_exceptions=True)
    failed = dict(zip(bad, answers[1 : 2 * len(bad) : 2], strict=True))
    assert isinstance(failed["no content"], ValueError)
    for name in ("a text that cannot be stored", "metadata that cannot be stored"):
        assert reason_of(failed[name]) is Reason.INVALID_FIELD
    assert isinstance(failed["a stream that no index holds"], asyncpg.ProgramLimitExceededError)
    assert isinstance(failed["no text"], asyncpg.DataError)
    assert isinstance(failed["half a character"], asyncpg.DataError)
    events = [answer for answer in answers if isinstance(answer, Event)]
    assert len(events) == 120
    await assert_stored(urls, events)


async def test_who_gives_up_does_no_harm_to_others(publisher: EventPublisher, urls: HouseDatabase) -> None:
    tenant = a_tenant()
    calls = [asyncio.create_task(publisher.publish(a_draft(f"turn/{n % 3}"), tenant)) for n in range(60)]
    await asyncio.sleep(0)
    for call in calls[::4]:
        call.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::4])
    events = [answer for answer in answers if isinstance(answer, Event)]
    assert len(events) == 45
    await assert_stored(urls, events)


async def test_closing_writes_what_waits_and_refuses_the_rest(database: Database, urls: HouseDatabase) -> None:
    publisher = EventPublisher(database, "chat", grouping=Grouping(gather_seconds=60.0))
    calls = [asyncio.create_task(publisher.publish(a_draft(f"turn/{n}"), a_tenant())) for n in range(20)]
    await asyncio.sleep(0.05)
    assert not any(call.done() for call in calls)
    await publisher.close()
    await assert_stored(urls, [call.result() for call in calls])
    with pytest.raises(SomaError) as refused:
        await publisher.publish(a_draft("turn/1"), a_tenant())
    assert refused.value.reason is Reason.SHUTTING_DOWN


async def test_who_brings_too_much_waits_for_room(database: Database, urls: HouseDatabase) -> None:
    grouping = Grouping(gather_seconds=60.0, most_events=4, lanes=1, most_waiting=3)
    publisher, tenant = EventPublisher(database, "chat", grouping=grouping), a_tenant()
    calls = [asyncio.create_task(publisher.publish(a_draft("turn/1"), tenant)) for _ in range(5)]
    await asyncio.sleep(0.05)
    await publisher.close()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Event, Event, Event, SomaError, SomaError]
    await assert_stored(urls, [answer for answer in answers if isinstance(answer, Event)])
    async with EventPublisher(database, "chat", grouping=Grouping(most_events=4, lanes=1, most_waiting=3)) as flowing:
        events = await asyncio.gather(*(flowing.publish(a_draft("turn/2"), tenant) for _ in range(40)))
    assert sorted(event.sequence for event in events) == list(range(1, 41))


async def test_the_hint_for_a_relay_comes_when_events_are_committed(database: Database, urls: HouseDatabase) -> None:
    hints = 0

    def hint() -> None:
        nonlocal hints
        hints += 1

    async with EventPublisher(database, "chat", on_publish=hint) as publisher:
        call = asyncio.create_task(publisher.publish(a_draft("turn/1"), a_tenant()))
        await asyncio.sleep(0)
        assert hints == 0
        await call
    assert hints == 1


async def test_no_tenant_gets_what_another_published(publisher: EventPublisher, database: Database) -> None:
    one, other = a_tenant(), a_tenant()
    await asyncio.gather(publisher.publish(a_draft("turn/1"), one), publisher.publish(a_draft("turn/1"), other))
    async with database.transaction(other) as connection:
        rows = await connection.fetch("select tenant_id, sequence from events")
    assert [(row["tenant_id"], row["sequence"]) for row in rows] == [(other, 1)]


@pytest.mark.parametrize("function", ["publish_events", "write_events"])
async def test_an_app_writes_for_its_own_tenant_only(urls: HouseDatabase, database: Database, function: str) -> None:
    """The functions for many tenants give an app nothing: it writes no row of another tenant, none without one."""
    one, other = a_tenant(), a_tenant()
    call = f"select * from {function}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"

    def values(*tenants: TenantId) -> tuple[object, ...]:
        service, trace_id, *columns = EventStore("chat").values([a_draft("turn/1") for _ in tenants])
        return (service, list(tenants), [trace_id] * len(tenants), *columns)

    for tenants in ((other,), (one, other)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(one) as connection:
                await connection.fetch(call, *values(*tenants))
    connection = await asyncpg.connect(urls.app_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(call, *values(one))
    finally:
        await connection.close()
    assert await ask(urls, STORED) == []
    async with database.transaction(one) as connection:
        assert len(await connection.fetch(call, *values(one, one))) == 2


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_prop_8_3_3_ordering_per_key_of_groups(urls: HouseDatabase, seed: int) -> None:
    """Callers of two publishers, some of whom give up: no gap, no double, each caller's events in its order."""

    async def check() -> None:
        chance, tenants = random.Random(seed), [a_tenant(), a_tenant()]
        databases = [await Database.open(urls) for _ in range(2)]
        grouping = Grouping(gather_seconds=chance.choice((0.0, 0.003)), most_events=chance.randint(1, 16))
        publishers = [EventPublisher(database, "chat", grouping=grouping) for database in databases]
        told: list[list[Event]] = []

        async def call(number: int, streams: list[str]) -> None:
            mine: list[Event] = []
            told.append(mine)
            for stream in streams:
                event = await publishers[number % 2].publish(a_draft(stream), tenants[number % 3 % 2])
                mine.append(event)

        plans = [[f"turn/{chance.choice('abc')}" for _ in range(chance.randint(1, 9))] for _ in range(30)]
        calls = [asyncio.create_task(call(number, streams)) for number, streams in enumerate(plans)]
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        for quitter in chance.sample(calls, 8):
            quitter.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.gather(*(publisher.close() for publisher in publishers))
        await asyncio.gather(*(database.close() for database in databases))
        await assert_told(urls, tenants, told)

    run_aside(check())
