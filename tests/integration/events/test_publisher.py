"""Facts published in groups: dense and in order, each caller with its own answer, whatever happens to the group."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from uuid import uuid4

import asyncpg
import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.lane import Grouping
from soma_common.events.models import Event, EventDraft
from soma_common.events.publisher import EventPublisher
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.failures import OutcomeUnknownError
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from tests.integration.events.line import Line

pytestmark = pytest.mark.integration

STORED = "select tenant_id, stream, sequence, event_time, event_id from events order by tenant_id, stream, sequence"
QUEUED = "select tenant_id, stream, sequence, event_id from outbox order by tenant_id, stream, sequence"
TRANSACTIONS = "select count(distinct xmin::text) from events"
COUNT = "select count(*) from events"
WRITING = "select count(*) from pg_locks where relation = 'outbox'::regclass and mode = 'RowExclusiveLock'"
SLOW = (
    "create function be_slow() returns trigger language plpgsql as $$ begin "
    "if exists (select from pg_locks where locktype = 'advisory' and objid = 7) then perform pg_sleep(1); end if; "
    "return null; end $$;"
    "create trigger slow after insert on outbox for each statement execute function be_slow()"
)


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


def a_draft(stream: str, turn_id: str = "1") -> EventDraft:
    return EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=turn_id), "a-correlation")


def a_tenant() -> TenantId:
    return TenantId(uuid4())


def reason_of(problem: object) -> Reason:
    assert isinstance(problem, SomaError), problem
    return problem.reason


async def ask(urls: HouseDatabase, question: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        return await connection.fetch(question)
    finally:
        await connection.close()


async def assert_stored(urls: HouseDatabase, events: Sequence[Event]) -> None:
    """These events and no others are in the log and in the outbox: per stream dense, time rising."""
    stored, queued = await ask(urls, STORED), await ask(urls, QUEUED)
    streams = defaultdict(list)
    for row in stored:
        streams[row["tenant_id"], row["stream"]].append(row)
    for rows in streams.values():
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(before["event_time"] < after["event_time"] for before, after in pairwise(rows))
    told = sorted((e.tenant_id, e.stream, e.sequence, e.timestamp, e.event_id) for e in events)
    assert [tuple(row) for row in stored] == told
    assert [tuple(row) for row in queued] == [(*place[:3], place[4]) for place in told]


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


async def test_a_stream_that_somebody_holds_holds_up_no_other(urls: HouseDatabase, database: Database) -> None:
    """An idle transaction has written to a stream: its neighbours flow, and it goes on, in order, when that is over."""
    tenant, store = a_tenant(), EventStore("chat")
    async with EventPublisher(database, "chat", grouping=Grouping(lanes=1)) as publisher:
        events = [await publisher.publish(a_draft("turn/held"), tenant)]
        async with database.transaction(tenant) as connection:
            events += await store.append(connection, tenant, [a_draft("turn/held"), a_draft("turn/new")])
            held = [
                asyncio.create_task(publisher.publish(a_draft(f"turn/{name}", str(n)), tenant))
                for n in range(3) for name in ("held", "new")
            ]  # fmt: skip
            async with asyncio.timeout(4):
                events += await asyncio.gather(*(publisher.publish(a_draft(f"turn/{n}"), tenant) for n in range(20)))
                held += [asyncio.create_task(publisher.publish(a_draft("turn/held", "3"), tenant))]
                events += await asyncio.gather(*(publisher.publish(a_draft(f"turn/{n}"), tenant) for n in range(20)))
            assert not any(call.done() for call in held)
        late = await asyncio.gather(*held)
    in_order = [event for event in late if event.stream == "turn/held"]
    assert [event.sequence for event in in_order] == [3, 4, 5, 6]
    assert [payloads_pb.TurnStarted.FromString(event.payload).turn_id for event in in_order] == ["0", "1", "2", "3"]
    await assert_stored(urls, [*events, *late])


async def test_a_stream_that_stays_held_is_given_up(urls: HouseDatabase, database: Database) -> None:
    tenant = a_tenant()
    grouping = Grouping(lanes=1, held_seconds=0.5)
    async with EventPublisher(database, "chat", grouping=grouping) as publisher:
        kept = [await publisher.publish(a_draft("turn/held"), tenant)]
        async with database.worker() as connection:
            await connection.execute("select from event_streams for update")
            with pytest.raises(SomaError) as refused:
                await publisher.publish(a_draft("turn/held"), tenant)
            assert refused.value.reason is Reason.CONFLICT
            kept.append(await publisher.publish(a_draft("turn/other"), tenant))
        kept.append(await publisher.publish(a_draft("turn/held"), tenant))
    await assert_stored(urls, kept)


async def test_a_long_idle_transaction_loses_nothing(urls: HouseDatabase, database: Database) -> None:
    """Somebody's snapshot is old, and somebody's event has a number and no commit: both harm nobody."""
    idle = await asyncpg.connect(urls.worker_dsn)
    tenant = a_tenant()
    try:
        transaction = idle.transaction(isolation="repeatable_read")
        await transaction.start()
        await idle.fetch(COUNT)
        await EventStore("chat").append(idle, tenant, [a_draft("turn/idle")])
        async with EventPublisher(database, "chat") as publisher:
            for _ in range(5):
                calls = [publisher.publish(a_draft(f"turn/{n}"), tenant) for n in range(30)]
                await asyncio.gather(*calls)
        assert await idle.fetchval(COUNT) == 1
        await transaction.rollback()
    finally:
        await idle.close()
    assert (await ask(urls, COUNT))[0]["count"] == 150


async def written(urls: HouseDatabase, amount: int) -> bool:
    return bool((await ask(urls, COUNT))[0]["count"] == amount)


async def lost_in_the_middle(urls: HouseDatabase, open_database: OpenDatabase, direction: str) -> None:
    """Bytes of one direction are lost, then the connections are; the callers get their events all the same."""
    async with Line(urls) as line:
        database = await open_database(line.urls)
        async with EventPublisher(database, "chat", grouping=Grouping(lanes=1)) as publisher:
            tenant = a_tenant()
            events = [await publisher.publish(a_draft(f"turn/{n}"), tenant) for n in range(4)]
            setattr(line, direction, False)
            calls = [asyncio.create_task(publisher.publish(a_draft(f"turn/{n}"), tenant)) for n in range(4)]
            if direction == "answers":
                await eventually(lambda: written(urls, 8))
            else:
                await asyncio.sleep(0.1)
                assert await written(urls, 4)
            assert not any(call.done() for call in calls)
            line.cut()
            events += await asyncio.gather(*calls)
        await database.close()
    assert [event.sequence for event in events] == [1] * 4 + [2] * 4
    await assert_stored(urls, events)


async def test_a_commit_whose_answer_is_lost_is_found_and_not_done_again(
    urls: HouseDatabase, open_database: OpenDatabase
) -> None:
    await lost_in_the_middle(urls, open_database, "answers")


async def test_a_statement_that_never_arrived_is_sent_again(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    await lost_in_the_middle(urls, open_database, "requests")


async def test_a_statement_that_ends_after_its_connection_was_lost_counts_once(
    urls: HouseDatabase, open_database: OpenDatabase
) -> None:
    """The first statement still runs when the publisher asks for it, and commits while the second one waits."""
    owner = await asyncpg.connect(urls.owner_dsn)
    async with Line(urls) as line:
        database = await open_database(line.urls)
        async with EventPublisher(database, "chat", grouping=Grouping(lanes=1)) as publisher:
            tenant = a_tenant()
            events = [await publisher.publish(a_draft("turn/1"), tenant)]
            await owner.execute(SLOW)
            await owner.execute("select pg_advisory_lock(7)")
            calls = [asyncio.create_task(publisher.publish(a_draft("turn/1"), tenant)) for _ in range(3)]
            await eventually(lambda: owner.fetchval(WRITING))
            await owner.execute("select pg_advisory_unlock(7)")
            line.cut()
            events += await asyncio.gather(*calls)
        await database.close()
    await owner.close()
    await assert_stored(urls, events)


async def test_a_database_that_is_away_is_said_to_all_who_wait(
    urls: HouseDatabase, open_database: OpenDatabase
) -> None:
    tenant = a_tenant()
    async with Line(urls) as line:
        database = await open_database(line.urls)
        async with EventPublisher(database, "chat", grouping=Grouping(most_events=8, resolve_seconds=1.0)) as publisher:
            events = [await publisher.publish(a_draft("turn/1"), tenant)]
            line.is_away = True
            line.cut()
            calls = [publisher.publish(a_draft(f"turn/{n % 9}"), tenant) for n in range(100)]
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*calls, return_exceptions=True)
            assert {reason_of(answer) for answer in answers} == {Reason.DATABASE_UNAVAILABLE}
            line.is_away = False
            events.append(await publisher.publish(a_draft("turn/1"), tenant))
        await database.close()
    assert [event.sequence for event in events] == [1, 2]
    await assert_stored(urls, events)


async def test_an_outcome_that_stays_unknown_is_said_to_be_so(urls: HouseDatabase, open_database: OpenDatabase) -> None:
    """The commit went through and its answer was lost, and then nobody can be asked."""
    tenant = a_tenant()
    async with Line(urls) as line:
        database = await open_database(line.urls)
        grouping = Grouping(lanes=1, resolve_seconds=0.5)
        async with EventPublisher(database, "chat", grouping=grouping) as publisher:
            events = [await publisher.publish(a_draft("turn/1"), tenant)]
            line.answers = False
            call = asyncio.create_task(publisher.publish(a_draft("turn/1"), tenant))
            await eventually(lambda: written(urls, 2))
            line.is_away = True
            line.cut()
            with pytest.raises(OutcomeUnknownError) as unknown:
                await call
            assert unknown.value.reason is Reason.DATABASE_UNAVAILABLE
            line.is_away = False
            events.append(await publisher.publish(a_draft("turn/1"), tenant))
        await database.close()
    assert [event.sequence for event in events] == [1, 3]
