"""What a sleep cycle asks of memory: each change under a key of the cycle, so that it is had once and can be undone.

Which calls are made, and when, is decided in `cycle_saga.py`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.cognitive.domain.grouping import Replayed
from servers.cognitive.domain.recombining import IMPORTANCE, Hypothesis
from servers.cognitive.sleeping.cycle_rows import SentGroup
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.step_mark import Purpose, StepMark, marking

# Who makes these calls; memory makes the ids of its consolidations and sweeps of it.
_SELF: Final = "service:cognitive"


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep; without an id nothing was swept."""

    sweep_id: UUID | None
    count: int


class CycleMemory:
    """The calls; each raises what memory raises, and DEPENDENCY_DOWN or DEADLINE_EXCEEDED where it is away."""

    def __init__(self, memory: MemoryServiceStub) -> None:
        self._memory = memory

    async def replay(self, namespaces: Sequence[str], most: int) -> list[Replayed]:
        """The most important memories of these namespaces."""
        request = upkeep_pb.ReplayMemoriesRequest(namespaces=namespaces, max_memories=most)
        return _replayed(await self._memory.ReplayMemories(request))

    async def again(self, memory_ids: Sequence[UUID]) -> list[Replayed]:
        """These, as far as they can still be seen or rest in a fact."""
        if not memory_ids:
            return []
        request = upkeep_pb.ReplayMemoriesRequest(memory_ids=[str(each) for each in memory_ids])
        return _replayed(await self._memory.ReplayMemories(request))

    async def consolidate(self, key: UUID, group: SentGroup, timeout_seconds: float) -> upkeep_pb.Consolidation:
        """A group's consolidation, which may still run."""
        request = upkeep_pb.ConsolidateRequest(
            namespace=group.namespace,
            max_sources=len(group.memory_ids),
            memory_ids=[str(each) for each in group.memory_ids],
            use_model=not group.by_rules,
            token_budget=group.token_budget,
            request_id=str(key),
        )
        with _doing(key):
            answer: upkeep_pb.ConsolidateResponse = await self._memory.Consolidate(request, timeout=timeout_seconds)
        return answer.consolidation

    async def undo_consolidation(self, key: UUID) -> upkeep_pb.Consolidation:
        """Stop it, or take it back; an empty one where memory never heard of it, and will not."""
        request = upkeep_pb.RollbackConsolidationRequest(
            consolidation_id=str(uuid5(key, _SELF)), stop_running=True, request_id=str(uuid5(key, "undo"))
        )
        try:
            with _undoing(key):
                answer: upkeep_pb.RollbackConsolidationResponse = await self._memory.RollbackConsolidation(request)
        except SomaError as problem:
            if problem.reason is not Reason.RESOURCE_NOT_FOUND:
                raise
            return upkeep_pb.Consolidation()
        return answer.consolidation

    async def guess(self, key: UUID, source_id: str, hypotheses: Sequence[Hypothesis]) -> int | None:
        """Store hypotheses in one transaction; how many. None where an earlier try stored others."""
        request = service_pb.BatchStoreMemoriesRequest(
            memories=[_hypothesis(each, source_id) for each in hypotheses], request_id=str(key)
        )
        try:
            with _doing(key):
                answer: service_pb.BatchStoreMemoriesResponse = await self._memory.BatchStoreMemories(request)
        except SomaError as problem:
            if problem.reason is not Reason.REQUEST_ID_REUSED:
                raise
            # What they were made of has changed since.
            return None
        return answer.stored_count

    async def unguess(self, key: UUID, source_id: str) -> int:
        """Forget the hypotheses of this source; how many there were."""
        request = service_pb.DeleteBySourceRequest(source_id=source_id, ended=True, request_id=str(uuid5(key, "undo")))
        with _undoing(key):
            answer: service_pb.DeleteBySourceResponse = await self._memory.DeleteBySource(request)
        return answer.forgotten_count

    async def sweep(self, key: UUID, namespaces: Sequence[str], decay_factor: float) -> Swept:
        """Sweep what faded, with so much of the usual decay."""
        request = upkeep_pb.SweepMemoriesRequest(namespaces=namespaces, decay_factor=decay_factor, request_id=str(key))
        with _doing(key):
            answer: upkeep_pb.SweepMemoriesResponse = await self._memory.SweepMemories(request)
        return Swept(UUID(answer.sweep_id) if answer.sweep_id else None, answer.swept_count)

    async def unsweep(self, key: UUID) -> int:
        """Bring back what was swept; how many memories."""
        request = upkeep_pb.RestoreSweepRequest(sweep_id=str(uuid5(key, _SELF)), request_id=str(uuid5(key, "undo")))
        try:
            with _undoing(key):
                answer: upkeep_pb.RestoreSweepResponse = await self._memory.RestoreSweep(request)
        except SomaError as problem:
            if problem.reason is not Reason.RESOURCE_NOT_FOUND:
                raise
            return 0
        return answer.restored_count


def _doing(key: UUID) -> AbstractContextManager[None]:
    return marking(StepMark(key, Purpose.ACT))


def _undoing(key: UUID) -> AbstractContextManager[None]:
    return marking(StepMark(key, Purpose.UNDO_IF_DONE))


def _replayed(answer: upkeep_pb.ReplayMemoriesResponse) -> list[Replayed]:
    return [
        Replayed(
            memory_id=UUID(it.memory_id),
            namespace=it.namespace,
            owner_sub=it.owner_sub,
            conversation_id=it.conversation_id,
            text=it.text,
            subject=it.subject,
            coordinate=it.coordinate,
            trust=it.trust,
        )
        for it in answer.memories
    ]


def _hypothesis(it: Hypothesis, source_id: str) -> service_pb.NewMemory:
    return service_pb.NewMemory(
        namespace=it.namespace,
        kind=memory_pb.MEMORY_KIND_HYPOTHESIS,
        text=it.text,
        source_class=memory_pb.SOURCE_CLASS_MODEL_INFERRED,
        source_id=source_id,
        trust=it.trust,
        importance=IMPORTANCE,
        derived_from=[str(each) for each in it.derived_from],
    )
