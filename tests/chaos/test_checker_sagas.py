"""The checker finds bugs of sagas that were put in on purpose, in real runs of participants that are wrong."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.sagas.models import Direction, SagaDefinition, Status, StepCall, Values, effect_key
from soma_common.sagas.orchestrator import SagaOrchestrator
from tests.chaos.scene import Scene, verdict, write_rows
from tests.chaos.walks import STEPS, Participant, beginning, conduct_of, definition_of

pytestmark = pytest.mark.chaos


class Late(Participant):
    """Everything that is asked for forward comes when nobody waits for it any more."""

    async def act(self, call: StepCall) -> Values:
        self._late.add(asyncio.create_task(self._act_late(call)))
        raise TimeoutError("nobody answered")


class Silent(Participant):
    """Its first answer is lost."""

    lost = False

    async def act(self, call: StepCall) -> Values:
        await self._act(call)
        if not self.lost:
            self.lost = True
            raise TimeoutError("the answer is lost")
        return {}


class Swapped(Participant):
    """The bug: what is undone first is what was done first."""

    async def undo(self, call: StepCall) -> Values:
        other = {STEPS[0]: STEPS[2], STEPS[2]: STEPS[0]}[call.step]
        own = replace(call, step=other)
        key = effect_key(call.saga_id, other, Direction.BACK)
        return await super().undo(replace(own, effect_key=key))


def refused_at_the_end(definition: SagaDefinition) -> SagaDefinition:
    """A fourth step that is refused, so that all three are undone."""
    last = replace(definition.steps[1], name="bill", action=refuse)
    return replace(definition, steps=(*definition.steps, last))


async def refuse(call: StepCall) -> Values:
    raise ValueError(f"{call.step} is refused")


class Walks:
    """A house that runs one saga with a participant."""

    def __init__(self, scene: Scene, house: Database, other: Database) -> None:
        self.scene = scene
        self.house = house
        self.other = other

    def participant(self, kind: type[Participant], **more: bool) -> Participant:
        return kind(self.other, random.Random(0), 0.0, **more)

    async def go(
        self, participant: Participant, change: Callable[[SagaDefinition], SagaDefinition] = lambda it: it
    ) -> Status:
        """One saga to its rest, and what comes late."""
        definition = change(definition_of(participant))
        parts = (self.house, EventStore("chat"), [definition], Clock(), Ids(), conduct_of(1.0))
        orchestrator = SagaOrchestrator(*parts)
        tenant, caller, saga_id, _ = beginning(random.Random(1), self.scene.plan.tenants)
        task = asyncio.create_task(orchestrator.run())
        try:
            await orchestrator.start_saga(tenant, caller, "walk", {"refused": ""}, saga_id)
            saga = await orchestrator.finished(tenant, saga_id, 30.0)
            await participant.rest()
            return saga.status
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def found(self) -> list[str]:
        return [line for line in await self.scene.judge() if "the saga" in line]


@pytest.fixture
async def walks(scene: Scene) -> AsyncIterator[Walks]:
    made = Walks(scene, await Database.open(scene.plan.house()), await Database.open(scene.plan.participant()))
    yield made
    await made.house.close()
    await made.other.close()


async def test_right_sagas_are_clean_whatever_answers_are_lost(walks: Walks) -> None:
    assert await walks.go(walks.participant(Participant)) is Status.COMPLETED
    assert await walks.found() == []
    assert await walks.go(walks.participant(Silent)) is Status.COMPLETED
    assert await walks.go(walks.participant(Late)) is Status.COMPENSATED
    assert await walks.go(walks.participant(Participant), refused_at_the_end) is Status.COMPENSATED
    assert await walks.found() == []


async def test_a_participant_without_a_fence_is_found(walks: Walks) -> None:
    assert await walks.go(walks.participant(Participant)) is Status.COMPLETED
    assert await walks.go(walks.participant(Late, fenced=False)) is Status.COMPENSATED
    [line] = await walks.found()
    assert line.startswith("half undone:")


async def test_a_participant_without_keys_is_found(walks: Walks) -> None:
    assert await walks.go(walks.participant(Silent, keyed=False)) is Status.COMPLETED
    assert any(line.startswith("doubled: the saga") for line in await walks.found())


async def test_compensations_in_the_wrong_order_are_found(walks: Walks) -> None:
    await walks.go(walks.participant(Swapped), refused_at_the_end)
    assert any(line.startswith("out of order: the saga") for line in await walks.found())


FORWARD, BACK = "forward", "back"
WHOLE = [(0, FORWARD), (1, FORWARD), (2, FORWARD)]
UNDONE = [(2, BACK), (1, BACK), (0, BACK)]


@pytest.mark.parametrize(
    ("status", "done", "expected"),
    [
        ("COMPLETED", WHOLE, ""),
        ("COMPENSATED", WHOLE + UNDONE, ""),
        ("COMPENSATED", [], ""),
        ("COMPLETED", WHOLE[:2], "half done:"),
        ("COMPLETED", [*WHOLE, (2, BACK)], "half done:"),
        ("COMPENSATED", [*WHOLE, (2, BACK)], "half undone:"),
        ("COMPENSATED", [*WHOLE, *UNDONE[::-1]], "out of order:"),
        ("COMPENSATED", [(0, FORWARD), (0, BACK), (1, FORWARD), (1, BACK)], "fenced by nobody:"),
        ("COMPLETED", [*WHOLE, (2, FORWARD)], "doubled:"),
        ("COMPENSATION_STUCK", WHOLE, "unfinished:"),
    ],
)
def test_each_way_of_a_saga_is_judged(tmp_path: Path, status: str, done: list[tuple[int, str]], expected: str) -> None:
    for kind in ("committed", "changes", "published", "effects", "acknowledged"):
        (tmp_path / kind).touch()
    write_rows(tmp_path / "begun", [{"saga_id": "a"}])
    write_rows(tmp_path / "sagas", [{"saga_id": "a", "status": status}, {"saga_id": "b", "status": "COMPLETED"}])
    own = [{"saga_id": "a", "place": place, "direction": direction} for place, direction in done]
    whole = [{"saga_id": "b", "place": place, "direction": direction} for place, direction in WHOLE]
    write_rows(tmp_path / "saga_effects", own + whole)
    found = [line for line in verdict(tmp_path) if "the saga a" in line]
    assert any(line.startswith(expected) for line in found) if expected else found == []


def test_a_saga_that_was_begun_and_is_gone_is_found(tmp_path: Path) -> None:
    for kind in ("committed", "changes", "published", "effects", "acknowledged", "sagas", "saga_effects"):
        (tmp_path / kind).touch()
    write_rows(tmp_path / "begun", [{"saga_id": "a"}])
    assert "lost: the saga a was begun and is not there" in verdict(tmp_path)
