"""What keeps memories in order, with a chat service whose model says what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from servers.memory.indexing.indexer import Indexer
from servers.memory.storing.rows import MemoryStore
from servers.memory.upkeep.consolidating import Consolidating
from servers.memory.upkeep.consolidation_rows import ConsolidationRows
from servers.memory.upkeep.consolidation_saga import ConsolidationSaga
from servers.memory.upkeep.nightly import Nightly
from servers.memory.upkeep.proposers import Proposers
from servers.memory.upkeep.sweeping import Sweeper
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.common.v1 import usage_pb2
from soma_common.events.store import EventStore
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.failpoints import Reached, pass_by
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.sagas.plan import Pace
from soma_common.testing.clock import SetClock
from soma_common.testing.rpc import Added, RpcHarness

QUICK: Final = Pace(
    step=Backoff(first_seconds=0.01, longest_seconds=0.02),
    slow=Backoff(first_seconds=0.02, longest_seconds=0.05),
    undo=Backoff(first_seconds=0.01, longest_seconds=0.02, max_attempts=3),
)


@dataclass
class ScriptedModels(model_grpc.ModelServiceServicer):
    """Chat's ModelService: `says` makes the answer of a request, or raises what the call fails with."""

    says: Callable[[model_pb.GenerateTextRequest], str] = lambda _: '{"facts": []}'
    finish_reason: str = "stop"
    asked: list[model_pb.GenerateTextRequest] = field(default_factory=list)
    # While it is set, the model thinks.
    pause: asyncio.Event | None = None

    async def GenerateText(  # noqa: N802 - the contract's name
        self, request: model_pb.GenerateTextRequest, _: Any
    ) -> model_pb.GenerateTextResponse:
        self.asked.append(request)
        if self.pause is not None:
            await self.pause.wait()
        return model_pb.GenerateTextResponse(
            text=self.says(request),
            finish_reason=self.finish_reason,
            model_profile_id="scripted",
            usage=usage_pb2.TokenUsage(input_tokens=700, output_tokens=50),
        )


def notes(request: model_pb.GenerateTextRequest) -> list[str]:
    """The texts that a model was given, in order."""
    return [note["text"] for note in json.loads(request.prompt)["notes"]]


def merging(*facts: tuple[str, tuple[str, ...]]) -> Callable[[model_pb.GenerateTextRequest], str]:
    """A model that makes these facts of the notes with these texts."""

    def says(request: model_pb.GenerateTextRequest) -> str:
        given = notes(request)
        made = [{"text": text, "sources": [given.index(source) + 1 for source in sources]} for text, sources in facts]
        return json.dumps({"facts": made})

    return says


@dataclass(frozen=True)
class UpkeepParts:
    """The use cases, and what stands behind them."""

    sweeper: Sweeper
    consolidating: Consolidating
    nightly: Nightly
    models: ScriptedModels
    saga: ConsolidationSaga
    database: Database
    orchestrator: SagaOrchestrator

    def another(self, reached: Reached = pass_by, lease_seconds: float = 10.0) -> SagaOrchestrator:
        """The sagas of another process on the same database."""
        return orchestrator_of(self.database, self.saga, reached, lease_seconds)

    @asynccontextmanager
    async def running(self, orchestrator: SagaOrchestrator | None = None) -> AsyncIterator[None]:
        """While inside, a process runs sagas."""
        task = asyncio.create_task((orchestrator or self.orchestrator).run())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def orchestrator_of(
    database: Database, saga: ConsolidationSaga, reached: Reached = pass_by, lease_seconds: float = 10.0
) -> SagaOrchestrator:
    conduct = Conduct(pace=QUICK, lease_seconds=lease_seconds)
    return SagaOrchestrator(database, EventStore("memory"), [saga.definition()], Clock(), Ids(), conduct, reached)


async def upkeep_of(rpc: RpcHarness, database: Database, indexer: Indexer, clock: SetClock) -> UpkeepParts:
    models = ScriptedModels()  # type: ignore[abstract]  # no more than the tests call
    events = EventStore("memory")
    served = await rpc.serve(
        "chat", Added(model_grpc.add_ModelServiceServicer_to_server, models, "soma.chat.v1.ModelService")
    )
    stub = rpc.channel(served, service="memory").stub(model_grpc.ModelServiceStub)
    rows, proposers = ConsolidationRows(MemoryStore(database)), Proposers(indexer, stub)
    saga = ConsolidationSaga(database, rows, proposers, indexer, events, clock, Ids())
    orchestrator = orchestrator_of(database, saga)
    sweeper = Sweeper(database, events, clock)
    nightly = Nightly(
        database=database, sweeper=sweeper, events=events, clock=clock, ids=Ids(), sweeps=True, min_retention=0.05
    )
    consolidating = Consolidating(database, rows, proposers, orchestrator, events, clock)
    return UpkeepParts(sweeper, consolidating, nightly, models, saga, database, orchestrator)
