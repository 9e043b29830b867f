"""Acting with a real memory service behind it, both on real servers and databases, and a door to memory that fails."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import uuid4

import pytest

from servers.cognitive.acting.acting import Acting
from servers.cognitive.acting.meanings import Meanings
from servers.cognitive.acting.store import ActStore
from servers.cognitive.domain.planning import MOST_SECONDS
from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.keeping.mind_store import MindStore
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import States, Update
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.act import ActServicer
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Order, Sleeps
from servers.memory.rpc.servicer import MemoryServicer
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.interceptors.deadline import DEFAULT_UNARY_SECONDS
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.memory.conftest import house_on, indexer

__all__ = ["Door", "Stage", "indexer", "stage"]
BOILER: Final = "The boiler in the cellar leaks since Tuesday."
GARDEN: Final = "Plant three apple trees behind the shed."
PIANO: Final = "Have the piano tuned before the concert."
MEANINGS: Final = Meanings()


class Door:
    """The real memory service behind faults: methods that are away, that wait until they may go on, that take long."""

    def __init__(self, servicer: MemoryServicer) -> None:
        self._servicer = servicer
        self.away: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self.pause_seconds = 0.0
        self.asked: list[str] = []
        self.recalls: list[service_pb.RecallMemoriesRequest] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)

    async def StoreMemory(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        return await self._through("StoreMemory", request, context)

    async def RecallMemories(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        self.recalls.append(request)
        return await self._through("RecallMemories", request, context)

    async def ListNeighbors(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        return await self._through("ListNeighbors", request, context)

    async def _through(self, name: str, request: Any, context: Any) -> Any:
        self.asked.append(name)
        if name in self.away:
            raise SomaError(Reason.DATABASE_UNAVAILABLE)
        if name in self.held:
            await self.held[name].wait()
        await asyncio.sleep(self.pause_seconds)
        return await getattr(self._servicer, name)(request, context)


@dataclass(frozen=True)
class Stage:
    """Stubs as the edge has them, `hasty` with the time for a plan that a process has, and what stands behind."""

    acts: act_grpc.ActServiceStub
    hasty: act_grpc.ActServiceStub
    memory: memory_grpc.MemoryServiceStub
    door: Door
    clock: SetClock
    states: States
    sleeps: Sleeps
    store: ActStore
    database: Database
    switched_off: dict[TenantId, tuple[str, ...]]

    async def act(self, task: str, **fields: Any) -> act_pb.ActResponse:
        """One action; in the session "s" unless another one is named."""
        timeout = fields.pop("timeout", DEFAULT_UNARY_SECONDS)
        answer: act_pb.ActResponse = await self.acts.Act(request(task, **fields), timeout=timeout)
        return answer

    async def in_mind(self, session_id: str = "s") -> list[str]:
        """The texts of a session."""
        answer = await self.acts.GetWorkingMemory(act_pb.GetWorkingMemoryRequest(session_id=session_id))
        return [item.text for item in answer.items]

    async def feel(self, **values: float) -> None:
        """Set neuromodulators of the default agent."""
        update = Update(values, relative=False, refuse_out_of_range=True)
        await self.states.update(
            TENANT, default_agent_id(TENANT), update, lambda *_: mood_pb.UpdateNeuromodulatorsResponse()
        )

    async def remembered(self) -> list[memory_pb.Memory]:
        """What memory has for the caller."""
        answer = await self.memory.ListMemories(service_pb.ListMemoriesRequest())
        return list(answer.memories)

    async def texts(self) -> list[str]:
        """The texts of that."""
        return sorted(memory.text for memory in await self.remembered())

    async def remember(self, text: str) -> str:
        """Store a memory; gives its id."""
        stored = await self.memory.StoreMemory(service_pb.StoreMemoryRequest(text=text, request_id=str(uuid4())))
        return str(stored.memory.memory_id)

    async def linked(self, *chain: str) -> None:
        """Store memories, each linked to the next."""
        ids = [await self.remember(text) for text in chain]
        for one, other in pairwise(ids):
            link = graph_pb.LinkMemoriesRequest(memory_id=one, target_memory_id=other, request_id=str(uuid4()))
            await self.memory.LinkMemories(link)

    async def sleep(self, *states: SleepState) -> None:
        """Bring the default agent through these states."""
        for state in states:
            order = Order(state, None, wake=False, trace_id="")
            await self.sleeps.transition(
                TENANT, default_agent_id(TENANT), order, lambda *_: sleep_pb.TransitionSleepResponse()
            )


def request(task: str, **fields: Any) -> act_pb.ActRequest:
    """An action in the session "s"."""
    return act_pb.ActRequest(**({"task": task, "session_id": "s", "request_id": str(uuid4())} | fields))


@pytest.fixture
async def stage(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase, indexer: Any) -> Stage:
    minds = await open_database(house_database("cognitive", "servers.cognitive"))
    memories = await open_database(house_database("memory", "servers.memory"))
    clock = SetClock()
    door = Door((await house_on(rpc, memories, indexer, clock)).servicer)
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, door, "soma.memory.v1.MemoryService")
    remembers = await rpc.serve("memory", added, idempotency=IdempotencyStore(memories))
    events = EventStore("cognitive")
    states = States(minds, StateStore(minds), events, clock)
    memory = rpc.channel(remembers, service="cognitive", timeout_seconds=30).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "warm"):
        # The first one opens connections and reads tables, for which no action under test should wait.
        await memory.RecallMemories(service_pb.RecallMemoriesRequest(query="warm", time_budget_milliseconds=5000))
    door.asked.clear()
    await MEANINGS.direction("warm")
    switched_off: dict[TenantId, tuple[str, ...]] = {}
    read = Minds(MindStore(minds), lambda tenant: switched_off.get(tenant, ()), events, clock)
    parts = (minds, read, memory, MEANINGS, clock)
    acts: list[act_grpc.ActServiceStub] = []
    # A plan is not cut off by a busy machine, but where that is tested.
    for seconds in (10.0, MOST_SECONDS):
        acting = ActServicer(Acting(*parts, plan_seconds=seconds))
        added = Added(act_grpc.add_ActServiceServicer_to_server, acting, "soma.cognitive.v1.ActService")
        served = await rpc.serve("cognitive", added, idempotency=IdempotencyStore(minds))
        acts.append(rpc.channel(served, timeout_seconds=30).stub(act_grpc.ActServiceStub))
    usual, hasty = acts
    return Stage(
        usual,
        hasty,
        rpc.channel(remembers, timeout_seconds=30).stub(memory_grpc.MemoryServiceStub),
        door,
        clock,
        states,
        Sleeps(minds, SleepStore(minds), events, clock),
        ActStore(minds),
        minds,
        switched_off,
    )
