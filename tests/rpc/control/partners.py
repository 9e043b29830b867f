"""Governor and chat as far as the making of a tenant needs them: real servers that keep what they were told."""

# ruff: noqa: N802 - the contract names the methods

from typing import Any
from uuid import UUID

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.rpc.call import current_call
from soma_common.testing.rpc import Added


class Governor(governor_grpc.GovernorServiceServicer):
    """Keeps the budget that was set last, by tenant."""

    def __init__(self) -> None:
        self.budgets: dict[TenantId, budget_pb.Budget] = {}
        self.request_ids: list[str] = []
        self.refusal: SomaError | None = None

    async def SetBudget(self, request: governor_pb.SetBudgetRequest, _: Any) -> governor_pb.SetBudgetResponse:
        if self.refusal is not None:
            raise self.refusal
        self.request_ids.append(request.request_id)
        budget = budget_pb.Budget(
            period=request.period,
            limit_tokens=request.limit_tokens,
            limit_micros=request.limit_micros,
            hard=request.hard,
        )
        self.budgets[current_call().caller.tenant_id] = budget
        return governor_pb.SetBudgetResponse(budget=budget)

    async def GetBudget(self, request: governor_pb.GetBudgetRequest, _: Any) -> governor_pb.GetBudgetResponse:
        return governor_pb.GetBudgetResponse(budgets=[self.budgets[current_call().caller.tenant_id]])

    def added(self) -> Added:
        register = governor_grpc.add_GovernorServiceServicer_to_server
        return Added(register, self, "soma.governor.v1.GovernorService")


class Chat(agent_grpc.AgentServiceServicer):
    """Keeps the default agent, by tenant."""

    def __init__(self) -> None:
        self.agents: dict[UUID, agent_pb.Agent] = {}
        self.refusal: SomaError | None = None

    async def CreateAgent(self, request: agent_pb.CreateAgentRequest, _: Any) -> agent_pb.CreateAgentResponse:
        if self.refusal is not None:
            raise self.refusal
        tenant_id = current_call().caller.tenant_id
        assert request.agent.tenant_default
        agent = agent_pb.Agent(agent_id=str(default_agent_id(tenant_id)), name=request.agent.name, tenant_default=True)
        self.agents[tenant_id] = agent
        return agent_pb.CreateAgentResponse(agent=agent)

    async def GetAgent(self, request: agent_pb.GetAgentRequest, _: Any) -> agent_pb.GetAgentResponse:
        agent = self.agents[current_call().caller.tenant_id]
        assert agent.agent_id == request.agent_id
        return agent_pb.GetAgentResponse(agent=agent)

    async def ArchiveAgent(self, request: agent_pb.ArchiveAgentRequest, _: Any) -> agent_pb.ArchiveAgentResponse:
        agent = self.agents.setdefault(current_call().caller.tenant_id, agent_pb.Agent(agent_id=request.agent_id))
        agent.archived = True
        return agent_pb.ArchiveAgentResponse(agent=agent)

    def added(self) -> Added:
        return Added(agent_grpc.add_AgentServiceServicer_to_server, self, "soma.chat.v1.AgentService")
