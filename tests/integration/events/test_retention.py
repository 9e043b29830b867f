"""What is kept of events: partitions made ahead, old ones dropped, and nothing that is not published."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from soma_common.events.retention import Retention
from soma_common.kernel.clock import Clock
from soma_common.testing.clock import SetClock
from tests.integration.events.conftest import STREAM, House

pytestmark = pytest.mark.integration

PARTS = "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass order by 1"
PLACE = "select tableoid::regclass::text from events where event_id = $1"


async def names(house: House) -> list[str]:
    async with house.database.worker() as connection:
        return [row["name"] for row in await connection.fetch(PARTS)]


async def place_of(house: House, event_id: UUID) -> str:
    async with house.database.worker() as connection:
        return str(await connection.fetchval(PLACE, event_id))


async def test_partitions_are_made_ahead_and_taken_by_new_events(house: House) -> None:
    retention = Retention(house.database, house.transport, Clock())
    await retention.keep()
    await retention.keep()
    found = await names(house)
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday())
    assert found == [*(f"events_{monday + timedelta(weeks=n):%Y%m%d}" for n in range(5)), "events_rest"]
    [event] = await house.write(STREAM)
    assert await place_of(house, event.event_id) == found[0]
    assert await house.settle(house.relay()) == 1


async def test_a_week_whose_events_lie_elsewhere_is_left_alone(house: House) -> None:
    [event] = await house.write(STREAM)
    await Retention(house.database, house.transport, Clock()).keep()
    assert await place_of(house, event.event_id) == "events_rest"
    assert len(await names(house)) == 5
    [later] = await house.write(STREAM)
    assert await place_of(house, later.event_id) == "events_rest"


async def test_old_events_go_when_they_are_published_and_no_sooner(house: House) -> None:
    clock = SetClock(datetime.now(UTC))
    retention = Retention(house.database, house.transport, clock)
    await retention.keep()
    [event] = await house.write(STREAM)
    part = await place_of(house, event.event_id)
    clock.advance(timedelta(days=40).total_seconds())
    await retention.keep()
    assert part in await names(house)
    assert await house.settle(house.relay()) == 1
    await retention.keep()
    assert part not in await names(house)
    assert [found.event_id for found in await house.published()] == [event.event_id]


async def test_a_worker_may_do_nothing_else_to_the_tables(house: House) -> None:
    await Retention(house.database, house.transport, Clock()).keep()
    part = (await names(house))[0]
    for deed in (f"drop table {part}", f"select * from {part}", "create table mine (a int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with house.database.worker() as connection:
                await connection.execute(deed)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with house.database.transaction(house.tenant) as connection:
            await connection.execute("select drop_old_events(now())")


async def test_the_bus_keeps_the_last_state_of_every_stream_for_ever(house: House) -> None:
    await house.write("agent-state/1", "agent-state/1", STREAM, "agent-state/2")
    await house.settle(house.relay())
    owner = await asyncpg.connect(house.bus_urls.owner_dsn)
    try:
        await owner.execute("update entries set entry_time = entry_time - interval '8 days'")
    finally:
        await owner.close()
    await house.transport.sweep()
    kept = sorted((event.stream, event.sequence) for event in await house.published())
    assert kept == [("agent-state/1", 2), ("agent-state/2", 1)]
