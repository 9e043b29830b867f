"""Whatever steps do, a saga that fails undoes what was done, in the opposite order, and nothing else."""

import random
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.sagas.models import Direction, SagaDefinition, SagaStep, Status, StepCall, Values
from soma_common.sagas.plan import Pace, Position, leaves_doubt, move_after, outcome_of

PROBLEMS = (SomaError(Reason.RESOURCE_NOT_FOUND), SomaError(Reason.DEADLINE_EXCEEDED), SomaError(Reason.CONFLICT))


async def act(call: StepCall) -> Values:
    return {}


def walk(undoable: int, final: int) -> SagaDefinition:
    steps = [SagaStep(f"u{place}", act, act, retries=1) for place in range(undoable)]
    return SagaDefinition("walk", (*steps, *(SagaStep(f"f{place}", act, retries=1) for place in range(final))))


@dataclass(slots=True)
class World:
    """Where effects are had. An unanswered try may have had its effect all the same."""

    chance: random.Random
    failing: float
    effects: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    def attempt(self, step: SagaStep, position: Position) -> Exception | None:
        problem = self.chance.choice(PROBLEMS) if self.chance.random() < self.failing else None
        happens = problem is None or (leaves_doubt(problem) and self.chance.random() < 0.5)
        if not happens:
            return problem
        if position.direction is Direction.FORWARD:
            if step.name not in self.effects:
                self.effects.append(step.name)
        elif step.name not in self.undone and (step.name in self.effects or not position.doubt):
            self.undone.append(step.name)
        return problem


def go(definition: SagaDefinition, world: World, late_after: int) -> tuple[Status, list[Position]]:
    position, pace, path = Position(), Pace(), list[Position]()
    for tries in range(400):
        path.append(position)
        problem = world.attempt(definition.steps[position.index], position)
        if problem is not None and position.direction is Direction.FORWARD and leaves_doubt(problem):
            position = Position(position.index, position.direction, position.attempts, doubt=True)
        outcome = outcome_of(definition, position, problem, pace, late=tries >= late_after)
        move = move_after(definition, position, outcome, pace, world.chance.random())
        if move.status.is_at_rest:
            return move.status, path
        position = move.position
    raise AssertionError("it never came to rest")


@given(
    undoable=st.integers(0, 5),
    final=st.integers(0, 3),
    failing=st.sampled_from([0.0, 0.2, 0.5, 0.8]),
    late_after=st.integers(0, 30),
    seed=st.integers(0, 2**32),
)
def test_prop_8_4_3_compensation_order(undoable: int, final: int, failing: float, late_after: int, seed: int) -> None:
    definition = walk(undoable, final or (0 if undoable else 1))
    world = World(random.Random(seed), failing)
    status, path = go(definition, world, late_after)
    names = [step.name for step in definition.steps]
    assert world.effects == names[: len(world.effects)]
    assert world.undone == sorted(world.undone, reverse=True)
    match status:
        case Status.COMPLETED:
            assert (world.effects, world.undone) == (names, [])
        case Status.COMPENSATED:
            assert world.undone == world.effects[::-1]
            assert not any(name.startswith("f") for name in world.effects)
        case Status.COMPENSATION_STUCK:
            rest = world.effects[: len(world.effects) - len(world.undone)]
            assert [*rest, *reversed(world.undone)] == world.effects
        case Status.STUCK:
            assert path[-1].direction is Direction.FORWARD
            assert world.undone == []
    backward = [place.index for place in path if place.direction is Direction.BACK]
    assert backward == sorted(backward, reverse=True)
