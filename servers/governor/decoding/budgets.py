"""Messages on budgets as values.

Nothing is checked here that the contract's own rules check before a call arrives.
"""

from typing import Final

from servers.governor.domain.periods import Period
from soma.governor.v1 import budget_pb2 as budget_pb

_PERIODS: Final = {
    budget_pb.BUDGET_PERIOD_DAY: Period.DAY,
    budget_pb.BUDGET_PERIOD_MONTH: Period.MONTH,
    budget_pb.BUDGET_PERIOD_TOTAL: Period.TOTAL,
}


def period(value: budget_pb.BudgetPeriod.ValueType) -> Period:
    """The period of a budget."""
    return _PERIODS[value]
