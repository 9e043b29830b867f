"""Serves receipts: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from servers.governor.domain.differences import differences
from servers.governor.encoding.listing import difference_message, summary
from servers.governor.receipts.reading import Receipts
from servers.governor.receipts.store import Place, Wanted
from servers.governor.receipts.wording import wording
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class ReceiptServicing(governor_grpc.GovernorServiceServicer):
    """The receipts of `soma.governor.v1.GovernorService`."""

    receipts: Receipts

    async def GetReceipt(  # noqa: N802 - the contract's name
        self, request: governor_pb.GetReceiptRequest, _: object
    ) -> governor_pb.GetReceiptResponse:
        """One receipt."""
        return governor_pb.GetReceiptResponse(receipt=await self._receipt(request.receipt_id))

    async def ListReceipts(  # noqa: N802
        self, request: governor_pb.ListReceiptsRequest, _: object
    ) -> governor_pb.ListReceiptsResponse:
        """Receipts, the newest first."""
        filters = {
            "conversation": request.conversation_id,
            "agent": request.agent_id,
            "model": request.model,
            "level": request.level,
            "from": request.from_time.ToJsonString() if request.HasField("from_time") else "",
            "to": request.to_time.ToJsonString() if request.HasField("to_time") else "",
        }
        page = page_of(request.page_size, request.page_token, filters)
        found = await self.receipts.list(current_call().caller, _wanted(request), _place(page), page.size + 1)
        answer = governor_pb.ListReceiptsResponse(
            receipts=[summary(receipt_pb.Receipt.FromString(each.receipt)) for each in found[: page.size]]
        )
        if len(found) > page.size:
            last = found[page.size - 1].place
            answer.next_page_token = next_page_token((last.plan_time.isoformat(), str(last.receipt_id)), filters)
        return answer

    async def DiffReceipts(  # noqa: N802
        self, request: governor_pb.DiffReceiptsRequest, _: object
    ) -> governor_pb.DiffReceiptsResponse:
        """In what two receipts differ."""
        first, second = await self._receipt(request.receipt_id), await self._receipt(request.other_receipt_id)
        found = differences(wording(first), wording(second))
        return governor_pb.DiffReceiptsResponse(differences=map(difference_message, found))

    async def _receipt(self, identifier: str) -> receipt_pb.Receipt:
        return receipt_pb.Receipt.FromString(await self.receipts.get(current_call().caller, UUID(identifier)))


def _wanted(request: governor_pb.ListReceiptsRequest) -> Wanted:
    return Wanted(
        conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
        agent_id=UUID(request.agent_id) if request.agent_id else None,
        model=request.model,
        level=request.level,
        from_time=_moment("from_time", request.from_time) if request.HasField("from_time") else None,
        to_time=_moment("to_time", request.to_time) if request.HasField("to_time") else None,
    )


def _moment(field: str, stamp: Timestamp) -> datetime:
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(field, "it must lie in the years 1 to 9999") from None


def _place(page: Page) -> Place | None:
    match page.after:
        case None:
            return None
        case (str(plan_time), str(receipt_id)):
            try:
                return Place(datetime.fromisoformat(plan_time), UUID(receipt_id))
            except ValueError:
                raise unreadable_token() from None
    raise unreadable_token()
