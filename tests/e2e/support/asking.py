"""Requests that several journeys make, and waiting for the mesh to be well."""

from typing import Any
from uuid import uuid4

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.testing.eventually import eventually
from tests.e2e.support.grpc_door import Heard
from tests.e2e.support.person import Person

L0, L1, L4 = level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L1, level_pb.DEGRADATION_LEVEL_L4


def transcript(*messages: tuple[message_pb.Role.ValueType, str]) -> message_pb.Transcript:
    """A message list of plain text."""
    return message_pb.Transcript(
        messages=[
            message_pb.TranscriptMessage(role=role, content=[message_pb.ContentPart(text=text)])
            for role, text in messages
        ]
    )


async def say_transcript(person: Person, given: message_pb.Transcript, **fields: Any) -> Heard:
    """A whole turn over a transcript."""
    return await person.grpc.say("", transcript=given, **fields)


async def make_agent(person: Person, **fields: Any) -> agent_pb.Agent:
    """A new agent."""
    agent = agent_pb.Agent(name=f"agent-{uuid4().hex[:8]}", **fields)
    request = agent_pb.CreateAgentRequest(agent=agent, request_id=str(uuid4()))
    answer = await person.grpc.call(person.grpc.agents.CreateAgent, request)
    made: agent_pb.Agent = answer.agent
    return made


async def receipt_of(person: Person, heard: Heard) -> receipt_pb.Receipt:
    """The settled receipt of a turn."""

    async def settled() -> receipt_pb.Receipt | None:
        request = governor_pb.GetReceiptRequest(receipt_id=heard.started.receipt_id)
        answer = await person.grpc.call(person.grpc.governor.GetReceipt, request)
        receipt: receipt_pb.Receipt = answer.receipt
        return receipt if receipt.HasField("outcome") else None

    receipt = await eventually(settled, within_seconds=60)
    assert receipt is not None
    return receipt


async def budgets_of(person: Person) -> list[budget_pb.Budget]:
    """The tenant's budgets."""
    answer = await person.grpc.call(person.grpc.governor.GetBudget, governor_pb.GetBudgetRequest())
    return list(answer.budgets)


async def no_open_holds(person: Person, within_seconds: float = 60) -> None:
    """Wait until nothing is held."""

    async def closed() -> bool:
        budgets = await budgets_of(person)
        assert budgets
        assert [(budget.open_holds, budget.held_tokens) for budget in budgets] == [(0, 0)] * len(budgets)
        return True

    await eventually(closed, within_seconds=within_seconds, every_seconds=0.3)


async def well_again(person: Person, within_seconds: float = 120) -> Heard:
    """Wait until a plain turn is whole, at L0 and without a notice."""

    async def plain() -> Heard:
        heard = await person.grpc.say("Good morning!")
        assert heard.kinds[-1] == "completed", heard.end
        assert heard.started.level == L0, heard.started
        assert not heard.notices, heard.events
        return heard

    return await eventually(plain, within_seconds=within_seconds, every_seconds=1.0)
