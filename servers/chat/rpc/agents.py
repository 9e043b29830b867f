"""Servicer of agents: messages in, values to the use cases, messages out.

Nothing is decided here.
"""

from typing import Any, Final
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from servers.chat.agents import Agents, KeptAgent, etag_of
from servers.chat.domain.agent import RISK_NORMAL, SCOPE_USER, Agent
from servers.chat.tools.rules import rules_in, rules_messages
from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.common.v1 import modulation_pb2
from soma.governor.v1 import plan_pb2
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import current_call

_CHANGEABLE: Final = (
    "name",
    "system_prompt",
    "model_profile_id",
    "knobs",
    "risk_profile",
    "canned_answer",
    "warm_style",
    "baseline",
    "memory_scope",
    "tool_rules",
)
_NOBODY: Final = UUID(int=0)


def agent_message(kept: KeptAgent) -> agent_pb.Agent:
    """An agent as the contract has it."""
    agent = kept.agent
    message = _settings_message(agent)
    message.agent_id = str(agent.agent_id)
    message.archived = agent.archived
    message.tenant_default = agent.agent_id == default_agent_id(current_call().caller.tenant_id)
    message.etag = etag_of(agent)
    message.create_time.FromDatetime(kept.create_time)
    message.update_time.FromDatetime(kept.update_time)
    return message


def _settings_message(agent: Agent) -> agent_pb.Agent:
    message = agent_pb.Agent(
        name=agent.name,
        system_prompt=agent.system_prompt,
        model_profile_id=agent.model_profile_id,
        knobs=agent_pb.AgentKnobs(
            intelligence=agent.intelligence,
            autonomy=agent.autonomy,
            resource_micros_per_turn=agent.resource_micros_per_turn,
        ),
        risk_profile=plan_pb2.RiskProfile.ValueType(agent.risk_profile),
        canned_answer=agent.canned_answer,
        warm_style=agent.warm_style,
        memory_scope=agent_pb.MemoryScope.ValueType(agent.memory_scope),
        tool_rules=rules_messages(agent.tool_rules),
    )
    if agent.baseline is not None:
        message.baseline.CopyFrom(modulation_pb2.Neuromodulators(**dict(zip(_VALUES, agent.baseline, strict=True))))
    return message


_VALUES: Final = ("dopamine", "serotonin", "noradrenaline", "acetylcholine")


def _agent_of(message: agent_pb.Agent, agent_id: UUID) -> Agent:
    """The values of a message; knobs that are not set are the defaults."""
    usual = Agent(agent_id)
    knobs = message.knobs if message.HasField("knobs") else None
    values = message.baseline
    return Agent(
        agent_id=agent_id,
        name=message.name,
        system_prompt=message.system_prompt,
        model_profile_id=message.model_profile_id,
        intelligence=knobs.intelligence if knobs else usual.intelligence,
        autonomy=knobs.autonomy if knobs else usual.autonomy,
        resource_micros_per_turn=knobs.resource_micros_per_turn if knobs else usual.resource_micros_per_turn,
        risk_profile=message.risk_profile or RISK_NORMAL,
        canned_answer=message.canned_answer,
        warm_style=message.warm_style,
        baseline=(values.dopamine, values.serotonin, values.noradrenaline, values.acetylcholine)
        if message.HasField("baseline")
        else None,
        memory_scope=message.memory_scope or SCOPE_USER,
        tool_rules=rules_in(message.tool_rules),
    )


def _changed(before: Agent, wanted: agent_pb.Agent, mask: FieldMask) -> Agent:
    """The agent after the named fields were taken over from the message."""
    paths = list(mask.paths) or list(_CHANGEABLE)
    for path in paths:
        if path.split(".")[0] not in _CHANGEABLE:
            raise invalid_field("update_mask", f"{path} cannot be changed")
    merged = _settings_message(before)
    try:
        FieldMask(paths=paths).MergeMessage(wanted, merged, replace_message_field=True, replace_repeated_field=True)
    except (ValueError, KeyError):
        raise invalid_field("update_mask", "it names a field that does not exist") from None
    after = _agent_of(merged, before.agent_id)
    return after if after != before else before


class AgentServicer(agent_grpc.AgentServiceServicer):
    """`soma.chat.v1.AgentService`."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    async def CreateAgent(  # noqa: N802 - the contract's name
        self, request: agent_pb.CreateAgentRequest, _: Any
    ) -> agent_pb.CreateAgentResponse:
        """Make an agent."""
        wanted = _agent_of(request.agent, _NOBODY)
        return await self._agents.create(
            current_call().caller,
            wanted,
            lambda kept: agent_pb.CreateAgentResponse(agent=agent_message(kept)),
            as_default=request.agent.tenant_default,
        )

    async def GetAgent(  # noqa: N802 - the contract's name
        self, request: agent_pb.GetAgentRequest, _: Any
    ) -> agent_pb.GetAgentResponse:
        """One agent."""
        kept = await self._agents.read(current_call().caller.tenant_id, UUID(request.agent_id))
        return agent_pb.GetAgentResponse(agent=agent_message(kept))

    async def ListAgents(  # noqa: N802 - the contract's name
        self, request: agent_pb.ListAgentsRequest, _: Any
    ) -> agent_pb.ListAgentsResponse:
        """The tenant's agents."""
        filters = {"include_archived": request.include_archived}
        page = page_of(request.page_size, request.page_token, filters)
        after = str(page.after[0]) if page.after else ""
        found = await self._agents.list(current_call().caller.tenant_id, request.include_archived, after, page.size + 1)
        answer = agent_pb.ListAgentsResponse(agents=[agent_message(kept) for kept in found[: page.size]])
        if len(found) > page.size:
            answer.next_page_token = next_page_token((found[page.size - 1].agent.name,), filters)
        return answer

    async def UpdateAgent(  # noqa: N802 - the contract's name
        self, request: agent_pb.UpdateAgentRequest, _: Any
    ) -> agent_pb.UpdateAgentResponse:
        """Change an agent."""
        if not request.agent.agent_id:
            raise invalid_field("agent.agent_id", "it must say which agent to change")
        return await self._agents.change(
            current_call().caller,
            UUID(request.agent.agent_id),
            request.agent.etag,
            lambda before: _changed(before, request.agent, request.update_mask),
            lambda kept: agent_pb.UpdateAgentResponse(agent=agent_message(kept)),
        )

    async def ArchiveAgent(  # noqa: N802 - the contract's name
        self, request: agent_pb.ArchiveAgentRequest, _: Any
    ) -> agent_pb.ArchiveAgentResponse:
        """Take an agent out of use."""
        return await self._agents.archive(
            current_call().caller,
            UUID(request.agent_id),
            lambda kept: agent_pb.ArchiveAgentResponse(agent=agent_message(kept)),
        )
