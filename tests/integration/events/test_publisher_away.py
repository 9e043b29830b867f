"""Groups whose database, answer, statement or stream is away: nobody is told what is not so."""

import asyncio

import asyncpg
import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.lane import Grouping
from soma_common.events.publisher import EventPublisher
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.failures import OutcomeUnknownError
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from tests.integration.events.line import Line
from tests.integration.events.published import (
    COUNT,
    a_draft,
    a_tenant,
    ask,
    assert_stored,
    reason_of,
)

pytestmark = pytest.mark.integration

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
