"""Budgets as messages.

Nothing here counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.periods import Period, period_end
from servers.governor.domain.scopes import Scope
from servers.governor.encoding.moments import timestamp
from soma.governor.v1 import budget_pb2 as budget_pb

_PERIODS: Final = {
    Period.TURN: budget_pb.BUDGET_PERIOD_TURN,
    Period.DAY: budget_pb.BUDGET_PERIOD_DAY,
    Period.MONTH: budget_pb.BUDGET_PERIOD_MONTH,
    Period.TOTAL: budget_pb.BUDGET_PERIOD_TOTAL,
}

_SCOPES: Final = {
    Scope.TENANT: budget_pb.BUDGET_SCOPE_TENANT,
    Scope.USER: budget_pb.BUDGET_SCOPE_USER,
    Scope.AGENT: budget_pb.BUDGET_SCOPE_AGENT,
    Scope.CONVERSATION: budget_pb.BUDGET_SCOPE_CONVERSATION,
}


def budget_messages(budgets: Iterable[BudgetState], open_holds: int, now: datetime) -> list[budget_pb.Budget]:
    """The budgets that limit something."""
    return [budget_message(budget, open_holds, now) for budget in budgets if budget.limited]


def budget_message(budget: BudgetState, open_holds: int, now: datetime) -> budget_pb.Budget:
    """A budget with its counters."""
    end = period_end(budget.period, now)
    return budget_pb.Budget(
        period=_PERIODS[budget.period],
        limit_tokens=budget.limit.tokens,
        limit_micros=budget.limit.micros,
        hard=budget.hard,
        used_tokens=budget.used.tokens,
        used_micros=budget.used.micros,
        held_tokens=budget.held.tokens,
        held_micros=budget.held.micros,
        debt_tokens=budget.debt.tokens,
        reset_time=None if end is None else timestamp(end),
        open_holds=open_holds,
        scope=_SCOPES[budget.scope],
        scope_id=budget.scope_id,
        debt_micros=budget.debt.micros,
    )
