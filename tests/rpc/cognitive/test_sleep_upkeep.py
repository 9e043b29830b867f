"""What happens to sleeps and loads beside calls: times to live end, memories are counted, loads start cycles."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.cognitive.sleeping.store import AgentKey, SleepStore
from servers.cognitive.sleeping.upkeep import Counting, Endings, LoadCycles
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import acting_as, current_call
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.cognitive.conftest import Cognition

SECOND_AGENT = UUID("0198c0de-0000-7000-8000-00000000000b")


@dataclass
class CountedMemory:
    """A memory with so many memories to replay in each namespace, or one that does not answer."""

    counts: dict[str, int]
    away: bool = False
    asked: list[tuple[TenantId, str, tuple[str, ...]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        """Whatever else the contract has is not asked here."""
        return getattr(memory_grpc.MemoryServiceServicer, name)

    async def ReplayMemories(  # noqa: N802 - the contract's name
        self, request: upkeep_pb.ReplayMemoriesRequest, _: Any
    ) -> upkeep_pb.ReplayMemoriesResponse:
        assert request.count_only
        caller = current_call().caller
        self.asked.append((caller.tenant_id, caller.sub, tuple(sorted(request.namespaces))))
        if self.away:
            raise SomaError(Reason.DATABASE_UNAVAILABLE)
        return upkeep_pb.ReplayMemoriesResponse(waiting_count=sum(self.counts[name] for name in request.namespaces))


@dataclass
class Cycles:
    """Cycles that are started, or cannot be."""

    started: list[AgentKey] = field(default_factory=list)
    broken: bool = False

    async def start(self, tenant_id: TenantId, agent_id: UUID) -> None:
        assert current_call().caller.tenant_id == tenant_id
        if self.broken:
            raise SomaError(Reason.DATABASE_UNAVAILABLE)
        self.started.append((tenant_id, agent_id))


@dataclass
class Mind:
    """An agent of a tenant, to be loaded by turns and looked at."""

    cognition: Cognition
    key: AgentKey

    async def turn(self, load: float, *, turns_above: int = 0, above_since: datetime | None = None) -> None:
        """What a turn leaves of a load."""
        values = (self.key[1], load, 1.0, 1.0, 1.0, turns_above, above_since, self.cognition.clock.now())
        await self.cognition.database.tenant_statement(
            self.key[0], "select move_load($1, $2, $3, $4, $5, $6, $7, $8, $9)", *values
        )

    async def keeps(self, *namespaces: str) -> None:
        """Where its turns keep memories."""
        for name in namespaces:
            await self.cognition.database.tenant_statement(
                self.key[0],
                "select keep_agent_namespace($1, $2, $3, $4)",
                self.key[1],
                name,
                self.cognition.clock.now(),
            )

    async def status(self) -> sleep_pb.SleepStatus:
        with acting_as(user(tenant_id=self.key[0]), "test"):
            request = sleep_pb.GetSleepStatusRequest(agent_id=str(self.key[1]))
            return (await self.cognition.sleep.GetSleepStatus(request)).status

    async def go(self, target: str, ttl_seconds: int = 0, *, wake: bool = False) -> None:
        with acting_as(user(tenant_id=self.key[0], roles=("operator",)), "test"):
            await self.cognition.sleep.TransitionSleep(
                sleep_pb.TransitionSleepRequest(
                    agent_id=str(self.key[1]),
                    target_state=target,
                    ttl_seconds=ttl_seconds,
                    wake=wake,
                    request_id=str(uuid4()),
                )
            )

    async def rouse(self) -> bool:
        """What the end of a cycle does."""
        sleeps, key = self.cognition.sleeps, self.key
        with acting_as(user(tenant_id=key[0]), "test"):
            return await self.cognition.database.run(key[0], lambda it: sleeps.rouse_in(it, *key))

    async def causes(self) -> list[str]:
        async with self.cognition.database.transaction(self.key[0]) as connection:
            rows = await connection.fetch(
                "select cause from sleep_log where agent_id = $1 order by version", self.key[1]
            )
        return [row["cause"] for row in rows]


@pytest.fixture
def mind(cognition: Cognition) -> Mind:
    return Mind(cognition, (TENANT, uuid4()))


def other(mind: Mind, tenant_id: TenantId = OTHER_TENANT) -> Mind:
    return Mind(mind.cognition, (tenant_id, SECOND_AGENT))


def endings(mind: Mind) -> Endings:
    it = mind.cognition
    return Endings(SleepStore(it.database), it.sleeps, it.clock, Ids())


def load_cycles(mind: Mind, cycles: Cycles) -> LoadCycles:
    it = mind.cognition
    return LoadCycles(SleepStore(it.database), it.sleeps, cycles.start, it.clock, Ids())


async def counting(mind: Mind, rpc: RpcHarness, memory: CountedMemory) -> Counting:
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, memory, "soma.memory.v1.MemoryService")
    channel = rpc.channel(await rpc.serve("memory", added), service="cognitive")
    it = mind.cognition
    return Counting(SleepStore(it.database), channel.stub(memory_grpc.MemoryServiceStub), it.clock, Ids())


async def unconsolidated(minds: Sequence[Mind]) -> list[float]:
    return [(await mind.status()).load.unconsolidated for mind in minds]


async def test_times_to_live_of_all_tenants_are_written_when_they_run_out(mind: Mind) -> None:
    """By many processes at once, each of them once."""
    minds = [mind, other(mind)]
    for each in minds:
        await each.go("light", ttl_seconds=60)
    assert await endings(mind).end_due() == 0
    mind.cognition.clock.advance(60)
    assert sum(await asyncio.gather(*(endings(mind).end_due() for _ in range(4)))) == 2
    for each in minds:
        assert await each.causes() == ["by hand", "time to live"]
    assert await endings(mind).end_due() == 0


async def test_memories_are_counted_where_turns_kept_them_and_at_most_once_a_minute(
    mind: Mind, rpc: RpcHarness
) -> None:
    memory = CountedMemory({"user:ada": 120, "shared": 30})
    counter = await counting(mind, rpc, memory)
    minds = [mind, other(mind)]
    await mind.keeps("user:ada", "shared", "")
    await minds[1].keeps("shared")
    for each in minds:
        await each.turn(0.1)
    assert sum(await asyncio.gather(*(counter.count_due() for _ in range(4)))) == 2
    assert await unconsolidated(minds) == [0.15, 0.03]
    assert sorted(memory.asked) == sorted(
        [(TENANT, "service:cognitive", ("shared", "user:ada")), (OTHER_TENANT, "service:cognitive", ("shared",))]
    )
    mind.cognition.clock.advance(59)
    await mind.turn(0.1)
    assert await counter.count_due() == 0
    mind.cognition.clock.advance(1)
    # Only for the agent that had a turn since.
    assert await counter.count_due() == 1
    assert len(memory.asked) == 3


async def test_while_memory_is_away_the_number_stays_and_the_next_turn_asks_again(mind: Mind, rpc: RpcHarness) -> None:
    memory = CountedMemory({"shared": 500})
    counter = await counting(mind, rpc, memory)
    await mind.keeps("shared")
    await mind.turn(0.1)
    assert await counter.count_due() == 1
    memory.counts, memory.away = {"shared": 900}, True
    mind.cognition.clock.advance(60)
    await mind.turn(0.1)
    assert await counter.count_due() == 0
    assert await unconsolidated([mind]) == [0.5]
    memory.away = False
    mind.cognition.clock.advance(60)
    await mind.turn(0.1)
    assert await counter.count_due() == 1
    assert await unconsolidated([mind]) == [0.9]


async def test_a_load_above_for_three_turns_starts_one_cycle_and_lets_the_agent_sleep_lightly(mind: Mind) -> None:
    now = mind.cognition.clock.now()
    await mind.turn(0.9, turns_above=2, above_since=now)
    cycles = Cycles()
    assert await load_cycles(mind, cycles).start_due() == 0
    await mind.turn(0.9, turns_above=3, above_since=now)
    assert sum(await asyncio.gather(*(load_cycles(mind, cycles).start_due() for _ in range(4)))) == 1
    assert cycles.started == [mind.key]
    status = await mind.status()
    assert (status.state, status.returns_to) == (sleep_pb.SLEEP_STATE_LIGHT, sleep_pb.SLEEP_STATE_ACTIVE)
    assert await mind.causes() == ["load"]
    mind.cognition.clock.advance(300)
    assert (await mind.status()).state == sleep_pb.SLEEP_STATE_ACTIVE


async def test_a_load_above_for_five_minutes_starts_a_cycle_without_a_further_turn(mind: Mind) -> None:
    await mind.turn(0.95, turns_above=1, above_since=mind.cognition.clock.now())
    cycles = Cycles()
    mind.cognition.clock.advance(299)
    assert await load_cycles(mind, cycles).start_due() == 0
    mind.cognition.clock.advance(1)
    assert await load_cycles(mind, cycles).start_due() == 1


async def test_a_load_that_stays_starts_the_next_cycle_after_ten_minutes(mind: Mind) -> None:
    began = mind.cognition.clock.now()
    cycles = Cycles()
    for _ in range(3):
        await mind.turn(0.95, turns_above=5, above_since=began)
        await load_cycles(mind, cycles).start_due()
        mind.cognition.clock.advance(300)
    assert len(cycles.started) == 2


async def test_a_cycle_that_cannot_start_leaves_nobody_asleep_and_is_tried_again(mind: Mind) -> None:
    began = mind.cognition.clock.now()
    await mind.turn(0.95, turns_above=3, above_since=began)
    broken = Cycles(broken=True)
    assert await load_cycles(mind, broken).start_due() == 0
    assert (await mind.status()).state == sleep_pb.SLEEP_STATE_ACTIVE
    assert await mind.causes() == ["load", "load"]
    mind.cognition.clock.advance(600)
    await mind.turn(0.95, turns_above=4, above_since=began)
    cycles = Cycles()
    assert await load_cycles(mind, cycles).start_due() == 1


async def test_an_agent_that_is_frozen_or_sleeps_is_left_in_its_state(mind: Mind) -> None:
    frozen = other(mind, TENANT)
    for each, state in ((mind, "light"), (frozen, "freeze")):
        await each.go(state)
        await each.turn(0.95, turns_above=3, above_since=mind.cognition.clock.now())
    cycles = Cycles()
    assert await load_cycles(mind, cycles).start_due() == 1
    assert cycles.started == [mind.key]
    assert [await mind.causes(), await frozen.causes()] == [["by hand"], ["by hand"]]


async def test_the_end_of_a_cycle_wakes_whom_its_load_put_to_sleep_and_nobody_else(mind: Mind) -> None:
    assert not await mind.rouse()
    await mind.turn(0.9, turns_above=3, above_since=mind.cognition.clock.now())
    await load_cycles(mind, Cycles()).start_due()
    assert (await mind.status()).state == sleep_pb.SLEEP_STATE_LIGHT
    mind.cognition.clock.advance(10)
    assert await mind.rouse()
    status = await mind.status()
    assert (status.state, status.version) == (sleep_pb.SLEEP_STATE_ACTIVE, 2)
    assert status.since_time.ToDatetime(UTC) == mind.cognition.clock.now()
    assert not await mind.rouse()
    for ttl_seconds in (0, 60):
        await mind.go("light", ttl_seconds)
        assert not await mind.rouse()
        assert (await mind.status()).state == sleep_pb.SLEEP_STATE_LIGHT
    assert await mind.causes() == ["load", "load", "by hand", "by hand"]


async def test_who_is_awake_for_a_while_only_is_so_again_after_a_cycle(mind: Mind) -> None:
    await mind.go("freeze")
    await mind.go("active", 600, wake=True)
    await mind.turn(0.9, turns_above=3, above_since=mind.cognition.clock.now())
    await load_cycles(mind, Cycles()).start_due()
    mind.cognition.clock.advance(10)
    assert await mind.rouse()
    assert (await mind.status()).returns_to == sleep_pb.SLEEP_STATE_FREEZE
    mind.cognition.clock.advance(590)
    assert (await mind.status()).state == sleep_pb.SLEEP_STATE_FREEZE
