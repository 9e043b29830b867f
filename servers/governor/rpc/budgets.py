"""Serves budgets: messages in, values out.

Nothing is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from servers.governor.decoding.budgets import budget_change, budget_filter, subject_of
from servers.governor.domain.ledger import BudgetState
from servers.governor.encoding.budgets import budget_message, budget_messages
from servers.governor.ledger.budget_store import BudgetKey
from servers.governor.ledger.budgets import Budgets
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call

_PAGE_SIZE: Final = 100


@dataclass(frozen=True, kw_only=True)
class BudgetServicing(governor_grpc.GovernorServiceServicer):
    """The budgets of `soma.governor.v1.GovernorService`."""

    budgets: Budgets
    clock: Clock

    async def GetBudget(  # noqa: N802 - the contract's name
        self, request: governor_pb.GetBudgetRequest, _: object
    ) -> governor_pb.GetBudgetResponse:
        """The budgets that apply to the caller."""
        caller = current_call().caller
        view = await self.budgets.get(caller.tenant_id, subject_of(caller.sub, request))
        budgets = budget_messages(view.budgets, view.open_holds, self.clock.now())
        return governor_pb.GetBudgetResponse(budgets=budgets)

    async def ListBudgets(  # noqa: N802 - the contract's name
        self, request: governor_pb.ListBudgetsRequest, _: object
    ) -> governor_pb.ListBudgetsResponse:
        """All budgets of the tenant that have a limit."""
        size, wanted = request.page_size or _PAGE_SIZE, budget_filter(request)
        filters = {"scope": wanted.scope, "scope_id": wanted.scope_id}
        after = _place(page_of(size, request.page_token, filters))
        view = await self.budgets.list(current_call().caller.tenant_id, wanted, after, size + 1)
        shown = view.budgets[:size]
        answer = governor_pb.ListBudgetsResponse(budgets=budget_messages(shown, view.open_holds, self.clock.now()))
        if len(view.budgets) > size:
            last = shown[-1]
            answer.next_page_token = next_page_token(BudgetKey(last.scope, last.scope_id, last.period).place, filters)
        return answer

    async def SetBudget(  # noqa: N802 - the contract's name
        self, request: governor_pb.SetBudgetRequest, _: object
    ) -> governor_pb.SetBudgetResponse:
        """Set a budget's limits."""
        answer = await self.budgets.set(current_call(), budget_change(request), self._budget_set())
        return cast(governor_pb.SetBudgetResponse, answer)

    def _budget_set(self) -> Callable[[BudgetState, int], governor_pb.SetBudgetResponse]:
        def reply(budget: BudgetState, open_holds: int) -> governor_pb.SetBudgetResponse:
            message = budget_message(budget, open_holds, self.clock.now())
            return governor_pb.SetBudgetResponse(budget=message)

        return reply


def _place(page: Page) -> tuple[int, str, str] | None:
    """Where the page before ended. Raises INVALID_FIELD."""
    match page.after:
        case None:
            return None
        case (int() as place, str() as scope_id, str() as period):
            return place, scope_id, period
        case _:
            raise unreadable_token()
