"""Serves the erasure of persons: messages in, values out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.encoding.memories import stamp
from servers.memory.erasure.forgetting import Subjects
from servers.memory.erasure.rows import Erasure
from soma.memory.v1 import erasure_pb2 as erasure_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class ErasureServicing(service_grpc.MemoryServiceServicer):
    """The erasures of `soma.memory.v1.MemoryService`."""

    subjects: Subjects

    async def ForgetSubject(  # noqa: N802 - the contract's name
        self, request: erasure_pb.ForgetSubjectRequest, _: Any
    ) -> erasure_pb.ForgetSubjectResponse:
        """Erase a person everywhere."""
        erasure = await self.subjects.forget(
            current_call().caller, request.sub, request.confirm_sub, UUID(request.request_id)
        )
        return erasure_pb.ForgetSubjectResponse(erasure=_message(erasure))

    async def GetErasure(  # noqa: N802 - the contract's name
        self, request: erasure_pb.GetErasureRequest, _: Any
    ) -> erasure_pb.GetErasureResponse:
        """How far an erasure is."""
        erasure = await self.subjects.get(current_call().caller, UUID(request.erasure_id))
        return erasure_pb.GetErasureResponse(erasure=_message(erasure))


def _message(erasure: Erasure) -> erasure_pb.Erasure:
    message = erasure_pb.Erasure(
        erasure_id=str(erasure.erasure_id),
        sub=erasure.sub or "",
        done=erasure.end_time is not None,
        start_time=stamp(erasure.start_time),
        stores=erasure.stores,
    )
    if erasure.end_time is not None:
        message.end_time.CopyFrom(stamp(erasure.end_time))
    return message
