"""Serves holds and settlements: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass
from functools import partial
from typing import cast

from servers.governor.decoding.calls import timeout_seconds
from servers.governor.decoding.ledger import leg_need, owner, release_order, settle_order
from servers.governor.encoding.plans import hold_message
from servers.governor.encoding.receipts import settle_response, settled_receipt
from servers.governor.ledger.holding import Holding
from servers.governor.ledger.releasing import Releasing
from servers.governor.ledger.settlement import SettleEncoder, Settlement
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class LedgerServicing(governor_grpc.GovernorServiceServicer):
    """The holds and settlements of `soma.governor.v1.GovernorService`."""

    holding: Holding
    releasing: Releasing
    settlement: Settlement

    async def HoldLeg(  # noqa: N802 - the contract's name
        self, request: governor_pb.HoldLegRequest, _: object
    ) -> governor_pb.HoldLegResponse:
        """Hold a further model call."""
        hold = await self.holding.hold_leg(
            current_call().caller,
            owner(request),
            request.leg,
            leg_need(request),
            timeout_seconds(request.timeout_seconds),
        )
        return governor_pb.HoldLegResponse(hold=hold_message(hold))

    async def ReleaseReservation(  # noqa: N802 - the contract's name
        self, request: governor_pb.ReleaseReservationRequest, _: object
    ) -> governor_pb.ReleaseReservationResponse:
        """Book what was used so far, and give back the rest."""
        released = await self.releasing.release(current_call().caller.tenant_id, release_order(request))
        return governor_pb.ReleaseReservationResponse(
            released_tokens=released.held_tokens, booked_tokens=released.booked_tokens
        )

    async def SettleTurn(  # noqa: N802 - the contract's name
        self, request: governor_pb.SettleTurnRequest, _: object
    ) -> governor_pb.SettleTurnResponse:
        """Settle what was used."""
        encode = SettleEncoder(partial(settled_receipt, request), settle_response)
        settled = await self.settlement.settle_turn(current_call(), settle_order(request), encode)
        return cast(governor_pb.SettleTurnResponse, settled)
