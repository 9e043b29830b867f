"""The calls about budgets, and whose a budget is in the words of the command line.

Nothing here prints or asks a person.
"""

from typing import Final

from cli.doors import Doors, checked_id
from cli.exits import CommandError, Exit
from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

EACH: Final = "each"
_PAGE: Final = 500
_AGENTS: Final = 200
_TENANT: Final = budget_pb.BUDGET_SCOPE_TENANT
_AGENT: Final = budget_pb.BUDGET_SCOPE_AGENT
_CONVERSATION: Final = budget_pb.BUDGET_SCOPE_CONVERSATION


async def applying(doors: Doors, agent_id: str = "", conversation_id: str = "") -> list[budget_pb.Budget]:
    """The budgets that apply to the owner, and to an agent and a conversation if they are named. Raises SomaError."""
    request = governor_pb.GetBudgetRequest(agent_id=agent_id, conversation_id=conversation_id)
    return list((await _governor(doors).GetBudget(request)).budgets)


async def every(doors: Doors, scope: int = 0, scope_id: str = "") -> list[budget_pb.Budget]:
    """All budgets with a limit, of one scope and one subject where they are named. Raises SomaError."""
    found: list[budget_pb.Budget] = []
    request = governor_pb.ListBudgetsRequest(scope_id=scope_id, page_size=_PAGE)
    request.scope = budget_pb.BudgetScope.ValueType(scope)
    while True:
        page = await _governor(doors).ListBudgets(request)
        found += page.budgets
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


async def one(doors: Doors, wanted: budget_pb.Budget) -> budget_pb.Budget | None:
    """The budget of the same scope, subject and period as it is now; None where there is none. Raises SomaError."""
    found = await every(doors, wanted.scope, wanted.scope_id)
    same = ("scope", "scope_id", "period")
    return next((it for it in found if all(getattr(it, name) == getattr(wanted, name) for name in same)), None)


async def store(doors: Doors, wanted: budget_pb.Budget) -> budget_pb.Budget:
    """Set the limits of a budget. Raises SomaError."""
    request = governor_pb.SetBudgetRequest(
        period=wanted.period,
        limit_tokens=wanted.limit_tokens,
        limit_micros=wanted.limit_micros,
        hard=wanted.hard,
        request_id=doors.request_id(),
        scope=wanted.scope,
        scope_id=wanted.scope_id,
    )
    return (await _governor(doors).SetBudget(request)).budget


async def subject(doors: Doors, scope: int, of: str) -> str:
    """The id of whose budget is meant; empty for the tenant and for each one that has none of its own.

    An agent may be named; a user is the subject of a token. Raises SomaError, and CommandError (wrong use).
    """
    word = of.strip()
    if scope == _TENANT:
        if word:
            raise CommandError(
                "--of is for --scope user, agent or conversation; a tenant has one budget.", Exit.WRONG_USE
            )
        return ""
    if not word:
        raise CommandError("Whose budget? Say --of with who is meant, or --of each.", Exit.WRONG_USE)
    if word == EACH:
        return ""
    if scope == _CONVERSATION:
        return checked_id(word, "conversation")
    return await agent_of(doors, word) if scope == _AGENT else word


async def agents(doors: Doors) -> list[agent_pb.Agent]:
    """All agents, those out of use as well. Raises SomaError."""
    found: list[agent_pb.Agent] = []
    request = agent_pb.ListAgentsRequest(page_size=_AGENTS, include_archived=True)
    while True:
        page = await doors.stub("chat", agent_grpc.AgentServiceStub).ListAgents(request)
        found += page.agents
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


async def agent_of(doors: Doors, word: str) -> str:
    """The id of the agent of this name or id. Raises SomaError, and CommandError for none."""
    for each in await agents(doors):
        if word in (each.agent_id, each.name):
            return each.agent_id
    raise CommandError(f"There is no agent “{word[:80]}”.")


async def names(doors: Doors, budgets: list[budget_pb.Budget]) -> dict[str, str]:
    """The names of the agents among the subjects of budgets, by id. Raises SomaError."""
    if not any(it.scope == _AGENT and it.scope_id for it in budgets):
        return {}
    return {each.agent_id: each.name for each in await agents(doors)}


def _governor(doors: Doors) -> governor_grpc.GovernorServiceStub:
    return doors.stub("governor", governor_grpc.GovernorServiceStub)
