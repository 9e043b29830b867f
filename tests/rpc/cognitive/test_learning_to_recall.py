"""Feedback that credits a retriever raises its weight, and the order of the next recall follows: two houses, no chat.

The test does what chat does: it takes the weights of a modulation to recall, and tells what a turn's hit was made of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from servers.memory.indexing.indexer import Indexer
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from soma_common.tokens import tokenizer_for
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.cognitive.turns import AGENT, back_to, judged, reset, turn_of
from tests.rpc.memory.conftest import READER, house_on

BOAT = "The blue boat lies at the pier."
MAST = "Our boat has a mast of spruce, by the pier."
LEAK = "Our boat leaks."
KEYS = "Whoever sails the boat finds its keys, the charts and the log in the drawer beside the kitchen door."
BASES = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


@pytest.fixture
async def memory(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase
) -> memory_grpc.MemoryServiceStub:
    """The memory service, where the boat is linked to its keys."""
    database = await open_database(house_database("memory", "servers.memory"))
    house = await house_on(rpc, database, Indexer(READER, tokenizer_for("o200k_base")), SetClock())
    added = memory_grpc.add_MemoryServiceServicer_to_server, house.servicer, "soma.memory.v1.MemoryService"
    served = await rpc.serve("memory", Added(*added), idempotency=IdempotencyStore(database))
    stub = rpc.channel(served, service="chat").stub(memory_grpc.MemoryServiceStub)
    ids = []
    for text in (BOAT, MAST, KEYS, LEAK):
        request = service_pb.StoreMemoryRequest(text=text, namespace="shared", request_id=str(uuid4()))
        ids.append((await stub.StoreMemory(request)).memory.memory_id)
    link = graph_pb.LinkMemoriesRequest(
        memory_id=ids[0], target_memory_id=ids[2], strength=1.0, request_id=str(uuid4())
    )
    await stub.LinkMemories(link)
    return stub


@dataclass(frozen=True)
class Mesh:
    """Both services, as a turn of chat sees them."""

    cognition: Cognition
    memory: memory_grpc.MemoryServiceStub

    async def weights(self) -> common_pb.RetrievalWeights:
        """With which the next turn recalls."""
        asked = modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES)
        return (await self.cognition.chat.GetModulation(asked)).modulation.retrieval_weights

    async def recalled(self) -> dict[str, memory_pb.MemoryHit]:
        """What the next turn finds, best first, by text."""
        # Time enough, so that what is found does not depend on the machine.
        request = service_pb.RecallMemoriesRequest(
            query="which boat lies at the pier",
            namespaces=["shared"],
            weights=await self.weights(),
            time_budget_milliseconds=5_000,
        )
        return {hit.memory.text: hit for hit in (await self.memory.RecallMemories(request)).hits}

    async def turn(self, used: str) -> str:
        """A turn that recalls and uses one of the hits."""
        return await turn_of(self.cognition, AGENT, (await self.recalled())[used].parts.shares)


def place(found: dict[str, memory_pb.MemoryHit], text: str) -> int:
    """Where a memory stands among the hits, from 0."""
    return list(found).index(text)


async def test_what_is_credited_weighs_more_and_is_found_before(
    cognition: Cognition, memory: memory_grpc.MemoryServiceStub
) -> None:
    mesh = Mesh(cognition, memory)
    await reset(cognition, base_lr=0.5)
    first = await mesh.recalled()
    assert list(first) == [BOAT, MAST, KEYS, LEAK]
    before = await mesh.weights()
    answers = [await judged(cognition, await mesh.turn(KEYS), 1.0) for _ in range(8)]
    assert all(answer.accepted for answer in answers)
    after = await mesh.weights()
    assert after == answers[-1].state.retrieval
    assert after.graph > 2 * before.graph
    found = await mesh.recalled()
    assert place(found, KEYS) < place(found, MAST)
    assert found[KEYS].parts.shares.graph > first[KEYS].parts.shares.graph > 0
    await back_to(cognition, 1)
    assert list(await mesh.recalled()) == [BOAT, MAST, KEYS, LEAK]


async def test_what_is_judged_badly_weighs_less_and_is_found_later(
    cognition: Cognition, memory: memory_grpc.MemoryServiceStub
) -> None:
    mesh = Mesh(cognition, memory)
    await reset(cognition, base_lr=0.5)
    found = await mesh.recalled()
    assert place(found, KEYS) < place(found, LEAK)
    for _ in range(8):
        await judged(cognition, await mesh.turn(KEYS), -1.0)
    assert (await mesh.weights()).graph < 0.1
    found = await mesh.recalled()
    assert place(found, LEAK) < place(found, KEYS)
