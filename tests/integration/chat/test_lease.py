"""Who may take a process for dead, who gets its turns, and what the one that was taken for dead may still write."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from servers.chat.turns.allowance import Allowance
from servers.chat.turns.housekeeping import SILENT_SECONDS, Housekeeping
from servers.chat.turns.instance import Instance
from servers.chat.turns.running import RunningTurns
from soma_common.kernel.ids import Ids
from soma_common.limits.postgres import PostgresRateLimits
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries
from soma_common.testing.clock import SetClock
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import OpenDatabase, TestServer, run_aside

TURN = (
    "insert into turns (tenant_id, turn_id, owner_sub, body_hash, correlation_id, caller_roles, caller_scopes, "
    "agent_id, agent_version, assistant_message_id, status, instance, lease_epoch, create_time) "
    "values ($1, $2, 'ada', '', '', '{}', '{}', $2, 1, $2, $3, $4, $5, now())"
)
SILENT = "update instances set beat_time = now() - interval '1 minute' where name = $1"
INTENT = (
    "insert into intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, "
    "payload, next_time, create_time) values ($1, $2, 'ada', '{}', '{}', '', $2, 'settle_turn', '', now(), now())"
)
INTENTS = Queries.of("servers.chat", "sql/intents.sql")
JOURNAL = Queries.of("servers.chat", "sql/journal.sql")
TAKEOVER = Queries.of("servers.chat", "sql/takeover.sql")


@dataclass
class Floor:
    """Two processes: `own` judges `other`, which runs one turn and has been silent for a minute."""

    database: Database
    clock: SetClock
    own: Instance
    other: Instance
    keeping: Housekeeping
    owner: Any
    turn_id: UUID

    async def live(self, seconds: float) -> None:
        """Beats in time for so long, while the other one stays silent."""
        for _ in range(round(seconds)):
            self.clock.advance(1.0)
            await self.keeping.beat()


@pytest.fixture(scope="module")
def urls(postgres_server: TestServer) -> Iterator[HouseDatabase]:
    """One database for all of these tests."""
    made = run_aside(postgres_server.make("chat", "servers.chat"))
    yield made
    run_aside(postgres_server.drop(made))


@pytest.fixture
async def floor(urls: HouseDatabase, open_database: OpenDatabase) -> AsyncIterator[Floor]:
    database, clock = await open_database(urls), SetClock()
    own, other = Instance(database, "chat-0"), Instance(database, "chat-1")
    turn_id = Ids().uuid7()
    allowance = Allowance(PostgresRateLimits(database), 20, clock)
    owner = await asyncpg.connect(urls.owner_dsn)
    await owner.execute("truncate instances, journal")
    await owner.execute("truncate turns, intents cascade")
    await own.register()
    await other.register()
    async with database.transaction(TENANT) as connection:
        await connection.execute(TURN, TENANT, turn_id, "running", other.name, other.epoch)
    await owner.execute(SILENT, other.name)
    keeping = Housekeeping(database, own, RunningTurns(), (allowance.sweep,), clock)
    yield Floor(database, clock, own, other, keeping, owner, turn_id)
    await owner.close()


async def test_no_two_lives_of_any_processes_share_an_epoch(floor: Floor) -> None:
    epochs = [floor.own.epoch, floor.other.epoch, await floor.own.register(), await floor.other.register()]
    assert len(set(epochs)) == len(epochs)
    assert epochs == sorted(epochs)


async def test_whoever_lived_long_enough_takes_the_epoch_of_the_silent(floor: Floor) -> None:
    await floor.live(SILENT_SECONDS + 1)
    await floor.keeping.fence()
    (row,) = await floor.database.worker_statement(JOURNAL.list_abandoned, 10)
    assert row["turn_id"] == floor.turn_id
    assert row["takeovers"] == 0


async def test_a_process_that_was_paused_judges_nobody_when_it_wakes(floor: Floor) -> None:
    await floor.live(SILENT_SECONDS + 2)
    floor.clock.advance(30.0)
    await floor.keeping.beat()
    await floor.keeping.fence()
    assert await floor.database.worker_statement(JOURNAL.list_abandoned, 10) == []
    await floor.live(SILENT_SECONDS + 1)
    await floor.keeping.fence()
    assert len(await floor.database.worker_statement(JOURNAL.list_abandoned, 10)) == 1


async def test_a_slow_database_makes_nobody_a_judge(floor: Floor) -> None:
    await floor.live(SILENT_SECONDS + 2)
    async with locked(floor, "select from instances where name = 'chat-0' for update"):
        beat = asyncio.create_task(floor.keeping.beat())
        await eventually(lambda: waiting(floor), within_seconds=5)
        floor.clock.advance(2.0)
    await beat
    await floor.keeping.fence()
    assert await floor.database.worker_statement(JOURNAL.list_abandoned, 10) == []


async def test_of_many_who_claim_a_turn_one_gets_it(floor: Floor) -> None:
    await floor.live(SILENT_SECONDS + 1)
    await floor.keeping.fence()

    async def claim(number: int) -> bool:
        values = (floor.turn_id, "running", floor.other.epoch, f"chat-{number}", 1000 + number, floor.clock.now())
        found = await floor.database.run(TENANT, lambda it: it.fetchrow(TAKEOVER.claim_turn, *values))
        return found is not None

    assert sum(await asyncio.gather(*(claim(number) for number in range(8)))) == 1


async def test_a_turn_that_was_let_go_of_is_no_death_of_it(floor: Floor) -> None:
    values = (floor.turn_id, floor.other.epoch)
    await floor.database.run(TENANT, lambda it: it.execute(TAKEOVER.release_turn, *values))
    (row,) = await floor.database.worker_statement(JOURNAL.list_abandoned, 10)
    claim = (floor.turn_id, "running", row["lease_epoch"], floor.own.name, floor.own.epoch, floor.clock.now())
    found: Any = await floor.database.run(TENANT, lambda it: it.fetchrow(TAKEOVER.claim_turn, *claim))
    assert (found["takeovers"], found["from_instance"], found["lease_epoch"]) == (0, "chat-1", floor.own.epoch)


async def test_whoever_lost_its_turns_writes_nothing_more(floor: Floor) -> None:
    await floor.live(SILENT_SECONDS + 1)
    await floor.keeping.fence()
    row = ([TENANT], [floor.turn_id], [1], [1], [b"event"], [None])
    assert await floor.database.worker_statement(JOURNAL.append, floor.other.name, floor.other.epoch, *row) == []
    async with floor.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select count(*) from journal") == 0
        draft = (floor.turn_id, floor.own.epoch, b"draft", 1)
        assert await connection.fetchval(TAKEOVER.note_draft, *draft) is None


async def claimed(floor: Floor, by: Instance) -> int:
    """How many intents a process gets to deliver."""
    return len(await floor.database.worker_statement(INTENTS.claim, 30.0, 10, ["settle_turn"], by.epoch))


@pytest.fixture
async def intended(floor: Floor) -> Floor:
    """The silent process has claimed an intent and runs no turn any more."""
    async with floor.database.transaction(TENANT) as connection:
        await connection.execute("delete from turns")
        await connection.execute(INTENT, TENANT, Ids().uuid7())
    assert await claimed(floor, floor.other) == 1
    assert await claimed(floor, floor.own) == 0
    return floor


async def test_what_a_dead_process_was_delivering_is_delivered_by_others_at_once(intended: Floor) -> None:
    await intended.live(SILENT_SECONDS + 1)
    await intended.keeping.fence()
    assert await claimed(intended, intended.own) == 1
    assert await claimed(intended, intended.own) == 0


async def test_a_process_that_begins_anew_delivers_what_its_life_before_was_delivering(intended: Floor) -> None:
    await intended.other.register()
    assert await claimed(intended, intended.other) == 1


async def test_what_the_release_before_is_delivering_waits_for_its_lease(intended: Floor) -> None:
    await intended.owner.execute("update intents set claim_epoch = null")
    assert await claimed(intended, intended.own) == 0
    await intended.owner.execute("update intents set lease_expire_time = now() - interval '1 second'")
    assert await claimed(intended, intended.own) == 1


async def test_processes_that_are_long_gone_are_forgotten_unless_a_turn_names_them(floor: Floor) -> None:
    gone = Instance(floor.database, f"chat-{uuid4()}")
    await gone.register()
    await floor.owner.execute(SILENT, gone.name)
    await floor.database.worker_statement(JOURNAL.sweep_instances, 30.0)
    names = {row["name"] for row in await floor.owner.fetch("select name from instances")}
    assert names == {"chat-0", "chat-1"}


@asynccontextmanager
async def locked(floor: Floor, statement: str) -> AsyncIterator[None]:
    """Rows that nobody else gets at for a while."""
    async with floor.owner.transaction():
        await floor.owner.execute(statement)
        yield


async def waiting(floor: Floor) -> bool:
    """Whether somebody waits for a lock."""
    return bool(await floor.owner.fetchval("select count(*) from pg_locks where not granted"))
