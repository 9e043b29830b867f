"""An agent's sleep through its doors: brought to a state, back by itself, watched, and nobody else's."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.cognitive.sleeping import watching as watching_sleeps
from servers.cognitive.sleeping.store import AgentKey, Rest, SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.watching import SleepWatch
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.events.v1 import payloads_pb2
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.conftest import Cognition

AGENT = str(uuid4())
ACTIVE, LIGHT = sleep_pb.SLEEP_STATE_ACTIVE, sleep_pb.SLEEP_STATE_LIGHT
DEEP, FREEZE = sleep_pb.SLEEP_STATE_DEEP, sleep_pb.SLEEP_STATE_FREEZE


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def transition(target: str, **fields: Any) -> sleep_pb.TransitionSleepRequest:
    return sleep_pb.TransitionSleepRequest(
        **{"agent_id": AGENT, "target_state": target, "request_id": str(uuid4())} | fields
    )


async def go(cognition: Cognition, target: str, **fields: Any) -> sleep_pb.SleepStatus:
    return (await cognition.sleep.TransitionSleep(transition(target, **fields))).status


async def status(cognition: Cognition, agent_id: str = AGENT) -> sleep_pb.SleepStatus:
    return (await cognition.sleep.GetSleepStatus(sleep_pb.GetSleepStatusRequest(agent_id=agent_id))).status


async def told(cognition: Cognition) -> list[tuple[str, str, str]]:
    """What the events say: from where to where, and why."""
    async with cognition.database.transaction(TENANT) as connection:
        rows = await connection.fetch(
            "select payload from events where stream = $1 order by sequence", f"sleep/{AGENT}"
        )
    changes = [payloads_pb2.CognitiveSleepChanged.FromString(row["payload"]) for row in rows]
    assert [change.sleep_version for change in changes] == list(range(1, len(changes) + 1))
    return [(change.previous_state, change.state, change.cause) for change in changes]


async def log(cognition: Cognition) -> list[tuple[Any, ...]]:
    async with cognition.database.transaction(TENANT) as connection:
        columns = "version, state, cause, changed_by, trace_id, time"
        rows = await connection.fetch(
            f"select {columns} from sleep_log where agent_id = $1 order by version", UUID(AGENT)
        )
    return [tuple(row) for row in rows]


@asynccontextmanager
async def watching(cognition: Cognition) -> AsyncIterator[AsyncGenerator[sleep_pb.WatchSleepResponse, None]]:
    replies: Any = aiter(cognition.sleep.WatchSleep(sleep_pb.WatchSleepRequest(agent_id=AGENT)))
    try:
        yield replies
    finally:
        await replies.aclose()


async def refused(cognition: Cognition, target: str, **fields: Any) -> SomaError:
    with pytest.raises(SomaError) as caught:
        await go(cognition, target, **fields)
    return caught.value


async def test_an_agent_that_was_never_told_is_active_and_rests_nowhere(cognition: Cognition) -> None:
    now = await status(cognition)
    assert (now.state, now.version, now.schedule.recall_width, now.load.load) == (ACTIVE, 0, 1.0, 0.0)
    assert not now.HasField("since_time")
    assert not now.HasField("until_time")
    assert not now.HasField("last_nrem_time")
    assert now.next_cycle == "None starts by itself: the load is 0.00, and one starts above 0.80."


async def test_a_transition_tells_what_follows_and_keeps_the_caller_s_word(cognition: Cognition) -> None:
    answer = await cognition.sleep.TransitionSleep(transition("light", trace_id="nap 7", async_mode=True))
    assert (answer.previous_state, answer.status.state, answer.trace_id) == (ACTIVE, LIGHT, "nap 7")
    assert answer.status == await status(cognition)
    assert (answer.status.schedule.learning_rate, answer.status.schedule.store_barrier) == (0.5, 0.25)
    assert await told(cognition) == [("active", "light", "by hand")]
    assert await log(cognition) == [(1, 2, "by hand", "ada", "nap 7", cognition.clock.now())]


async def test_what_the_table_does_not_have_is_refused_with_what_it_has(cognition: Cognition) -> None:
    error = await refused(cognition, "deep")
    assert error.reason is Reason.SLEEP_TRANSITION_REFUSED
    assert error.metadata == {"state": "active", "target": "deep", "allowed": "light, freeze"}
    assert (
        error.sentence
        == "An agent that is active does not become deep at once. From here it can become: light, freeze."
    )
    await go(cognition, "freeze")
    error = await refused(cognition, "active")
    assert error.metadata["allowed"] == "light, active by wake"
    assert (await status(cognition)).version == 1


async def test_a_wake_makes_active_from_any_state(cognition: Cognition) -> None:
    await go(cognition, "light")
    await go(cognition, "deep")
    assert (await go(cognition, "active", wake=True)).state == ACTIVE
    await go(cognition, "freeze")
    assert (await go(cognition, "active", wake=True)).version == 5
    assert [why for _, _, why in await told(cognition)] == ["by hand", "by hand", "wake", "by hand", "wake"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"target_state": "asleep"}, "target_state"),
        ({"target_state": "LIGHT"}, "target_state"),
        ({"target_state": ""}, "target_state"),
        ({"ttl_seconds": 3601}, "ttl_seconds"),
        ({"wake": True}, "wake"),
        ({"trace_id": "x" * 129}, "trace_id"),
        ({"agent_id": "somebody"}, "agent_id"),
        ({"request_id": ""}, "request_id"),
        ({"tenant_id": str(OTHER_TENANT)}, "tenant_id"),
    ],
)
async def test_bad_input_is_refused_by_its_field(cognition: Cognition, fields: dict[str, Any], field: str) -> None:
    error = await refused(cognition, "light", **fields)
    assert (error.reason, error.metadata["field"]) == (Reason.INVALID_FIELD, field)
    assert (await status(cognition)).version == 0


async def test_the_tenant_of_the_token_may_be_named(cognition: Cognition) -> None:
    assert (await go(cognition, "light", tenant_id=str(TENANT))).state == LIGHT
    request = sleep_pb.GetSleepStatusRequest(agent_id=AGENT, tenant_id=str(OTHER_TENANT))
    with pytest.raises(SomaError) as caught:
        await cognition.sleep.GetSleepStatus(request)
    assert caught.value.metadata["field"] == "tenant_id"


async def test_a_repeat_answers_the_same_and_changes_nothing(cognition: Cognition) -> None:
    request = transition("light", ttl_seconds=60)
    first = await cognition.sleep.TransitionSleep(request)
    cognition.clock.advance(30)
    assert await cognition.sleep.TransitionSleep(request) == first
    assert len(await told(cognition)) == 1


async def test_nothing_changes_where_the_agent_is_already(cognition: Cognition) -> None:
    await go(cognition, "light")
    answer = await cognition.sleep.TransitionSleep(transition("light"))
    assert (answer.previous_state, answer.status.version) == (LIGHT, 1)
    ending = await go(cognition, "light", ttl_seconds=60)
    assert (ending.version, ending.returns_to) == (2, ACTIVE)
    assert not (await go(cognition, "light")).HasField("until_time")
    assert await told(cognition) == [
        ("active", "light", "by hand"),
        ("light", "light", "by hand"),
        ("light", "light", "by hand"),
    ]


async def test_a_time_to_live_ends_although_nobody_writes_it(cognition: Cognition) -> None:
    await go(cognition, "light", ttl_seconds=60)
    cognition.clock.advance(59.5)
    assert (await status(cognition)).state == LIGHT
    cognition.clock.advance(0.5)
    now = await status(cognition)
    assert (now.state, now.version, now.since_time.ToDatetime()) == (
        ACTIVE,
        2,
        cognition.clock.now().replace(tzinfo=None),
    )
    assert len(await told(cognition)) == 1


async def test_what_comes_after_a_time_to_live_finds_it_in_the_history(cognition: Cognition) -> None:
    await go(cognition, "freeze", ttl_seconds=60)
    began = cognition.clock.now()
    await go(cognition, "light", ttl_seconds=10)
    cognition.clock.advance(100)
    assert (await go(cognition, "light")).version == 5
    assert await told(cognition) == [
        ("active", "freeze", "by hand"),
        ("freeze", "light", "by hand"),
        ("light", "freeze", "time to live"),
        ("freeze", "active", "time to live"),
        ("active", "light", "by hand"),
    ]
    assert [(time - began).total_seconds() for *_, time in await log(cognition)] == [0, 0, 10, 60, 100]


async def test_times_to_live_in_one_another_have_an_end(cognition: Cognition) -> None:
    for ttl in range(3600, 3592, -1):
        await go(cognition, "light" if ttl % 2 == 0 else "freeze", ttl_seconds=ttl)
    error = await refused(cognition, "light", ttl_seconds=10)
    assert (error.reason, error.metadata["field"]) == (Reason.INVALID_FIELD, "ttl_seconds")
    assert (await go(cognition, "light")).version == 9


async def test_a_restart_keeps_the_time_to_live(cognition: Cognition) -> None:
    """Another process over the same tables knows as much, by reading and by its watch on times to live."""
    await go(cognition, "light", ttl_seconds=60)
    after = Sleeps(cognition.database, SleepStore(cognition.database), EventStore("cognitive"), cognition.clock)
    cognition.clock.advance(59)
    assert (await after.read(TENANT, UUID(AGENT))).sleep.state.word == "light"
    assert not await after.settle(TENANT, UUID(AGENT))
    cognition.clock.advance(1)
    assert (await after.read(TENANT, UUID(AGENT))).sleep.state.word == "active"
    assert await after.settle(TENANT, UUID(AGENT))
    assert await told(cognition) == [("active", "light", "by hand"), ("light", "active", "time to live")]


async def test_two_processes_write_the_end_of_a_time_to_live_once(cognition: Cognition) -> None:
    await go(cognition, "light", ttl_seconds=60)
    cognition.clock.advance(60)
    wrote = await asyncio.gather(*(cognition.sleeps.settle(TENANT, UUID(AGENT)) for _ in range(8)))
    assert sum(wrote) == 1
    assert len(await told(cognition)) == 2


async def test_of_many_writers_each_finds_what_the_one_before_left(cognition: Cognition) -> None:
    """Nothing is lost, and nobody goes a way that the table does not have."""

    async def one(target: str) -> bool:
        with suppress(SomaError):
            await go(cognition, target)
            return True
        return False

    went = await asyncio.gather(*(one(target) for target in ("light", "deep", "freeze", "active") * 4))
    changes = await told(cognition)
    before = "active"
    for previous, state, _ in changes:
        assert previous == before
        assert previous != state
        before = state
    assert sum(went) >= len(changes)
    assert (await status(cognition)).version == len(changes)


async def test_the_default_agent_is_meant_where_none_is_named(cognition: Cognition) -> None:
    assert (await go(cognition, "light", agent_id="")).agent_id == str(default_agent_id(TENANT))
    assert (await status(cognition, "")).state == LIGHT
    assert (await status(cognition)).state == ACTIVE


async def test_nobody_sees_or_moves_the_agents_of_another_tenant(cognition: Cognition) -> None:
    await go(cognition, "freeze")
    with acting_as(user("eve", OTHER_TENANT, roles=("operator",)), "test"):
        assert (await status(cognition)).state == ACTIVE
        await go(cognition, "light")
    assert (await status(cognition)).state == FREEZE


async def test_a_member_may_look_but_not_put_to_sleep(cognition: Cognition) -> None:
    with acting_as(user(roles=("member",)), "test"):
        assert (await status(cognition)).state == ACTIVE
        error = await refused(cognition, "light")
    assert error.reason is Reason.SCOPE_MISSING


async def test_a_watcher_sees_each_change_once_also_by_a_time_to_live(cognition: Cognition) -> None:
    async with watching(cognition) as statuses:
        assert (await anext(statuses)).status.state == ACTIVE
        await go(cognition, "light", ttl_seconds=60)
        await cognition.sleep_watch.look()
        await cognition.sleep_watch.look()
        assert (await anext(statuses)).status.version == 1
        cognition.clock.advance(60)
        await cognition.sleep_watch.look()
        ended = (await anext(statuses)).status
        assert (ended.version, ended.state) == (2, ACTIVE)
        # Written meanwhile, it is no other change.
        await cognition.sleeps.settle(TENANT, UUID(AGENT))
        await cognition.sleep_watch.look()
        await go(cognition, "freeze")
        await cognition.sleep_watch.look()
        assert (await anext(statuses)).status.version == 3
    await eventually(lambda: len(cognition.sleep_watch) == 0)


class AwayOnce(SleepStore):
    """A store whose database is away when it is looked at for the first time."""

    looks = 0

    async def find_many(self, keys: Sequence[AgentKey], now: datetime) -> dict[AgentKey, Rest]:
        self.looks += 1
        if self.looks == 1:
            raise SomaError(Reason.DATABASE_UNAVAILABLE)
        return await super().find_many(keys, now)


async def test_a_watch_goes_on_after_the_database_was_away(
    cognition: Cognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching_sleeps, "LOOK_SECONDS", 0.01)
    watch = SleepWatch(AwayOnce(cognition.database), cognition.clock)
    looking = asyncio.create_task(watch.run())
    stream = watch.watch((TENANT, UUID(AGENT)))
    assert (await anext(stream)).sleep.version == 0
    await go(cognition, "light")
    async with asyncio.timeout(10):
        assert (await anext(stream)).sleep.version == 1
    await stream.aclose()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_one_look_serves_the_watchers_of_all_tenants(cognition: Cognition) -> None:
    watch = SleepWatch(SleepStore(cognition.database), cognition.clock)
    keys = [(TENANT, UUID(AGENT)), (TENANT, UUID(AGENT)), (OTHER_TENANT, UUID(AGENT))]
    streams = [watch.watch(key) for key in keys]
    for stream in streams:
        await anext(stream)
    await go(cognition, "light")
    await watch.look()
    assert [(await anext(stream)).sleep.version for stream in streams[:2]] == [1, 1]
    with acting_as(user("eve", OTHER_TENANT, roles=("operator",)), "test"):
        await go(cognition, "freeze")
    await watch.look()
    assert (await anext(streams[2])).sleep.state.word == "freeze"
    for stream in streams:
        await stream.aclose()
    assert len(watch) == 0


async def test_a_drain_ends_every_watch_and_takes_no_new_one(cognition: Cognition) -> None:
    for last in (False, True):
        async with watching(cognition) as statuses:
            if not last:
                await anext(statuses)
                await cognition.sleep_watch.drain()
            with pytest.raises(SomaError) as caught:
                await anext(statuses)
        assert caught.value.reason is Reason.SHUTTING_DOWN


async def test_a_repeat_that_found_the_cycle_of_another_request_begins_none_after_its_end(cognition: Cognition) -> None:
    first, second = (
        sleep_pb.RunSleepCycleRequest(agent_id=AGENT, async_mode=True, request_id=str(uuid4())) for _ in range(2)
    )
    begun = (await cognition.sleep.RunSleepCycle(first)).cycle
    assert (await cognition.sleep.RunSleepCycle(second)).cycle.cycle_id == begun.cycle_id
    async with cognition.database.transaction(TENANT) as connection:
        await connection.execute("update sleep_cycles set state = 2, end_time = start_time")
    assert (await cognition.sleep.RunSleepCycle(second)).cycle.cycle_id == begun.cycle_id
    assert (await cognition.sleep.RunSleepCycle(first)).cycle.state == sleep_pb.SLEEP_CYCLE_STATE_COMPLETED
    async with cognition.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select count(*) from sleep_cycles") == 1
