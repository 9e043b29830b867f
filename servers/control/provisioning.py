"""The saga `tenant.provision`: tenant, owner, budget, default agent and first key, one after the other, or none of it.

Who asks for it, and what is answered, stands in `tenant_making.py`.
"""

from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from servers.control.api_keys import ApiKeys
from servers.control.domain.tenants import name_taken
from servers.control.tenant_store import TenantStore
from servers.control.tenants import told
from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId, default_agent_id, service_caller
from soma_common.rpc.call import acting_as
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall, Values

NAME: Final = "tenant.provision"
# A service that is away is waited for as long as the whole may take.
_PATIENT: Final = 200
_CALL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class TenantOrder:
    """A tenant as it was asked for, complete."""

    name: str
    display_name: str
    owner_sub: str
    agent_name: str
    period: int
    limit_tokens: int
    limit_micros: int
    hard: bool

    @property
    def budget(self) -> budget_pb.Budget:
        """Its budget."""
        return budget_pb.Budget(
            period=cast("budget_pb.BudgetPeriod.ValueType", self.period),
            limit_tokens=self.limit_tokens,
            limit_micros=self.limit_micros,
            hard=self.hard,
        )


@dataclass(frozen=True, slots=True)
class Peers:
    """The services that have a part in it."""

    governor: GovernorServiceStub
    chat: AgentServiceStub


class Provisioning:
    """The steps. `usual` is the budget that a tenant has here before anybody sets one: what undoing goes back to."""

    def __init__(
        self, store: TenantStore, keys: ApiKeys, events: EventStore, peers: Peers, usual: budget_pb.Budget, clock: Clock
    ) -> None:
        self._store = store
        self._keys = keys
        self._events = events
        self._peers = peers
        self._usual = usual
        self._clock = clock

    @property
    def definition(self) -> SagaDefinition:
        """The saga. Its last step cannot be undone: with the key somebody has what he asked for."""
        return SagaDefinition(
            NAME,
            (
                SagaStep("write tenant", self._write_tenant, self._remove_tenant, local=True),
                SagaStep("add owner", self._add_owner, self._remove_owner, local=True),
                SagaStep("set budget", self._set_budget, self._reset_budget, retries=_PATIENT),
                SagaStep("make agent", self._make_agent, self._archive_agent, retries=_PATIENT),
                SagaStep("make first key", self._make_key, retries=_PATIENT),
            ),
        )

    async def _write_tenant(self, call: StepCall) -> Values:
        tenant_id, order = _made(call)
        names, by = (order.name, order.display_name), call.caller.sub
        now = self._clock.now()
        if not await self._store.insert(call.connection, tenant_id, call.tenant_id, names, by, now):
            raise name_taken()
        await self._tell(call, "control.tenant.created", order.name)
        return {"tenant_id": str(tenant_id)}

    async def _remove_tenant(self, call: StepCall) -> None:
        tenant_id, order = _made(call)
        if await self._store.remove(call.connection, tenant_id):
            await self._tell(call, "control.tenant.removed", order.name)

    async def _add_owner(self, call: StepCall) -> Values:
        tenant_id, order = _made(call)
        await self._store.add_member(call.connection, tenant_id, order.owner_sub, "admin", self._clock.now())
        return {"sub": order.owner_sub, "role": "admin"}

    async def _remove_owner(self, call: StepCall) -> None:
        tenant_id, order = _made(call)
        await self._store.remove_member(call.connection, tenant_id, order.owner_sub)

    async def _set_budget(self, call: StepCall) -> None:
        tenant_id, order = _made(call)
        await self._set(call, tenant_id, order.budget)

    async def _reset_budget(self, call: StepCall) -> None:
        tenant_id, order = _made(call)
        is_usual = order.budget.period == self._usual.period
        await self._set(call, tenant_id, self._usual if is_usual else budget_pb.Budget(period=order.budget.period))

    async def _set(self, call: StepCall, tenant_id: TenantId, budget: budget_pb.Budget) -> None:
        request = governor_pb.SetBudgetRequest(
            period=budget.period,
            limit_tokens=budget.limit_tokens,
            limit_micros=budget.limit_micros,
            hard=budget.hard,
            request_id=str(call.effect_key),
        )
        with _acting_in(tenant_id, call.correlation_id):
            await self._peers.governor.SetBudget(request)

    async def _make_agent(self, call: StepCall) -> Values:
        tenant_id, order = _made(call)
        agent = agent_pb.Agent(name=order.agent_name, tenant_default=True)
        request = agent_pb.CreateAgentRequest(agent=agent, request_id=str(call.effect_key))
        with _acting_in(tenant_id, call.correlation_id):
            answer = await self._peers.chat.CreateAgent(request)
        return {"agent_id": answer.agent.agent_id}

    async def _archive_agent(self, call: StepCall) -> None:
        tenant_id, _ = _made(call)
        agent_id = str(default_agent_id(tenant_id))
        request = agent_pb.ArchiveAgentRequest(agent_id=agent_id, request_id=str(call.effect_key))
        with _acting_in(tenant_id, call.correlation_id):
            await self._peers.chat.ArchiveAgent(request)

    async def _make_key(self, call: StepCall) -> Values:
        tenant_id, order = _made(call)
        key = await self._keys.make_first(tenant_id, order.owner_sub, call.saga_id, call.caller, call.correlation_id)
        return {"key_id": key.key_id}

    async def _tell(self, call: StepCall, event_type: str, name: str) -> None:
        tenant_id, _ = _made(call)
        draft = told(event_type, tenant_id, name, call.caller.sub, call.correlation_id)
        await self._events.append(call.connection, call.tenant_id, [draft])


def input_of(tenant_id: TenantId, order: TenantOrder) -> dict[str, Any]:
    """What the saga starts with: the same for every repeat of a request."""
    return {"tenant_id": str(tenant_id), **{name: getattr(order, name) for name in TenantOrder.__slots__}}


def _made(call: StepCall) -> tuple[TenantId, TenantOrder]:
    """The tenant that the saga makes, and how it was asked for."""
    order = TenantOrder(**{name: call.input[name] for name in TenantOrder.__slots__})
    return TenantId(UUID(call.input["tenant_id"])), order


def _acting_in(tenant_id: TenantId, correlation_id: str) -> Any:
    """Calls inside the block are made by control itself, in the name of the new tenant."""
    return acting_as(service_caller("control", tenant_id), correlation_id, _CALL_SECONDS)
