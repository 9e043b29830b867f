"""From a load that stays high to the end of the cycle that it started, on a real memory."""

from datetime import timedelta
from uuid import uuid4

from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.upkeep import Counting, LoadCycles
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from tests.integration.cycles.conftest import BIKE, TEA, Dreaming

MOVED = "select move_load($1, $2, 0.95, 1.0, 1.0, 0.5, 3, $3, $3)"


async def test_a_load_puts_an_agent_to_sleep_consolidates_and_wakes_it_lighter(dreaming: Dreaming) -> None:
    agent, clock, store = uuid4(), dreaming.clock, dreaming.sleeps
    sleeps = Sleeps(dreaming.database, store, EventStore("cognitive"), clock)
    counting = Counting(store, dreaming.remembering.cognitive, clock, Ids())
    by_load = LoadCycles(store, sleeps, dreaming.cycles.start_by_load, clock, Ids())
    await dreaming.remember(f"agent:{agent}", [*TEA, *BIKE])
    await dreaming.statement(
        "select keep_agent_namespace($1, $2, $3, $4)", TENANT, agent, f"agent:{agent}", clock.now()
    )
    await dreaming.statement(MOVED, TENANT, agent, clock.now())
    assert await counting.count_due() == 1
    assert (await dreaming.load(agent)).unconsolidated == len(TEA) + len(BIKE)

    assert await by_load.start_due() == 1
    assert (await store.find(TENANT, agent, clock.now())).sleep.state is SleepState.LIGHT

    async def over() -> sleep_pb.SleepCycle:
        with acting_as(user("olga", roles=("operator",)), "test"):
            listed = await dreaming.user.ListSleepCycles(sleep_pb.ListSleepCyclesRequest(agent_id=str(agent)))
        [cycle] = listed.cycles
        assert cycle.HasField("end_time")
        return cycle

    async with dreaming.running():
        done = await eventually(over, within_seconds=20)
    assert (done.state, done.cause) == (sleep_pb.SLEEP_CYCLE_STATE_COMPLETED, "load")
    assert (done.load_before, round(done.load_after, 9)) == (0.95, 0.65)

    rest = await store.find(TENANT, agent, clock.now())
    assert (rest.sleep.state, rest.sleep.version) == (SleepState.ACTIVE, 2)
    assert (rest.load.relief_at(clock.now()), rest.load.relief_at(clock.now() + timedelta(minutes=30))) == (0.3, 0.15)
    assert await by_load.start_due() == 0

    clock.advance(60)
    await dreaming.statement(MOVED, TENANT, agent, clock.now())
    assert await counting.count_due() == 1
    assert (await dreaming.load(agent)).unconsolidated == 0
