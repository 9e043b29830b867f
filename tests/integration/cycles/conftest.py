"""Sleep cycles over a real memory service, both on real databases, with a model that says what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.cognitive.domain.load import Load
from servers.cognitive.rpc.sleep import SleepServicer
from servers.cognitive.sleeping.cycles import Cycles
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.watching import SleepWatch
from servers.memory.domain.memory import Kind, Memory
from servers.memory.domain.standing import in_recall
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma_common.events.store import EventStore
from soma_common.postgres.pool import Connection, Database, HouseDatabase
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.sagas.failpoints import Reached, pass_by
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.cognitive.cycle_parts import cycles_on
from tests.rpc.memory.conftest import Remembering, indexer, remembering
from tests.rpc.memory.upkeep_acts import memory_at, put, rows

__all__ = ("indexer", "remembering")

TEA = (
    "Ada drinks green tea every morning.",
    "Every morning Ada drinks a cup of green tea.",
    "Ada drinks green tea in the morning.",
    "Ada has green tea each morning at 7.",
)
BIKE = (
    "Bob bought a red bicycle in Lisbon.",
    "The red bicycle of Bob was bought in Lisbon for 300 euros.",
    "Bob bought his red bicycle in Lisbon.",
)
OTHER = (
    "The boiler was replaced in March by a plumber from Porto.",
    "Clara plays the violin in an orchestra near Porto.",
    "The violin lessons cost more than the new boiler did.",
)


@dataclass(frozen=True)
class Dreaming:
    """A cognitive service whose memory is real, and what stands behind."""

    remembering: Remembering
    database: Database
    urls: HouseDatabase
    clock: SetClock
    sleeps: SleepStore
    cycles: Cycles
    sagas: SagaOrchestrator
    user: sleep_grpc.SleepServiceStub

    def another(self, reached: Reached = pass_by, lease_seconds: float = 10.0) -> tuple[Cycles, SagaOrchestrator]:
        """Another process on the same database."""
        return cycles_on(self.database, self.sleeps, self.remembering.cognitive, self.clock, reached, lease_seconds)

    @asynccontextmanager
    async def running(self, sagas: SagaOrchestrator | None = None) -> AsyncIterator[None]:
        """While inside, a process runs cycles."""
        task = asyncio.create_task((sagas or self.sagas).run())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self, agent_id: UUID, **fields: Any) -> sleep_pb.SleepCycle:
        """A cycle by hand, as it is when the call is answered."""
        given: dict[str, Any] = {"agent_id": str(agent_id), "request_id": str(uuid4()), "token_budget": 0} | fields
        request = sleep_pb.RunSleepCycleRequest(**given)
        answer: sleep_pb.RunSleepCycleResponse = await self.user.RunSleepCycle(request, timeout=20.0)
        return answer.cycle

    async def cancel(self, cycle_id: str) -> sleep_pb.SleepCycle:
        """Stop one."""
        request = sleep_pb.CancelSleepCycleRequest(cycle_id=cycle_id, request_id=str(uuid4()))
        answer: sleep_pb.CancelSleepCycleResponse = await self.user.CancelSleepCycle(request, timeout=20.0)
        return answer.cycle

    async def cycle(self, agent_id: UUID, cycle_id: str) -> sleep_pb.SleepCycle:
        """One, as the list has it."""
        listed = await self.user.ListSleepCycles(sleep_pb.ListSleepCyclesRequest(agent_id=str(agent_id)))
        return next(it for it in listed.cycles if it.cycle_id == cycle_id)

    async def load(self, agent_id: UUID) -> Load:
        """The load of an agent."""
        return (await self.sleeps.find(TENANT, agent_id, self.clock.now())).load

    async def told(self, cycle_id: str) -> list[str]:
        """The types of the events of a cycle."""
        query = "select event_type from events where stream = $1 order by sequence"
        return [row["event_type"] for row in await self.statement(query, f"sleep-cycle/{cycle_id}")]

    async def statement(self, text: str, *values: object) -> list[Any]:
        async def work(connection: Connection) -> list[Any]:
            return list(await connection.fetch(text, *values))

        return await self.database.run(TENANT, work)

    async def remember(self, namespace: str, texts: Sequence[str], **fields: Any) -> list[Memory]:
        """Memories as a storer left them."""
        memories = [memory_at(self.remembering.clock.now(), text, namespace=namespace, **fields) for text in texts]
        await put(self.remembering, *memories)
        return memories

    async def stored(self, namespace: str, *kinds: Kind, live: bool = True) -> list[Memory]:
        """What memory has of these kinds, in recall but for their kind."""
        now = self.remembering.clock.now()
        return [
            it
            for it in (await rows(self.remembering)).values()
            if it.namespace == namespace and it.kind in kinds and (not live or in_recall(it, now, guesses=True))
        ]


@pytest.fixture
async def dreaming(
    remembering: Remembering,
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
) -> AsyncIterator[Dreaming]:
    urls = house_database("cognitive", "servers.cognitive")
    database, clock, events = await open_database(urls), SetClock(), EventStore("cognitive")
    store = SleepStore(database)
    cycles, sagas = cycles_on(database, store, remembering.cognitive, clock)
    servicer = SleepServicer(
        sleeps=Sleeps(database, store, events, clock), sleep_watch=SleepWatch(store, clock), cycles=cycles
    )
    added = Added(sleep_grpc.add_SleepServiceServicer_to_server, servicer, "soma.cognitive.v1.SleepService")
    served = await rpc.serve("cognitive", added, idempotency=IdempotencyStore(database))
    user = rpc.channel(served, service="edge").stub(sleep_grpc.SleepServiceStub)
    async with remembering.upkeep.running():
        yield Dreaming(remembering, database, urls, clock, store, cycles, sagas, user)
