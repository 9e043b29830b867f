"""Serves what keeps, changes and deletes memories: messages in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from servers.memory.decoding.memories import storing_of
from servers.memory.decoding.revisions import correction_of, update_of
from servers.memory.domain.memory import Memory
from servers.memory.domain.sources import SourceRef
from servers.memory.encoding.memories import memory_message, stamp
from servers.memory.storing.forgetting import Forgetter, Forgotten
from servers.memory.storing.memories import Memories, Stored, Storing
from servers.memory.storing.revising import Revisions
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class StoringServicing(service_grpc.MemoryServiceServicer):
    """What keeps, changes and deletes memories, of `soma.memory.v1.MemoryService`."""

    memories: Memories
    revisions: Revisions
    forgetter: Forgetter
    clock: Clock
    ids: Ids

    async def StoreMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.StoreMemoryRequest, _: Any
    ) -> service_pb.StoreMemoryResponse:
        """Keep a memory durably."""
        caller = current_call().caller
        storing = storing_of(request, caller, self.ids.uuid7(), self.clock.now())
        return await self.memories.keep(caller, storing, _stored)

    async def BatchStoreMemories(  # noqa: N802 - the contract's name
        self, request: service_pb.BatchStoreMemoriesRequest, _: Any
    ) -> service_pb.BatchStoreMemoriesResponse:
        """Keep many memories in one transaction."""
        wanted = [self._storing(each) for each in request.memories]
        return await self.memories.keep_many(current_call().caller, wanted, _batch)

    async def UpdateMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.UpdateMemoryRequest, _: Any
    ) -> service_pb.UpdateMemoryResponse:
        """Change a memory; what it was stays as a version."""
        changing = update_of(request, self.clock.now())
        return await self.revisions.update(current_call().caller, changing, _updated)

    async def CorrectMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.CorrectMemoryRequest, _: Any
    ) -> service_pb.CorrectMemoryResponse:
        """Say what is true instead."""
        caller = current_call().caller
        changing = correction_of(request, caller, self.ids.uuid7(), self.clock.now())
        return await self.revisions.correct(caller, changing, _corrected)

    async def DeleteMemory(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteMemoryRequest, _: Any
    ) -> service_pb.DeleteMemoryResponse:
        """Delete one memory for good."""
        return await self.memories.forget(current_call().caller, UUID(request.memory_id), _deleted)

    async def DeleteBySource(  # noqa: N802 - the contract's name
        self, request: service_pb.DeleteBySourceRequest, _: Any
    ) -> service_pb.DeleteBySourceResponse:
        """Forget what was learned from a source."""
        caller, request_id = current_call().caller, UUID(request.request_id)
        return await self.forgetter.forget(caller, _source(request), request.ended, request_id, _forgotten)

    def _storing(self, one: service_pb.NewMemory) -> Storing | str:
        try:
            return storing_of(one, current_call().caller, self.ids.uuid7(), self.clock.now())
        except SomaError as error:
            return error.sentence


def _stored(memory: Memory, duplicate: bool, replaced: Sequence[UUID]) -> service_pb.StoreMemoryResponse:
    return service_pb.StoreMemoryResponse(
        memory=memory_message(memory), duplicate=duplicate, superseded_ids=[str(each) for each in replaced]
    )


def _batch(results: Sequence[Stored]) -> service_pb.BatchStoreMemoriesResponse:
    return service_pb.BatchStoreMemoriesResponse(
        results=[_result(each) for each in results],
        stored_count=sum(not each.refused and not each.duplicate for each in results),
        duplicate_count=sum(each.duplicate for each in results),
        refused_count=sum(bool(each.refused) for each in results),
    )


def _result(stored: Stored) -> service_pb.BatchStoreResult:
    if stored.refused:
        return service_pb.BatchStoreResult(refused=stored.refused)
    if stored.duplicate:
        return service_pb.BatchStoreResult(duplicate_of=str(stored.memory_id))
    return service_pb.BatchStoreResult(memory_id=str(stored.memory_id))


def _updated(memory: Memory) -> service_pb.UpdateMemoryResponse:
    return service_pb.UpdateMemoryResponse(memory=memory_message(memory))


def _corrected(memory: Memory, superseded: Memory) -> service_pb.CorrectMemoryResponse:
    return service_pb.CorrectMemoryResponse(memory=memory_message(memory), superseded=memory_message(superseded))


def _deleted(moment: datetime) -> service_pb.DeleteMemoryResponse:
    return service_pb.DeleteMemoryResponse(delete_time=stamp(moment))


def _forgotten(done: Forgotten) -> service_pb.DeleteBySourceResponse:
    return service_pb.DeleteBySourceResponse(
        forgotten_count=done.forgotten, kept_count=done.kept, delete_time=stamp(done.time)
    )


def _source(request: service_pb.DeleteBySourceRequest) -> SourceRef:
    if request.WhichOneof("source") == "conversation_id":
        return SourceRef(conversation_id=UUID(request.conversation_id))
    return SourceRef(source_id=request.source_id)
