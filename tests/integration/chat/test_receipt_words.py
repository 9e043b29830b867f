"""What a receipt says of the calls of a turn, and that it says nothing of what anybody said."""

import json
from typing import Any
from uuid import uuid4

from google.protobuf.struct_pb2 import Struct

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.upstream import Fault, FaultKind, Script, ToolCall
from tests.integration.chat.party import Party
from tests.integration.chat.person import Person
from tests.integration.chat.test_client_results import submit
from tests.integration.chat.test_tool_rounds import asks, evaluate

# Each in one place of a turn where somebody's words are.
SENTINELS = (
    "ASKED",
    "PROMPTED",
    "REMEMBERED",
    "ANSWERED",
    "BROKEN",
    "ARGUED",
    "RESULTED",
    "DESCRIBED",
    "STOPPED",
    "SCHEMED",
    "REASONED",
    "WARMED",
    "NAMED",
)


def word(sentinel: str) -> str:
    """A word that stands nowhere else."""
    assert sentinel in SENTINELS
    return f"xq{sentinel.lower()}qx"


async def _agent(person: Person) -> str:
    stub: Any = person.stub("chat", AgentServiceStub)
    agent = agent_pb.Agent(name=word("NAMED"), system_prompt=word("PROMPTED"), warm_style=word("WARMED"))
    with person.acting():
        request = agent_pb.CreateAgentRequest(agent=agent, request_id=str(uuid4()))
        return str((await stub.CreateAgent(request)).agent.agent_id)


async def _turn(party: Party) -> list[str]:
    """A turn with everything in it, and the one that goes on with its client's result."""
    person = party.person
    with person.acting():
        memory = memory_pb.StoreMemoryRequest(text=f"Herons eat {word('REMEMBERED')}.", request_id=str(uuid4()))
        await person.memory.StoreMemory(memory)
    schema = Struct()
    schema.update({"name": "bird", "schema": {"type": "object", "properties": {word("SCHEMED"): {"type": "number"}}}})
    options = message_pb.GenerationOptions(stop=[word("STOPPED")], response_format="json_schema", json_schema=schema)
    tool = message_pb.ClientTool(name="weather", description=word("DESCRIBED"))
    await party.add("spare")
    await party.add("main", fallback_profile_ids=["spare"])
    arguments = json.dumps({"expression": f'1 + "{word("ARGUED")}"'})
    await party.plan(
        asks(
            ToolCall("math_evaluate", arguments, id="c1"), evaluate("6 * 7", id="c2"), model="main", reasoning_chunks=1
        ),
        Script(text=f"{word('BROKEN')} and so on", chunks=4, model="main", fault=Fault(FaultKind.CUT, 3)),
        asks(ToolCall("weather", json.dumps({"city": word("ARGUED")}), id="c3"), text=word("ANSWERED"), model="spare"),
        Script(text=word("ANSWERED"), model="main"),
    )
    told = await party.say(
        "main",
        f"Calculate the product of 6 and 7, what herons eat and the weather {word('ASKED')}.",
        agent_id=await _agent(person),
        tools=[tool],
        options=options,
    )
    answer = await submit(person, told.turn_id, "c3", word("RESULTED"))
    await person.resume(answer.continuing_turn_id)
    return [told.turn_id, answer.continuing_turn_id]


def _calls(receipt: receipt_pb.Receipt) -> list[tuple[str, str, int, bool]]:
    return [(leg.model, leg.finish_reason, leg.rounds_before, leg.continued_characters > 0) for leg in receipt.legs]


async def test_a_receipt_is_whole_and_holds_nothing_that_was_said(party: Party) -> None:
    first, second = await _turn(party)
    receipts = [await party.person.receipt(turn_id) for turn_id in (first, second)]
    # They were there: the upstream received every one of them that a model reads.
    seen = json.dumps([row.body for row in await party.upstream.aio.requests()])
    unread = ("NAMED", "REASONED", "WARMED")
    assert [name for name in SENTINELS if word(name) not in seen and name not in unread] == []
    with party.person.acting():
        listed = await party.person.governor.ListReceipts(governor_pb.ListReceiptsRequest())
        wanted = governor_pb.DiffReceiptsRequest(receipt_id=first, other_receipt_id=second)
        differences = await party.person.governor.DiffReceipts(wanted)
    for message in (*receipts, listed, differences):
        text = message.SerializeToString().decode("latin-1")
        assert [name for name in SENTINELS if word(name) in text] == []
    receipt = receipts[0]
    assert _calls(receipt) == [
        ("main", "tool_calls", 0, False),
        ("main", "error", 1, False),
        ("spare", "tool_calls", 1, True),
    ]
    for leg in receipt.legs:
        assert len(leg.request_sha256) == len(leg.basis_sha256) == 32
        assert leg.parameters.fields["model"].string_value == leg.model
        assert leg.lanes_used.system_policy == receipt.lanes_used.system_policy > 0
        assert all(item.reason and len(item.reason) < 256 for item in (*receipt.items, *leg.items))
    assert receipt.legs[0].parameters.fields["stop"].number_value == 1
    assert receipt.legs[0].parameters.fields["response_format"].string_value == "json_schema"
    assert [item.version for item in receipt.items if item.lane == "memory" and item.kept] == [1]
    before, after = receipt.legs[0], receipt.legs[2]
    assert not before.items
    assert [item.item_id for item in after.items] == ["round/1", "round/1/c1", "round/1/c2", "answer"]
    added = {
        lane: sum(item.tokens for item in after.items if item.lane == lane) for lane in ("history", "tool_results")
    }
    assert after.lanes_used.history == before.lanes_used.history + added["history"]
    assert after.lanes_used.tool_results == before.lanes_used.tool_results + added["tool_results"]
    assert after.lanes_used.tools == before.lanes_used.tools > 0
