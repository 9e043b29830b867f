"""The saga that forgets a person: every house in its order, waited for, resumed by whoever comes, done when clean."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from servers.memory.erasure.forgetting import Subjects
from servers.memory.erasure.rows import ErasureRows
from servers.memory.erasure.saga import HOUSES, Forgetting
from soma.common.v1 import erasure_pb2 as line_pb
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.operations.subjects import Subject
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.models import Status
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase


@dataclass
class Asked:
    """A house as the saga sees it: what it is asked, how often it is away, how often it still finds the name."""

    name: str
    log: list[str]
    away: int = 0
    dirty: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: bool = False

    async def erase(self, subject: Subject, _: UUID) -> Sequence[line_pb.StoreErasure]:
        self.log.append(self.name)
        self.reached.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.away > 0:
            self.away -= 1
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": self.name})
        assert subject.sub == "lovelace"
        line = line_pb.StoreErasure(house=self.name, store="things", state=line_pb.ERASURE_STATE_DONE, erased_count=2)
        if self.log.count(self.name) > 1 and self.dirty > 0:
            self.dirty -= 1
            line.state, line.found_count = line_pb.ERASURE_STATE_FAILED, 1
        return [line]


@dataclass
class Scene:
    """Memory's tables, the houses, and the processes that run the saga."""

    database: Database
    houses: dict[str, Asked]
    log: list[str]
    key: UUID = field(default_factory=uuid4)

    def process(self) -> tuple[SagaOrchestrator, Subjects]:
        """Another process of memory."""
        events, rows, clock = EventStore("memory"), ErasureRows(), Clock()
        forgetting = Forgetting(self.database, rows, self.houses, events, clock)
        conduct = Conduct(lease_seconds=1.0)
        sagas = SagaOrchestrator(self.database, events, [forgetting.definition()], clock, Ids(), conduct)
        return sagas, Subjects(self.database, rows, sagas, clock)

    async def begin(self, subjects: Subjects) -> UUID:
        with acting_as(user("lovelace"), "test", 1.0):
            return (await subjects.forget(user("lovelace"), "lovelace", "lovelace", self.key)).erasure_id

    async def told(self) -> list[str]:
        async with self.database.worker() as connection:
            rows = await connection.fetch("select event_type from events where event_type like 'memory.%'")
        return [row["event_type"] for row in rows]


@pytest.fixture
async def scene(house_database: HouseDatabases, open_database: OpenDatabase) -> Scene:
    log: list[str] = []
    houses = {name: Asked(name, log) for name in HOUSES}
    return Scene(await open_database(house_database("memory", "servers.memory")), houses, log)


async def run(scene: Scene, sagas: SagaOrchestrator, erasure_id: UUID) -> None:
    """Until it is over, in a process of its own."""
    running = asyncio.create_task(sagas.run())
    try:
        assert (await sagas.finished(TENANT, erasure_id, 30)).status is Status.COMPLETED
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await scene.told() == ["memory.erasure.ended"]
    async with scene.database.worker() as connection:
        rows = await connection.fetch(
            "select sagas::text as row from sagas union all select saga_steps::text from saga_steps"
        )
    assert not any("lovelace" in row["row"] for row in rows), "the saga knew the name"


async def test_every_house_in_its_order_then_all_once_more(scene: Scene) -> None:
    scene.houses["governor"].away = 2
    scene.houses["memory"].dirty = 1
    sagas, subjects = scene.process()
    erasure_id = await scene.begin(subjects)
    await run(scene, sagas, erasure_id)
    first = [*HOUSES[:3], "governor", "governor", *HOUSES[3:]]
    assert scene.log[: len(first)] == first
    # Memory still found the name when all looked again, so all looked a third time.
    assert sorted(scene.log[len(first) :]) == sorted(HOUSES * 2)
    erasure = await subjects.get(user("lovelace"), erasure_id)
    assert (erasure.sub, erasure.of_asker) == (None, True)
    found = {line.house: (line.state, line.erased_count) for line in erasure.stores}
    assert found == dict.fromkeys(HOUSES, (line_pb.ERASURE_STATE_DONE, 2))
    # The same request finds the same erasure, and nothing is erased again.
    asked = len(scene.log)
    assert await scene.begin(subjects) == erasure_id
    assert len(scene.log) == asked


@pytest.mark.parametrize("house", HOUSES)
async def test_whoever_comes_goes_on_where_a_process_died(scene: Scene, house: str) -> None:
    dying, subjects = scene.process()
    scene.houses[house].hangs = True
    running = asyncio.create_task(dying.run())
    erasure_id = await scene.begin(subjects)
    await asyncio.wait_for(scene.houses[house].reached.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    scene.houses[house].hangs = False
    before = list(scene.log)
    sagas, _ = scene.process()
    await run(scene, sagas, erasure_id)
    # What was done before is not done again; what was under way is.
    assert scene.log[len(before)] == house
    assert scene.log.index(house) == HOUSES.index(house)


async def test_two_at_once_are_two_erasures_that_both_end(scene: Scene) -> None:
    sagas, subjects = scene.process()
    first = await scene.begin(subjects)
    scene.key = uuid4()
    second = await scene.begin(subjects)
    running = asyncio.create_task(sagas.run())

    async def over() -> bool:
        found = [await subjects.get(user("lovelace"), each) for each in (first, second)]
        return first != second and all(each.end_time is not None for each in found)

    assert await eventually(over, within_seconds=20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_request_for_somebody_else_is_refused(scene: Scene) -> None:
    _, subjects = scene.process()
    await scene.begin(subjects)
    admin = user("root", TENANT, ("admin",))
    with acting_as(admin, "test", 1.0), pytest.raises(SomaError) as refused:
        await subjects.forget(admin, "eve", "eve", scene.key)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED
