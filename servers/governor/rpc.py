"""Servicer of the governor: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast
from uuid import UUID

from servers.governor import decoding, encoding
from servers.governor.budgets import Budgets
from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.holding import Holding
from servers.governor.planning import Planning
from servers.governor.receipts import Receipts
from servers.governor.settlement import SettleEncoder, Settlement
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.clock import Clock
from soma_common.rpc.call import current_call


@dataclass(frozen=True, slots=True)
class GovernorServicer(governor_grpc.GovernorServiceServicer):
    """`soma.governor.v1.GovernorService`."""

    planning: Planning
    holding: Holding
    settlement: Settlement
    receipts: Receipts
    budgets: Budgets
    clock: Clock

    async def PlanTurn(  # noqa: N802 - the contract's name
        self, request: governor_pb.PlanTurnRequest, _: object
    ) -> governor_pb.PlanTurnResponse:
        """Plan a turn."""
        order = decoding.plan_order(request)
        answer = await self.planning.plan_turn(current_call(), order, partial(encoding.plan_messages, request))
        return governor_pb.PlanTurnResponse.FromString(answer)

    async def HoldLeg(  # noqa: N802 - the contract's name
        self, request: governor_pb.HoldLegRequest, _: object
    ) -> governor_pb.HoldLegResponse:
        """Hold a further model call."""
        hold = await self.holding.hold_leg(
            current_call().caller.tenant_id,
            decoding.owner(request),
            request.leg,
            decoding.leg_need(request),
            decoding.timeout_seconds(request.timeout_seconds),
        )
        return governor_pb.HoldLegResponse(hold=encoding.hold_message(hold))

    async def SettleTurn(  # noqa: N802 - the contract's name
        self, request: governor_pb.SettleTurnRequest, _: object
    ) -> governor_pb.SettleTurnResponse:
        """Settle what was used."""
        encode = SettleEncoder(partial(encoding.settled_receipt, request), encoding.settle_response)
        settled = await self.settlement.settle_turn(current_call(), decoding.settle_order(request), encode)
        return cast(governor_pb.SettleTurnResponse, settled)

    async def GetReceipt(  # noqa: N802 - the contract's name
        self, request: governor_pb.GetReceiptRequest, _: object
    ) -> governor_pb.GetReceiptResponse:
        """One receipt."""
        found = await self.receipts.get(current_call().caller, UUID(request.receipt_id))
        return governor_pb.GetReceiptResponse(receipt=receipt_pb.Receipt.FromString(found))

    async def GetBudget(  # noqa: N802 - the contract's name
        self, _request: governor_pb.GetBudgetRequest, _: object
    ) -> governor_pb.GetBudgetResponse:
        """The tenant's budgets."""
        view = await self.budgets.get(current_call().caller.tenant_id)
        budgets = encoding.budget_messages(view.budgets, view.open_holds, self.clock.now())
        return governor_pb.GetBudgetResponse(budgets=budgets)

    async def SetBudget(  # noqa: N802 - the contract's name
        self, request: governor_pb.SetBudgetRequest, _: object
    ) -> governor_pb.SetBudgetResponse:
        """Set a budget's limits."""
        limit = Amount(request.limit_tokens, request.limit_micros)
        answer = await self.budgets.set(
            current_call(), decoding.period(request.period), limit, request.hard, self._budget_set()
        )
        return cast(governor_pb.SetBudgetResponse, answer)

    def _budget_set(self) -> Callable[[BudgetState, int], governor_pb.SetBudgetResponse]:
        def reply(budget: BudgetState, open_holds: int) -> governor_pb.SetBudgetResponse:
            message = encoding.budget_message(budget, open_holds, self.clock.now())
            return governor_pb.SetBudgetResponse(budget=message)

        return reply
