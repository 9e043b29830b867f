"""The saga of a sleep cycle. What each step is for stands in `domain/cycles.py`.

Memory is called under keys of the cycle, so that a try after a kill has no second effect. Whether a call may begin is
asked in the row of the cycle, where whoever stops it says so; what is under way then is undone by `_undo`, the
compensation of the first step, which looks at that row: steps and groups that were over stay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from servers.cognitive.domain.cycles import REPLAYED, Cycle, CycleState, counted, key_of, replayed, share_of
from servers.cognitive.domain.grouping import groups_of
from servers.cognitive.domain.recombining import Hypothesis, hypotheses_of
from servers.cognitive.domain.sleeping import SCHEDULES
from servers.cognitive.sleeping.cycle_ending import CycleEnding
from servers.cognitive.sleeping.cycle_memory import CycleMemory
from servers.cognitive.sleeping.cycle_rows import CycleRows, GroupEnd, SentGroup
from servers.cognitive.sleeping.store import SleepStore
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.sagas.fences import step_fenced
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall, Values

NAME: Final = "cognitive.cycle"
# Longer than the longest cycle, which ends itself before.
LONG_SECONDS: Final = 3_700.0
WHOLE_SECONDS: Final = 4_500.0
STEP_SECONDS: Final = 120.0
UNDO_SECONDS: Final = 180.0
RETRIES: Final = 5
# As long as one call waits for a consolidation; then it is asked again.
CALL_SECONDS: Final = 25.0
_LEAST_SECONDS: Final = 0.5
# Memory takes so many namespaces at once: the newest of an agent, and its own.
MOST_NAMESPACES: Final = 16


class CycleSaga:
    """The steps."""

    def __init__(
        self,
        database: Database,
        rows: CycleRows,
        sleeps: SleepStore,
        memory: CycleMemory,
        ending: CycleEnding,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rows = rows
        self._sleeps = sleeps
        self._memory = memory
        self._ending = ending
        self._clock = clock

    def definition(self) -> SagaDefinition:
        """The saga."""
        return SagaDefinition(
            name=NAME,
            steps=(
                SagaStep("begin", _nothing, self._undo, timeout_seconds=UNDO_SECONDS),
                SagaStep("replay", self._noting(self._replay), _nothing, STEP_SECONDS, RETRIES),
                SagaStep("consolidate", self._noting(self._consolidate), _nothing, LONG_SECONDS, RETRIES),
                SagaStep("recombine", self._noting(self._recombine), _nothing, STEP_SECONDS, RETRIES),
                SagaStep("prune", self._noting(self._prune), _nothing, STEP_SECONDS, RETRIES),
                SagaStep("relieve", self._relieve, local=True),
            ),
            timeout_seconds=WHOLE_SECONDS,
        )

    def _noting(self, act: Callable[[StepCall, Cycle], Awaitable[Values]]) -> Callable[[StepCall], Awaitable[Values]]:
        """A step that says in the cycle that it runs, and why a try of it failed; refused where somebody stopped it."""

        async def step(call: StepCall) -> Values:
            cycle = await self._database.run(
                call.tenant_id, lambda it: self._rows.enter(it, call.tenant_id, call.saga_id, call.step)
            )
            if cycle is None:
                raise step_fenced(call.action_key)
            try:
                return await act(call, cycle)
            except Exception as problem:
                reason = (problem.reason if isinstance(problem, SomaError) else Reason.INTERNAL).value
                await self._database.run(
                    call.tenant_id, lambda it: self._rows.note_problem(it, call.tenant_id, call.saga_id, reason)
                )
                raise

        return step

    async def _replay(self, call: StepCall, cycle: Cycle) -> Values:
        wishes = cycle.wishes
        if not (wishes.nrem or wishes.rem):
            return {}
        names = await self._namespaces(call.tenant_id, cycle)
        memories = await self._memory.replay(names, REPLAYED)
        groups = await asyncio.to_thread(groups_of, memories) if wishes.nrem else ()
        said = replayed(len(memories), len(groups), len(names) - 1)
        ids = [it.memory_id for it in memories]
        await self._database.run(
            call.tenant_id, lambda it: self._rows.lay_out(it, call.tenant_id, cycle.cycle_id, ids, groups, said)
        )
        return {"replayed": len(memories)}

    async def _consolidate(self, call: StepCall, cycle: Cycle) -> Values:
        if not cycle.wishes.nrem:
            return await self._say(call, replace(cycle), "Nothing was consolidated, as that was not wanted.")
        while True:
            cycle = await self._running(call)
            group = await self._database.run(
                call.tenant_id, lambda it: self._rows.next_group(it, call.tenant_id, call.saga_id)
            )
            if group is None:
                return await self._say(call, cycle, _consolidated(cycle))
            if self._is_late(cycle):
                if group.is_sent:
                    await self._undo_group(call, group)
                left = counted(group.left_count, "group was left as it is", "groups were left as they are")
                return await self._say(call, cycle, f"{_consolidated(cycle)} The time was over: {left}.")
            if group.is_sent:
                await self._go_on(call, cycle, group)
            else:
                await self._send(call, cycle, group)

    async def _send(self, call: StepCall, cycle: Cycle, group: SentGroup) -> None:
        tokens = 0 if cycle.model_away else share_of(cycle.left_tokens, group.left_count)
        sent = await self._database.run(
            call.tenant_id,
            lambda it: self._rows.send(it, call.tenant_id, call.saga_id, group.number, tokens, by_rules=not tokens),
        )
        if not sent:
            raise step_fenced(call.action_key)

    async def _go_on(self, call: StepCall, cycle: Cycle, group: SentGroup) -> None:
        """Wait for a group's consolidation, which may still run after it, and keep what came of it."""
        left = (cycle.deadline - self._clock.now()).total_seconds()
        seconds = max(_LEAST_SECONDS, min(CALL_SECONDS, left))
        done = await self._memory.consolidate(_key(call.saga_id, group), group, seconds)
        if done.state == upkeep_pb.CONSOLIDATION_STATE_RUNNING:
            return
        if done.state == upkeep_pb.CONSOLIDATION_STATE_REFUSED and not done.method and not group.by_rules:
            await self._database.run(
                call.tenant_id,
                lambda it: self._rows.resend(it, call.tenant_id, call.saga_id, group.number, done.used_tokens),
            )
            return
        made = done.state == upkeep_pb.CONSOLIDATION_STATE_COMMITTED
        end = GroupEnd(
            number=group.number,
            fact_count=done.fact_count if made else 0,
            used_tokens=done.used_tokens,
            coverage=done.coverage if made else 1.0,
            consolidation_id=UUID(done.consolidation_id) if made else None,
        )
        await self._database.run(call.tenant_id, lambda it: self._rows.end_group(it, call.tenant_id, call.saga_id, end))

    async def _recombine(self, call: StepCall, cycle: Cycle) -> Values:
        if not cycle.wishes.rem:
            return await self._say(call, cycle, "Nothing was recombined, as that was not wanted.")
        if self._is_late(cycle):
            return await self._say(call, cycle, "The time was over: nothing was recombined.")
        memories = await self._memory.again(cycle.replayed_ids)
        guesses = await asyncio.to_thread(hypotheses_of, memories, cycle.cycle_id)
        if not guesses:
            return await self._say(call, cycle, "No two memories had enough in common for a hypothesis.")
        key, source_id = key_of(cycle.cycle_id, "hypotheses"), source_of(cycle.cycle_id)
        count = await self._memory.guess(key, source_id, guesses)
        if count is None or not await self._still_there(guesses):
            await self._memory.unguess(key, source_id)
            return await self._say(call, cycle, "A memory changed or went meanwhile: the hypotheses were taken back.")
        said = f"{counted(count, 'hypothesis was', 'hypotheses were')} made of pairs of memories."
        return await self._say(call, replace(cycle, hypothesis_count=count), said)

    async def _still_there(self, guesses: Sequence[Hypothesis]) -> bool:
        """Whether nothing went while it was guessed of; what goes from now on takes its hypotheses along."""
        sources = {source for guess in guesses for source in guess.derived_from}
        return len(await self._memory.again(sorted(sources))) == len(sources)

    async def _prune(self, call: StepCall, cycle: Cycle) -> Values:
        if self._is_late(cycle):
            return await self._say(call, cycle, "The time was over: nothing was swept.")
        rest = await self._sleeps.find(call.tenant_id, cycle.agent_id, self._clock.now())
        names = await self._namespaces(call.tenant_id, cycle)
        forgetting = SCHEDULES[rest.sleep.state].forgetting
        swept = await self._memory.sweep(key_of(cycle.cycle_id, "sweep"), names, forgetting)
        said = f"{counted(swept.count, 'memory that had faded was', 'memories that had faded were')} swept."
        return await self._say(call, replace(cycle, swept_count=swept.count, sweep_id=swept.sweep_id), said)

    async def _relieve(self, call: StepCall) -> Values:
        cycle = await self._rows.enter(call.connection, call.tenant_id, call.saga_id, call.step)
        if cycle is None:
            raise step_fenced(call.action_key)
        await self._ending.completed(call.connection, call.tenant_id, cycle, call.correlation_id)
        return {}

    async def _undo(self, call: StepCall) -> Values:
        """Undo what is under way, whatever it is, and end the cycle."""
        found = await self._database.run(call.tenant_id, lambda it: self._rows.find(it, call.tenant_id, call.saga_id))
        if found is None or found.state is not CycleState.RUNNING:
            return {}
        said = "" if found.step in call.results else await self._undo_step(call, found)
        await self._ending.undone(call.tenant_id, call.saga_id, said, call.correlation_id)
        return {}

    async def _undo_step(self, call: StepCall, cycle: Cycle) -> str:
        match cycle.step:
            case "consolidate":
                group = await self._database.run(
                    call.tenant_id, lambda it: self._rows.next_group(it, call.tenant_id, call.saga_id)
                )
                over = counted(cycle.group_count, "group that was over stays", "groups that were over stay")
                stays = f"{over} consolidated"
                if group is None or not group.is_sent:
                    return f"{stays}; none was on its way."
                await self._undo_group(call, group)
                return f"{stays}; the one on its way was undone."
            case "recombine":
                count = await self._memory.unguess(key_of(cycle.cycle_id, "hypotheses"), source_of(cycle.cycle_id))
                said = f"{counted(count, 'hypothesis was', 'hypotheses were')} taken back."
                await self._say(call, replace(cycle, hypothesis_count=0), said)
            case "prune":
                count = await self._memory.unsweep(key_of(cycle.cycle_id, "sweep"))
                said = f"{counted(count, 'swept memory was', 'swept memories were')} brought back."
                await self._say(call, replace(cycle, swept_count=0, sweep_id=None), said)
        return ""

    async def _undo_group(self, call: StepCall, group: SentGroup) -> None:
        undone = await self._memory.undo_consolidation(_key(call.saga_id, group))
        await self._database.run(
            call.tenant_id,
            lambda it: self._rows.undo_group(it, call.tenant_id, call.saga_id, group.number, undone.used_tokens),
        )

    async def _namespaces(self, tenant_id: TenantId, cycle: Cycle) -> list[str]:
        newest = await self._sleeps.namespaces((tenant_id, cycle.agent_id))
        own = f"agent:{cycle.agent_id}"
        others = [name for name in newest if name != own]
        return [*others[: MOST_NAMESPACES - 1], own]

    async def _running(self, call: StepCall) -> Cycle:
        """The cycle as it stands. Raises SAGA_STEP_FENCED where somebody stopped it, RESOURCE_NOT_FOUND never."""
        found = await self._database.run(
            call.tenant_id, lambda it: self._rows.enter(it, call.tenant_id, call.saga_id, call.step)
        )
        if found is None:
            raise step_fenced(call.action_key)
        return found

    async def _say(self, call: StepCall, cycle: Cycle, sentence: str) -> Values:
        await self._database.run(call.tenant_id, lambda it: self._rows.say(it, call.tenant_id, cycle, sentence))
        return {}

    def _is_late(self, cycle: Cycle) -> bool:
        return self._clock.now() >= cycle.deadline


def source_of(cycle_id: UUID) -> str:
    """What memory knows as the source of a cycle's hypotheses."""
    return f"sleep-cycle/{cycle_id}"


async def _nothing(_: StepCall) -> Values:
    return {}


def _key(cycle_id: UUID, group: SentGroup) -> UUID:
    """A group that rules do after no model did is another request."""
    return key_of(cycle_id, f"group {group.number} by {'rules' if group.by_rules else 'model'}")


def _consolidated(cycle: Cycle) -> str:
    facts = counted(cycle.fact_count, "fact", "facts")
    said = f"{facts} came of {counted(cycle.group_count, 'group', 'groups')}."
    return f"{said} No model answered, so rules made them." if cycle.model_away else said
