"""Serves the rebuild of the index of vectors: messages in, progress out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from servers.memory.embedders.port import EmbedderDownError
from servers.memory.vectors.port import VectorsDownError
from servers.memory.vectors.rebuilding import IndexRebuilder, Progress
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import current_call

_RETRY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class IndexServicing(service_grpc.MemoryServiceServicer):
    """The rebuild of `soma.memory.v1.MemoryService`."""

    rebuilder: IndexRebuilder

    async def RebuildIndex(  # noqa: N802 - the contract's name
        self, request: transfer_pb.RebuildIndexRequest, _: Any
    ) -> AsyncIterator[transfer_pb.RebuildIndexResponse]:
        """Compare the index of the caller's tenant with its memories, and repair it. To repeat it does no harm."""
        try:
            async for progress in self.rebuilder.rebuild(current_call().caller.tenant_id, dry_run=request.dry_run):
                yield _message(progress)
        except (VectorsDownError, EmbedderDownError) as problem:
            metadata = {"dependency": "the index of vectors"}
            raise SomaError(Reason.DEPENDENCY_DOWN, metadata, retry_after_seconds=_RETRY_SECONDS) from problem


def _message(progress: Progress) -> transfer_pb.RebuildIndexResponse:
    return transfer_pb.RebuildIndexResponse(
        total_count=progress.total,
        compared_count=progress.compared,
        missing_count=progress.missing,
        surplus_count=progress.surplus,
        done=progress.done,
        equal=progress.equal,
    )
