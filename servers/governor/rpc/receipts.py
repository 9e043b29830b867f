"""Serves receipts: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass
from uuid import UUID

from servers.governor.receipts.reading import Receipts
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class ReceiptServicing(governor_grpc.GovernorServiceServicer):
    """The receipts of `soma.governor.v1.GovernorService`."""

    receipts: Receipts

    async def GetReceipt(  # noqa: N802 - the contract's name
        self, request: governor_pb.GetReceiptRequest, _: object
    ) -> governor_pb.GetReceiptResponse:
        """One receipt."""
        found = await self.receipts.get(current_call().caller, UUID(request.receipt_id))
        return governor_pb.GetReceiptResponse(receipt=receipt_pb.Receipt.FromString(found))
