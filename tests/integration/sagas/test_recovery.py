"""Whatever processes die where, a saga comes to its end, and every effect is had once and undone once."""

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Database
from soma_common.sagas.failpoints import SagaFailpoint
from soma_common.sagas.models import Direction, SagaDefinition, SagaStep, Status, StepCall, Values, effect_key
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import HouseDatabases, run_aside
from tests.integration.sagas.conftest import NOTES, QUICK, Sagas, note

pytestmark = pytest.mark.integration

LEASE_SECONDS = 0.05
PATIENT = replace(QUICK, undo=Backoff(first_seconds=0.01, longest_seconds=0.05, max_attempts=100))
UNKNOWN = SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "it"})
REFUSED = SomaError(Reason.RESOURCE_NOT_FOUND)


class KilledError(BaseException):
    """Ends a saga's task as a kill would."""


@dataclass(slots=True)
class Kill:
    """Cuts whatever saga comes to this point for the n-th time."""

    point: SagaFailpoint
    hit: int

    def __call__(self, here: SagaFailpoint) -> None:
        if here is self.point:
            self.hit -= 1
            if self.hit == 0:
                raise KilledError


class World:
    """A participant with a fence, whose answers get lost."""

    def __init__(self, seed: int, losing: float) -> None:
        self._chance = random.Random(seed)
        self._losing = losing
        self.had: list[UUID] = []
        self.undone: list[UUID] = []
        self._fenced: set[UUID] = set()

    async def act(self, call: StepCall) -> Values:
        if call.input["refuse"] == call.step or call.action_key in self._fenced:
            raise REFUSED
        return self._answered(call, self.had)

    async def undo(self, call: StepCall) -> Values:
        self._fenced.add(call.action_key)
        if call.step not in call.results and call.action_key not in self.had:
            return {}
        return self._answered(call, self.undone)

    def _answered(self, call: StepCall, effects: list[UUID]) -> Values:
        """The effect is had, or the answer is lost, or both."""
        lost = self._chance.random() < self._losing
        if call.action_key not in effects and (not lost or self._chance.random() < 0.5):
            effects.append(call.action_key)
        if lost:
            raise UNKNOWN
        return {}


@dataclass(frozen=True, slots=True)
class Walk:
    """A saga of the example: its steps (u can be undone, l is local, f is final), and which of them refuses."""

    steps: str
    refuse: int | None

    def definition(self, world: World, name: str) -> SagaDefinition:
        made = []
        for place, kind in enumerate(self.steps):
            step = f"{kind}{place}"
            if kind == "l":
                made.append(SagaStep(step, note, note, local=True))
            else:
                made.append(SagaStep(step, world.act, world.undo if kind == "u" else None, retries=2))
        return SagaDefinition(name, tuple(made))

    @property
    def refusing(self) -> str:
        place = self.refuse
        undoable = place is not None and place < len(self.steps) and self.steps[place] == "u"
        return f"u{place}" if undoable else ""


WALKS = st.builds(Walk, st.from_regex(r"[ul]{0,4}f{0,2}", fullmatch=True).filter(bool), st.none() | st.integers(0, 4))
KILLS = st.lists(st.tuples(st.sampled_from(SagaFailpoint), st.integers(1, 4)), max_size=6)


async def run_through(sagas: Sagas, world: World, walks: list[Walk], kills: list[tuple[SagaFailpoint, int]]) -> None:
    definitions = [walk.definition(world, f"walk{number}") for number, walk in enumerate(walks)]
    idle, ids = sagas.orchestrator(*definitions), list[UUID]()
    for walk, definition in zip(walks, definitions, strict=True):
        ids.append(uuid4())
        given = {"refuse": walk.refusing}
        await idle.start_saga(sagas.tenant, sagas.caller, definition.name, given, ids[-1])

    async def at_rest() -> bool:
        return all([(await idle.get_saga(sagas.tenant, saga_id)).status.is_at_rest for saga_id in ids])

    for point, hit in kills:
        kill = Kill(point, hit)
        async with sagas.running(
            sagas.orchestrator(*definitions, lease_seconds=LEASE_SECONDS, reached=kill, pace=PATIENT)
        ):
            with suppress(AssertionError):
                await eventually(lambda k=kill: k.hit <= 0, within_seconds=0.3)  # type: ignore[misc]
    async with sagas.running(sagas.orchestrator(*definitions, lease_seconds=LEASE_SECONDS, pace=PATIENT)) as last:
        for walk, definition, saga_id in zip(walks, definitions, ids, strict=True):
            saga = await sagas.finished(last, saga_id)
            await check(sagas, world, walk, definition, saga.saga_id, saga.status)
    assert await at_rest()
    assert len(set(world.had)) == len(world.had)
    assert len(set(world.undone)) == len(world.undone)


async def check(
    sagas: Sagas, world: World, walk: Walk, definition: SagaDefinition, saga_id: UUID, status: Status
) -> None:
    keys = {step.name: effect_key(saga_id, step.name, Direction.FORWARD) for step in definition.steps if not step.local}
    had = [name for name, key in keys.items() if key in world.had]
    undone = sorted(
        (name for name, key in keys.items() if key in world.undone), key=lambda it: world.undone.index(keys[it])
    )
    notes = await sagas.notes(saga_id)
    local = [step.name for step in definition.steps if step.local]
    told = await sagas.told(saga_id)
    assert told.count("saga.started") == 1
    match status:
        case Status.COMPLETED:
            assert not walk.refusing
            assert (had, undone, notes) == (list(keys), [], local)
            assert told.count("saga.completed") == 1
        case Status.COMPENSATED:
            assert undone == had[::-1]
            assert not any(name.startswith("f") for name in had)
            done = [name for name in notes if not name.startswith("-")]
            assert notes == [*done, *(f"-{name}" for name in reversed(done))]
            assert told.count("saga.failed") == 1
        case _:
            raise AssertionError(f"{walk} came to {status}")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    walks=st.lists(WALKS, min_size=1, max_size=4),
    kills=KILLS,
    seed=st.integers(0, 2**32),
    losing=st.sampled_from([0.0, 0.2, 0.4]),
)
def test_prop_8_4_4_saga_recovery_after_restart(
    house_database: HouseDatabases, walks: list[Walk], kills: list[tuple[SagaFailpoint, int]], seed: int, losing: float
) -> None:
    async def go() -> None:
        urls = house_database("chat", None)
        owner = await asyncpg.connect(urls.owner_dsn)
        await owner.execute(NOTES)
        await owner.close()
        database = await Database.open(urls)
        try:
            await run_through(Sagas(database, urls), World(seed, losing), walks, kills)
        finally:
            await database.close()

    run_aside(go())
