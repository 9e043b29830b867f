"""Serves budgets: messages in, values out.

Nothing is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from servers.governor.decoding.budgets import period
from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.encoding.budgets import budget_message, budget_messages
from servers.governor.ledger.budgets import Budgets
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.clock import Clock
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class BudgetServicing(governor_grpc.GovernorServiceServicer):
    """The budgets of `soma.governor.v1.GovernorService`."""

    budgets: Budgets
    clock: Clock

    async def GetBudget(  # noqa: N802 - the contract's name
        self, _request: governor_pb.GetBudgetRequest, _: object
    ) -> governor_pb.GetBudgetResponse:
        """The tenant's budgets."""
        view = await self.budgets.get(current_call().caller.tenant_id)
        budgets = budget_messages(view.budgets, view.open_holds, self.clock.now())
        return governor_pb.GetBudgetResponse(budgets=budgets)

    async def SetBudget(  # noqa: N802 - the contract's name
        self, request: governor_pb.SetBudgetRequest, _: object
    ) -> governor_pb.SetBudgetResponse:
        """Set a budget's limits."""
        limit = Amount(request.limit_tokens, request.limit_micros)
        answer = await self.budgets.set(current_call(), period(request.period), limit, request.hard, self._budget_set())
        return cast(governor_pb.SetBudgetResponse, answer)

    def _budget_set(self) -> Callable[[BudgetState, int], governor_pb.SetBudgetResponse]:
        def reply(budget: BudgetState, open_holds: int) -> governor_pb.SetBudgetResponse:
            message = budget_message(budget, open_holds, self.clock.now())
            return governor_pb.SetBudgetResponse(budget=message)

        return reply
