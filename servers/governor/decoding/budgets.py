"""Messages on budgets as values.

Nothing is checked here that the contract's own rules check before a call arrives.
"""

from typing import Final
from uuid import UUID

from servers.governor.domain.ledger import Amount
from servers.governor.domain.periods import Period
from servers.governor.domain.scopes import Scope, Subject
from servers.governor.ledger.budget_store import BudgetFilter, BudgetKey
from servers.governor.ledger.budgets import BudgetChange
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import invalid_field

_PERIODS: Final = {
    budget_pb.BUDGET_PERIOD_TURN: Period.TURN,
    budget_pb.BUDGET_PERIOD_DAY: Period.DAY,
    budget_pb.BUDGET_PERIOD_MONTH: Period.MONTH,
    budget_pb.BUDGET_PERIOD_TOTAL: Period.TOTAL,
}
_SCOPES: Final = {
    budget_pb.BUDGET_SCOPE_TENANT: Scope.TENANT,
    budget_pb.BUDGET_SCOPE_USER: Scope.USER,
    budget_pb.BUDGET_SCOPE_AGENT: Scope.AGENT,
    budget_pb.BUDGET_SCOPE_CONVERSATION: Scope.CONVERSATION,
}


def subject_of(sub: str, request: governor_pb.GetBudgetRequest) -> Subject:
    """For whom the budgets are asked."""
    agent, conversation = request.agent_id, request.conversation_id
    return Subject(sub, UUID(agent) if agent else None, UUID(conversation) if conversation else None)


def budget_filter(request: governor_pb.ListBudgetsRequest) -> BudgetFilter:
    """Which budgets are listed."""
    scope = _SCOPES.get(request.scope)
    return BudgetFilter(scope, _scope_id(scope, request.scope_id) or None)


def budget_change(request: governor_pb.SetBudgetRequest) -> BudgetChange:
    """New limits. Raises INVALID_FIELD for an id that nobody of the scope can have."""
    scope = _SCOPES.get(request.scope, Scope.TENANT)
    if scope is Scope.TENANT and request.scope_id:
        raise invalid_field("scope_id", "the tenant has one budget a period; leave it empty")
    key = BudgetKey(scope, _scope_id(scope, request.scope_id), _PERIODS[request.period])
    return BudgetChange(key, Amount(request.limit_tokens, request.limit_micros), request.hard)


def _scope_id(scope: Scope | None, value: str) -> str:
    """The id as the ledger has it."""
    if scope not in (Scope.AGENT, Scope.CONVERSATION) or not value:
        return value
    try:
        return str(UUID(value))
    except ValueError:
        raise invalid_field("scope_id", "agents and conversations have UUIDs") from None
