"""The step of a cycle that makes hypotheses: none outlives what it was made of, whenever that goes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.cognitive.domain.cycles import BY_HAND, Cycle, CycleState, Wishes
from servers.cognitive.domain.grouping import Replayed
from servers.cognitive.domain.recombining import Hypothesis
from servers.cognitive.sleeping.cycle_saga import CycleSaga
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT

TEXTS = ("The boiler was replaced by a plumber in Porto.", "Clara plays her violin in the concert hall of Porto.")


BLANK = Cycle(
    cycle_id=UUID("0198c0de-0000-7000-8000-0000000000c1"),
    agent_id=uuid4(),
    state=CycleState.RUNNING,
    step="recombine",
    cause=BY_HAND,
    wishes=Wishes(),
    stopping=False,
    model_away=False,
    problem="",
    replayed_ids=(),
    replayed_count=0,
    group_count=0,
    fact_count=0,
    hypothesis_count=0,
    swept_count=0,
    coverage=1.0,
    used_tokens=0,
    load_before=0.0,
    load_after=0.0,
    sentences=(),
    consolidation_ids=(),
    sweep_id=None,
    start_time=SetClock().now(),
    end_time=None,
)


class ForgetfulMemory:
    """A memory of some texts, of which one may go while hypotheses are stored."""

    def __init__(self, *, goes: bool, stored: int | None) -> None:
        texts = (*TEXTS, *(f"nothing{number}" for number in range(3)))
        self.memories = [Replayed(uuid4(), "user:ada", "ada", "", text, "", "", 0.9) for text in texts]
        self.goes, self.stored, self.taken_back = goes, stored, 0

    async def again(self, memory_ids: Sequence[UUID]) -> list[Replayed]:
        return [it for it in self.memories if it.memory_id in memory_ids]

    async def guess(self, key: UUID, source_id: str, hypotheses: Sequence[Hypothesis]) -> int | None:
        if self.goes:
            self.memories = [it for it in self.memories if it.memory_id != hypotheses[0].derived_from[0]]
        return self.stored

    async def unguess(self, key: UUID, source_id: str) -> int:
        self.taken_back += 1
        return 1


class OneCycle:
    """The row of a cycle; notes what is said of it."""

    def __init__(self, replayed_ids: tuple[UUID, ...]) -> None:
        self.row, self.said = replace(BLANK, replayed_ids=replayed_ids), list[tuple[int, str]]()

    async def enter(self, *_: object) -> Cycle:
        return self.row

    async def say(self, _: object, __: object, cycle: Cycle, sentence: str) -> None:
        self.said.append((cycle.hypothesis_count, sentence))


class NoDatabase:
    """Whoever wants a connection gets none."""

    async def run(self, _: object, work: Callable[[None], Awaitable[Any]]) -> Any:
        return await work(None)


@pytest.mark.parametrize(
    ("goes", "stored", "count", "sentence"),
    [
        (False, 1, 1, "1 hypothesis was made of pairs of memories."),
        (True, 1, 0, "A memory changed or went meanwhile: the hypotheses were taken back."),
        # An earlier try stored others, of what is no more as it was.
        (False, None, 0, "A memory changed or went meanwhile: the hypotheses were taken back."),
    ],
)
async def test_no_hypothesis_outlives_what_went_while_it_was_made(
    goes: bool, stored: int | None, count: int, sentence: str
) -> None:
    memory = ForgetfulMemory(goes=goes, stored=stored)
    rows = OneCycle(tuple(it.memory_id for it in memory.memories))
    parts: tuple[Any, ...] = (NoDatabase(), rows, None, memory, None, SetClock())
    [step] = [step for step in CycleSaga(*parts).definition().steps if step.name == "recombine"]
    call: Any = SimpleNamespace(tenant_id=TENANT, saga_id=BLANK.cycle_id, step="recombine")
    assert step.action is not None
    await step.action(call)
    assert rows.said == [(count, sentence)]
    assert memory.taken_back == (count == 0)
