"""Use case: make a tenant, that is, start its saga, wait for the end, and gather what it made.

What is done step by step stands in `provisioning.py`.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from servers.control.api_keys import ApiKeys
from servers.control.domain.keys import ApiKey, checked_sub
from servers.control.domain.tenants import DEFAULT_AGENT, DEFAULT_OWNER, Tenant, name_taken, tenant_of_request
from servers.control.provisioning import NAME, Peers, TenantOrder, input_of
from servers.control.tenant_store import TenantStore
from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId, default_agent_id, service_caller
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as, current_call
from soma_common.sagas.models import Saga, Status
from soma_common.sagas.orchestrator import SagaOrchestrator

_LONGEST_WAIT_SECONDS: Final = 60.0
# What is left of a deadline for telling that it was not enough, or for gathering the answer.
_MARGIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class MadeTenant:
    """A new tenant with all it begins with; `key` is the text of its first key."""

    tenant: Tenant
    budget: budget_pb.Budget
    agent: agent_pb.Agent
    api_key: ApiKey
    key: str
    saga_id: UUID


class TenantMaking:
    """Makes tenants, managed by that of the caller."""

    def __init__(
        self, database: Database, store: TenantStore, keys: ApiKeys, sagas: SagaOrchestrator, peers: Peers
    ) -> None:
        self._database = database
        self._store = store
        self._keys = keys
        self._sagas = sagas
        self._peers = peers

    async def make(self, caller: Caller, order: TenantOrder, request_id: UUID) -> MadeTenant:
        """Make a tenant, once for each `request_id`, which is the id of the saga.

        Raises INVALID_FIELD for a name that is taken, SAGA_RUNNING when the deadline is near, SAGA_FAILED,
        REQUEST_ID_REUSED.
        """
        order = _complete(order)
        tenant_id = tenant_of_request(request_id)
        await self._demand_free(caller, order.name, tenant_id)
        correlation_id = current_call().correlation_id
        await self._sagas.start_saga(
            caller.tenant_id, caller, NAME, input_of(tenant_id, order), request_id, correlation_id=correlation_id
        )
        await self._finished(caller.tenant_id, request_id)
        return await self._gathered(caller, tenant_id, order, request_id)

    async def _demand_free(self, caller: Caller, name: str, tenant_id: TenantId) -> None:
        """A saga would find it out too, but later; the tenant of an earlier call with this request_id may have it."""
        async with self._database.transaction(caller.tenant_id) as connection:
            if await self._store.id_of(connection, name, caller.tenant_id) not in (None, tenant_id):
                raise name_taken()

    async def _finished(self, tenant_id: TenantId, saga_id: UUID) -> None:
        left = current_call().remaining_seconds()
        wait = _LONGEST_WAIT_SECONDS if left is None else min(_LONGEST_WAIT_SECONDS, left - _MARGIN_SECONDS)
        try:
            saga = await self._sagas.finished(tenant_id, saga_id, max(0.0, wait))
        except SomaError as error:
            if error.reason is Reason.DEADLINE_EXCEEDED:
                raise SomaError(Reason.SAGA_RUNNING, {"saga_id": str(saga_id)}) from None
            raise
        if saga.status is not Status.COMPLETED:
            raise _failed(saga)

    async def _gathered(self, caller: Caller, tenant_id: TenantId, order: TenantOrder, request_id: UUID) -> MadeTenant:
        async with self._database.transaction(caller.tenant_id) as connection:
            tenant = await self._store.find(connection, tenant_id)
        key, text = await self._keys.first(tenant_id, request_id)
        with acting_as(service_caller("control", tenant_id), current_call().correlation_id):
            budgets = (await self._peers.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
            asked = agent_pb.GetAgentRequest(agent_id=str(default_agent_id(tenant_id)))
            agent = (await self._peers.chat.GetAgent(asked)).agent
        budget = next((it for it in budgets if it.period == order.budget.period), order.budget)
        return MadeTenant(tenant, budget, agent, key, text, request_id)


def _complete(order: TenantOrder) -> TenantOrder:
    """The order with what was not said."""
    return replace(
        order,
        display_name=order.display_name.strip() or order.name,
        owner_sub=checked_sub(order.owner_sub or DEFAULT_OWNER, "owner_sub"),
        agent_name=order.agent_name.strip() or DEFAULT_AGENT,
    )


def _failed(saga: Saga) -> SomaError:
    undone = saga.status is Status.COMPENSATED
    outcome = (
        "all it had done was undone, so ask again with a new request_id"
        if undone
        else "it is stuck, so an operator has to resume it; then ask again with the same request_id"
    )
    return SomaError(
        Reason.SAGA_FAILED, {"saga_id": str(saga.saga_id), "problem": saga.error_reason, "outcome": outcome}
    )
