"""A sleep cycle that is cut anywhere: it goes on or is undone, its report is true, and never is a memory lost.

`SOMA_TEST_CYCLE_CUTS=1` cuts at every place in each test; the usual are half of them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from servers.memory.domain.memory import Kind, Memory, Retired
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from soma_common.testing.sizes import size
from tests.integration.cycles.conftest import BIKE, OTHER, TEA, Dreaming
from tests.integration.cycles.cuts import Cut, KilledError, all_cuts
from tests.rpc.cognitive.cycle_parts import cycles_on
from tests.rpc.memory.upkeep_acts import rows, statement

COMPLETED, CANCELLED = sleep_pb.SLEEP_CYCLE_STATE_COMPLETED, sleep_pb.SLEEP_CYCLE_STATE_CANCELLED
RUNNING = sleep_pb.SLEEP_CYCLE_STATE_RUNNING
# So long nobody takes what a dead process held; then the lease is made to run out.
LEASE_SECONDS = 60.0
EVERYWHERE = size("SOMA_TEST_CYCLE_CUTS", 0)
# What stays of a cycle that is stopped there: groups, whether there are hypotheses, swept memories.
KEPT = {
    "behind ReplayMemories 1": (0, 0, 0),
    "before Consolidate 1": (0, 0, 0),
    # Memory was done with the group, and nobody here knew.
    "behind Consolidate 1": (0, 0, 0),
    "before Consolidate 2": (1, 0, 0),
    "behind Consolidate 2": (1, 0, 0),
    "saga.moved 3": (2, 0, 0),
    "behind BatchStoreMemories 1": (2, 0, 0),
    "saga.acted 4": (2, 0, 0),
    "saga.moved 4": (2, 1, 0),
    "behind SweepMemories 1": (2, 1, 0),
    "saga.acted 5": (2, 1, 0),
    "saga.moved 5": (2, 1, 1),
    "saga.recorded 1": (2, 1, 1),
    # It was over.
    "saga.moved 6": (2, 1, 1),
}


@pytest.fixture(autouse=True)
def as_olga() -> Iterator[None]:
    with acting_as(user("olga", roles=("operator",)), "test"):
        yield


@dataclass
class Dreamer:
    """An agent with memories of two kinds of owners, and its cycle."""

    agent: UUID
    name: str
    before: dict[UUID, Memory]
    cycle_id: str = ""

    @property
    def own(self) -> str:
        return f"agent:{self.agent}"


async def dreamer(dreaming: Dreaming, name: str) -> Dreamer:
    agent = uuid4()
    old = dreaming.remembering.clock.now() - timedelta(days=300)
    own = f"agent:{agent}"
    memories = [
        *await dreaming.remember(own, TEA, importance=0.9),
        *await dreaming.remember(own, BIKE, owner_sub="bob", importance=0.8),
        *await dreaming.remember(own, OTHER),
        *await dreaming.remember(own, ["Nobody ever asked for this."], learn_time=old, payload="{}"),
    ]
    return Dreamer(agent, name, {it.memory_id: it for it in memories})


def is_held(it: Dreamer) -> bool:
    """Whether a task is at work on its cycle: one that was cut in a transaction has that to roll back."""
    return any(task.get_name() == f"saga {it.cycle_id}" for task in asyncio.all_tasks())


async def begin_and_cut(dreaming: Dreaming, it: Dreamer, cut: Cut) -> None:
    """A process that takes the cycle and dies at the cut: what it held is not given back."""
    it.cycle_id = (await dreaming.run(it.agent, async_mode=True)).cycle_id
    memory = cut.memory(dreaming.remembering.cognitive)
    _, sagas = cycles_on(dreaming.database, dreaming.sleeps, memory, dreaming.clock, cut.reached, LEASE_SECONDS)
    with suppress(KilledError):
        async with dreaming.running(sagas):
            await eventually(lambda: cut.hit <= 0 and not is_held(it))
    assert cut.hit == 0, f"it never came to {it.name}"


async def cut_at(dreaming: Dreaming, cuts: list[Cut]) -> list[Dreamer]:
    """An agent for each of these places, each with a cycle that was cut there."""
    dreamers = []
    for cut in cuts:
        it = await dreamer(dreaming, cut.name)
        await begin_and_cut(dreaming, it, cut)
        dreamers.append(it)
    return dreamers


async def check(dreaming: Dreaming, it: Dreamer, done: sleep_pb.SleepCycle) -> None:
    """Whether the report is what memory has, nothing was done twice, and no memory is lost."""
    everything = {key: each for key, each in (await rows(dreaming.remembering)).items() if each.namespace == it.own}
    facts = [each for each in everything.values() if each.kind is Kind.SEMANTIC and each.retire_time is None]
    guesses = [each for each in everything.values() if each.kind is Kind.HYPOTHESIS]
    swept = [key for key in it.before if everything[key].retire_reason is Retired.SWEPT]
    counts = done.fact_count, done.hypothesis_count, done.swept_count
    assert counts == (len(facts), len(guesses), len(swept)), (it.name, done)
    assert len({each.text for each in facts}) == len(facts), it.name
    reachable = {source for each in facts for source in each.derived_from}
    lost = [key for key in it.before if everything[key].retire_reason is Retired.CONSOLIDATED and key not in reachable]
    assert lost == [], it.name
    query = "select consolidation_id from consolidations where namespace = $1 and state = 2"
    committed = await statement(dreaming.remembering, query, it.own)
    assert {str(row[0]) for row in committed} == set(done.consolidation_ids), it.name
    assert await dreaming.told(done.cycle_id) == ["cognitive.cycle.ended"], it.name
    assert len(set(done.sentences)) == len(done.sentences), it.name
    assert await dreaming.statement("select 1 from sleep_cycle_groups where cycle_id = $1", UUID(it.cycle_id)) == []


async def let_leases_run_out(dreaming: Dreaming) -> None:
    async with dreaming.database.worker() as connection:
        await connection.execute("update sagas set due_time = clock_timestamp() where due_time is not null")


async def ended(dreaming: Dreaming, it: Dreamer) -> sleep_pb.SleepCycle:
    found = await dreaming.cycle(it.agent, it.cycle_id)
    for _ in range(200):
        if found.state != RUNNING:
            return found
        await asyncio.sleep(0.05)
        found = await dreaming.cycle(it.agent, it.cycle_id)
    raise AssertionError(f"{it.name}: it runs and runs: {found}")


async def test_cut_anywhere_another_process_ends_it_and_the_report_is_true(dreaming: Dreaming) -> None:
    dreamers = await cut_at(dreaming, all_cuts()[:: 1 if EVERYWHERE else 2])
    await let_leases_run_out(dreaming)
    _, second = dreaming.another()
    async with dreaming.running(second):
        for it in dreamers:
            done = await ended(dreaming, it)
            assert done.state == COMPLETED, (it.name, done)
            assert (done.replayed_count, done.group_count, done.fact_count, done.swept_count) == (10, 2, 2, 1), it.name
            assert done.coverage == 1.0, it.name
            await check(dreaming, it, done)


async def test_stopped_anywhere_what_was_under_way_is_undone_and_the_rest_stays(dreaming: Dreaming) -> None:
    """Each cycle is stopped after the cut, where nobody runs it; another process undoes it then."""
    dreamers = await cut_at(dreaming, [cut for cut in all_cuts() if EVERYWHERE or cut.name in KEPT])

    async def stop(it: Dreamer) -> None:
        request = sleep_pb.CancelSleepCycleRequest(cycle_id=it.cycle_id, request_id=str(uuid4()))
        await dreaming.user.CancelSleepCycle(request, timeout=0.8)

    await asyncio.gather(*map(stop, dreamers))
    _, second = dreaming.another(lease_seconds=LEASE_SECONDS)
    kept: dict[str, tuple[int, int, int]] = {}
    async with dreaming.running(second):
        for it in dreamers:
            done = await ended(dreaming, it)
            assert done.state == (COMPLETED if it.name == "saga.moved 6" else CANCELLED), (it.name, done)
            await check(dreaming, it, done)
            kept[it.name] = done.group_count, min(1, done.hypothesis_count), done.swept_count
            if done.state == CANCELLED:
                assert (await dreaming.load(it.agent)).relief_time is None, it.name
    assert {name: kept[name] for name in KEPT} == KEPT
