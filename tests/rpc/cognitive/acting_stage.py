"""Acting with a real memory service behind it, both on real servers and databases, and a door to memory that fails."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from servers.cognitive.acting.acting import Acting
from servers.cognitive.acting.store import ActStore
from servers.cognitive.keeping.states import States, Update
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.act import ActServicer
from servers.memory.rpc.servicer import MemoryServicer
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.interceptors.deadline import DEFAULT_UNARY_SECONDS
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.memory.conftest import house_on, indexer

__all__ = ["Door", "Stage", "indexer", "stage"]


class Door:
    """The real memory service behind faults: methods that are away, that wait until they may go on, that take long."""

    def __init__(self, servicer: MemoryServicer) -> None:
        self._servicer = servicer
        self.away: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self.pause_seconds = 0.0
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)

    async def StoreMemory(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        return await self._through("StoreMemory", request, context)

    async def RecallMemories(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
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
    """Stubs as the edge has them, and what stands behind."""

    acts: act_grpc.ActServiceStub
    memory: memory_grpc.MemoryServiceStub
    door: Door
    clock: SetClock
    states: States
    store: ActStore
    database: Database

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
    states = States(minds, StateStore(minds), EventStore("cognitive"), clock)
    memory = rpc.channel(remembers, service="cognitive", timeout_seconds=30).stub(memory_grpc.MemoryServiceStub)
    # A plan is never cut off by a busy machine; the test of that has nothing to wait for.
    acting = Acting(minds, states, memory, clock, plan_seconds=10)
    added = Added(act_grpc.add_ActServiceServicer_to_server, ActServicer(acting), "soma.cognitive.v1.ActService")
    acts = await rpc.serve("cognitive", added, idempotency=IdempotencyStore(minds))
    return Stage(
        rpc.channel(acts, timeout_seconds=30).stub(act_grpc.ActServiceStub),
        rpc.channel(remembers, timeout_seconds=30).stub(memory_grpc.MemoryServiceStub),
        door,
        clock,
        states,
        ActStore(minds),
        minds,
    )
