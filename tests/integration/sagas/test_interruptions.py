"""Sagas whose processes die, sleep or meet: done or undone all the same, each effect once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from asyncpg import Record

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.sagas.failpoints import SagaFailpoint
from soma_common.sagas.models import SagaDefinition, SagaStep, Status, StepCall, Values
from soma_common.testing.eventually import eventually
from tests.integration.sagas.conftest import Participant, Sagas, history, note

pytestmark = pytest.mark.integration

T = TypeVar("T")
LEASE_SECONDS = 0.4
NO = SomaError(Reason.RESOURCE_NOT_FOUND)


class KilledError(BaseException):
    """Ends a saga's task as a kill would: nothing after it happens."""


class Cut:
    """Cuts at the n-th passing of a failpoint, once."""

    def __init__(self, point: SagaFailpoint, hit: int = 1) -> None:
        self.point = point
        self.left = hit

    def __call__(self, here: SagaFailpoint) -> None:
        if here is self.point:
            self.left -= 1
            if self.left == 0:
                raise KilledError


def walk(participant: Participant, name: str = "walk") -> SagaDefinition:
    local = SagaStep("note", note, note, local=True)
    return SagaDefinition(name, (participant.step("a"), local, participant.step("c")))


async def killed(sagas: Sagas, definition: SagaDefinition, saga_id: UUID, cut: Cut) -> None:
    """A process that starts the saga and dies at the cut: what it held is not given back."""
    with suppress(KilledError):
        async with sagas.running(
            sagas.orchestrator(definition, lease_seconds=LEASE_SECONDS, reached=cut)
        ) as orchestrator:
            await sagas.start(orchestrator, definition.name, saga_id)
            await eventually(lambda: cut.left <= 0)
    assert cut.left == 0, f"it never came to {cut.point} so often"


CUTS = [
    *((SagaFailpoint.STARTED, hit, True) for hit in (1,)),
    *((SagaFailpoint.CLAIMED, hit, fails) for hit in (1,) for fails in (False, True)),
    *((SagaFailpoint.ACTED, hit, False) for hit in (1, 2, 3)),
    *((SagaFailpoint.ACTED, hit, True) for hit in (1, 2, 3, 4)),
    *((SagaFailpoint.RECORDED, hit, True) for hit in (1, 2)),
    *((SagaFailpoint.MOVED, hit, False) for hit in (1, 2, 3)),
    *((SagaFailpoint.MOVED, hit, True) for hit in (1, 2, 3, 4, 5)),
]


async def test_cut_between_any_two_statements_it_is_done_or_undone(sagas: Sagas) -> None:
    """By another process, when the lease of the first has run out."""
    going: list[tuple[SagaDefinition, Participant, UUID, bool]] = []
    for number, (point, hit, fails) in enumerate(CUTS):
        participant = Participant()
        if fails:
            participant.fails("c", NO, NO)
        definition, saga_id = walk(participant, f"walk{number}"), uuid4()
        await killed(sagas, definition, saga_id, Cut(point, hit))
        going.append((definition, participant, saga_id, fails))
    second = sagas.orchestrator(*(it[0] for it in going), lease_seconds=LEASE_SECONDS)
    async with sagas.running(second):
        for (point, hit, _), (_, participant, saga_id, fails) in zip(CUTS, going, strict=True):
            saga = await sagas.finished(second, saga_id)
            where = f"{point} {hit}"
            assert saga.status is (Status.COMPENSATED if fails else Status.COMPLETED), where
            assert participant.done == (["a", "-a"] if fails else ["a", "c"]), where
            asked = [it for it in history(saga) if it != "-c"]  # cut inside c, it asks whether that was done
            assert asked == (["a", "note", "-note", "-a"] if fails else ["a", "note", "c"]), where
            told = await sagas.told(saga_id)
            assert told.count("saga.started") == told.count("saga.failed" if fails else "saga.completed") == 1, where
            kept = ["note"] if not fails else ["note", "-note"]
            assert await sagas.notes(saga_id) == kept, where


async def test_cut_while_it_is_parked_it_is_parked_once(sagas: Sagas, participant: Participant) -> None:
    participant.fails("c", NO)
    participant.fails("-a", *[NO] * 6)
    saga_id = uuid4()
    await killed(sagas, walk(participant), saga_id, Cut(SagaFailpoint.PARKING))
    async with sagas.running(sagas.orchestrator(walk(participant), lease_seconds=LEASE_SECONDS)) as second:
        assert (await sagas.finished(second, saga_id)).status is Status.COMPENSATION_STUCK
    assert len(await sagas.rows("select 1 from dead_letters")) == 1


async def test_of_two_processes_one_acts(sagas: Sagas) -> None:
    """Many sagas, started where nobody runs them, and two processes that look for them at the same moment."""
    participants = {f"walk{number}": Participant() for number in range(12)}
    definitions = [walk(participant, name) for name, participant in participants.items()]
    idle = sagas.orchestrator(*definitions)
    ids = [await sagas.start(idle, name) for name in participants]
    first, second = (sagas.orchestrator(*definitions) for _ in range(2))
    async with sagas.running(first), sagas.running(second):
        for saga_id in ids:
            assert (await sagas.finished(first, saga_id)).status is Status.COMPLETED
    assert [participant.calls for participant in participants.values()] == [["a", "c"]] * 12


class Asleep(Database):
    """What a process has that neither keeps its leases nor takes sagas; the steps that it runs go on when they can."""

    async def worker_statement(self, statement: str, *args: object) -> list[Record]:
        raise SomaError(Reason.DATABASE_UNAVAILABLE)


@pytest.fixture
async def sleeper(sagas: Sagas) -> AsyncIterator[Sagas]:
    """The same house, in such a process."""
    database = await Asleep.open(sagas.urls)
    house = Sagas(database, sagas.urls)
    house.tenant, house.caller = sagas.tenant, sagas.caller
    yield house
    await database.close()


async def test_a_process_that_slept_through_its_lease_changes_nothing(
    sagas: Sagas, sleeper: Sagas, participant: Participant
) -> None:
    """It is inside a step; another process repeats that under the same key and ends the saga; then it wakes."""
    participant.pauses["c"] = asyncio.Event()
    definition = walk(participant)
    zombie = sleeper.orchestrator(definition, lease_seconds=LEASE_SECONDS)
    async with sleeper.running(zombie):
        saga_id = await sleeper.start(zombie)
        await eventually(lambda: participant.counts["c"] == 1)
        async with sagas.running(sagas.orchestrator(definition, lease_seconds=LEASE_SECONDS)) as second:
            await eventually(lambda: participant.counts["c"] == 2)
            participant.pauses["c"].set()
            saga = await sagas.finished(second, saga_id)
        await eventually(lambda: not zombie._runner._tasks)
    assert saga.status is Status.COMPLETED
    assert history(saga) == ["a", "note", "c"]
    assert participant.done == ["a", "c"]
    assert (await sagas.told(saga_id)).count("saga.completed") == 1


async def test_a_long_step_is_kept_by_prolonging_the_lease(sagas: Sagas, participant: Participant) -> None:
    participant.pauses["c"] = asyncio.Event()
    definition = walk(participant)
    first, second = (sagas.orchestrator(definition, lease_seconds=LEASE_SECONDS) for _ in range(2))
    async with sagas.running(first), sagas.running(second):
        saga_id = await sagas.start(first)
        await eventually(lambda: participant.counts["c"] == 1)
        await asyncio.sleep(LEASE_SECONDS * 3)
        participant.pauses["c"].set()
        assert (await sagas.finished(first, saga_id)).status is Status.COMPLETED
    assert participant.counts["c"] == 1


async def test_a_process_that_ends_gives_its_sagas_back(sagas: Sagas, participant: Participant) -> None:
    participant.pauses["c"] = asyncio.Event()
    definition = walk(participant)
    async with sagas.running(sagas.orchestrator(definition, lease_seconds=60)) as first:
        saga_id = await sagas.start(first)
        await eventually(lambda: participant.counts["c"] == 1)
    participant.pauses["c"].set()
    async with sagas.running(sagas.orchestrator(definition, lease_seconds=60)) as second:
        assert (await sagas.finished(second, saga_id)).status is Status.COMPLETED
    assert participant.counts["c"] == 2


async def test_a_step_whose_process_dies_again_and_again_is_given_up(sagas: Sagas, participant: Participant) -> None:
    """Each death counts as a try: the step may have been done, so it is undone."""

    async def die(call: StepCall) -> None:
        participant.calls.append("die")
        raise KilledError

    definition = SagaDefinition(
        "walk", (participant.step("a"), SagaStep("die", die, participant.undo, retries=2)), timeout_seconds=2.0
    )
    async with sagas.running(sagas.orchestrator(definition, lease_seconds=0.2)) as orchestrator:
        saga = await sagas.finished(orchestrator, await sagas.start(orchestrator))
    assert saga.status is Status.COMPENSATED
    assert participant.calls[-2:] == ["-die", "-a"]


async def test_what_a_process_may_have_done_before_it_died_is_undone(sagas: Sagas, participant: Participant) -> None:
    """The effect was had, its process died, and the repeat is refused: only its own compensation makes that good."""

    async def die_after(call: StepCall) -> Values:
        if participant.counts["c"]:
            raise NO
        await participant.act(call)
        raise KilledError

    definition = SagaDefinition("walk", (participant.step("a"), SagaStep("c", die_after, participant.undo)))
    async with sagas.running(sagas.orchestrator(definition, lease_seconds=LEASE_SECONDS)) as orchestrator:
        saga = await sagas.finished(orchestrator, await sagas.start(orchestrator))
    assert saga.status is Status.COMPENSATED
    assert participant.done == ["a", "c", "-c", "-a"]


class AnswersLost(Database):
    """Its transactions are committed, and the first few times nobody hears of it."""

    lost = 0

    async def run(self, tenant: TenantId, work: Callable[[Connection], Awaitable[T]]) -> T:
        done = await super().run(tenant, work)
        if self.lost:
            self.lost -= 1
            raise SomaError(Reason.DATABASE_UNAVAILABLE)
        return done


async def test_a_local_step_whose_commit_was_not_answered_is_not_done_again(sagas: Sagas) -> None:
    database = await AnswersLost.open(sagas.urls)
    try:
        definition = SagaDefinition("walk", tuple(SagaStep(name, note, note, local=True) for name in "ab"))
        house = Sagas(database, sagas.urls)
        database.lost = 1
        async with house.running(house.orchestrator(definition, lease_seconds=LEASE_SECONDS)) as orchestrator:
            saga = await house.finished(orchestrator, await house.start(orchestrator))
        assert saga.status is Status.COMPLETED
        assert database.lost == 0
        assert await house.notes(saga.saga_id) == ["a", "b"]
    finally:
        await database.close()


async def test_a_process_that_slept_while_a_person_resumed_the_saga_is_refused(sagas: Sagas, sleeper: Sagas) -> None:
    """The saga is where the sleeper left it, with as many tries; only the fence tells them apart."""
    gates, tries = {1: asyncio.Event(), 3: asyncio.Event()}, 0

    async def act(call: StepCall) -> Values:
        nonlocal tries
        tries += 1
        mine = tries
        if mine == 2:
            raise NO
        await gates[mine].wait()
        return {"try": mine}

    definition = SagaDefinition(
        "walk", (SagaStep("pivot", note, local=True), SagaStep("far", act), SagaStep("last", note, local=True))
    )
    zombie = sleeper.orchestrator(definition, lease_seconds=LEASE_SECONDS)
    async with sleeper.running(zombie):
        saga_id = await sleeper.start(zombie)
        await eventually(lambda: tries == 1)
        async with sagas.running(sagas.orchestrator(definition, lease_seconds=LEASE_SECONDS)) as second:
            assert (await sagas.finished(second, saga_id)).status is Status.STUCK
            await second.resume(sagas.tenant, saga_id, "ada")
            await eventually(lambda: tries == 3)
            gates[1].set()
            await eventually(lambda: not zombie._runner._tasks)
            assert (await second.get_saga(sagas.tenant, saga_id)).step == "far"
            gates[3].set()
            assert (await sagas.finished(second, saga_id)).status is Status.COMPLETED
    assert await sagas.notes(saga_id) == ["pivot", "last"]
