"""The cognitive service on a real server and a real database."""

from dataclasses import dataclass

import pytest

from servers.cognitive.adapting.adaptations import Adaptations
from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.keeping.diagnosing import Diagnostics
from servers.cognitive.keeping.mind_store import MindStore
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import States
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.adaptation import AdaptationServicer
from servers.cognitive.rpc.modulation import ModulationServicer
from servers.cognitive.rpc.neuromodulators import NeuromodulatorServicer
from servers.cognitive.rpc.sleep import SleepServicer
from servers.cognitive.rpc.threads import ThreadServicer
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.watching import SleepWatch
from servers.cognitive.thoughts.store import ThreadStore
from servers.cognitive.thoughts.thinking import Thinking
from servers.cognitive.thoughts.threads import Threads
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.cognitive.cycle_parts import cycles_on
from tests.rpc.memory.upkeep_parts import ScriptedModels


@dataclass(frozen=True)
class Cognition:
    """Stubs as the edge and as chat have them, and the clock, the database and the flags behind."""

    user: neuromodulator_grpc.NeuromodulatorServiceStub
    user_modulation: modulation_grpc.ModulationServiceStub
    chat: modulation_grpc.ModulationServiceStub
    clock: SetClock
    database: Database
    threads: thread_grpc.ThreadServiceStub
    models: ScriptedModels
    sleep: sleep_grpc.SleepServiceStub
    sleeps: Sleeps
    sleep_watch: SleepWatch
    adaptation: adaptation_grpc.AdaptationServiceStub
    adaptations: Adaptations
    urls: HouseDatabase
    states: States
    minds: Minds
    switched_off: dict[TenantId, tuple[str, ...]]


async def threads_on(rpc: RpcHarness, database: Database, clock: SetClock) -> tuple[ScriptedModels, Added]:
    """A model that says what a test wants, and threads whose options it thinks of."""
    models = ScriptedModels()  # type: ignore[abstract]  # the other methods are asked of nobody
    chat = await rpc.serve(
        "chat", Added(model_grpc.add_ModelServiceServicer_to_server, models, "soma.chat.v1.ModelService")
    )
    thinking = Thinking(rpc.channel(chat, service="cognitive").stub(model_grpc.ModelServiceStub))
    servicer = ThreadServicer(Threads(database, ThreadStore(), EventStore("cognitive"), clock, Ids()), thinking)
    return models, Added(thread_grpc.add_ThreadServiceServicer_to_server, servicer, "soma.cognitive.v1.ThreadService")


def added(
    modulation: ModulationServicer,
    neuromodulators: NeuromodulatorServicer,
    sleep: SleepServicer,
    adaptation: AdaptationServicer,
) -> tuple[Added, ...]:
    """Servicers under their names in the contract."""
    return (
        Added(
            modulation_grpc.add_ModulationServiceServicer_to_server, modulation, "soma.cognitive.v1.ModulationService"
        ),
        Added(
            neuromodulator_grpc.add_NeuromodulatorServiceServicer_to_server,
            neuromodulators,
            "soma.cognitive.v1.NeuromodulatorService",
        ),
        Added(sleep_grpc.add_SleepServiceServicer_to_server, sleep, "soma.cognitive.v1.SleepService"),
        Added(
            adaptation_grpc.add_AdaptationServiceServicer_to_server, adaptation, "soma.cognitive.v1.AdaptationService"
        ),
    )


@pytest.fixture
async def cognition(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Cognition:
    urls = house_database("cognitive", "servers.cognitive")
    database = await open_database(urls)
    clock = SetClock()
    models, threads = await threads_on(rpc, database, clock)
    events, state_store, mind_store = EventStore("cognitive"), StateStore(database), MindStore(database)
    switched_off: dict[TenantId, tuple[str, ...]] = {}
    states = States(database, state_store, events, clock)
    minds = Minds(mind_store, lambda tenant: switched_off.get(tenant, ()), events, clock)
    diagnostics = Diagnostics(database, mind_store, state_store, AdaptationStore(database), clock)
    sleep_store = SleepStore(database)
    sleeps = Sleeps(database, sleep_store, events, clock)
    sleep_watch = SleepWatch(sleep_store, clock)
    nobody = rpc.channel(await rpc.serve("memory"), service="cognitive").stub(MemoryServiceStub)
    cycles, _ = cycles_on(database, sleep_store, nobody, clock)
    adaptations = Adaptations(database, AdaptationStore(database), states, minds, events, clock)
    served = await rpc.serve(
        "cognitive",
        *added(
            ModulationServicer(minds, states, diagnostics),
            NeuromodulatorServicer(states),
            SleepServicer(sleeps=sleeps, sleep_watch=sleep_watch, cycles=cycles),
            AdaptationServicer(adaptations),
        ),
        threads,
        idempotency=IdempotencyStore(database),
    )
    edge, chat = rpc.channel(served, service="edge"), rpc.channel(served, service="chat")
    return Cognition(
        edge.stub(neuromodulator_grpc.NeuromodulatorServiceStub),
        edge.stub(modulation_grpc.ModulationServiceStub),
        chat.stub(modulation_grpc.ModulationServiceStub),
        clock,
        database,
        edge.stub(thread_grpc.ThreadServiceStub),
        models,
        edge.stub(sleep_grpc.SleepServiceStub),
        sleeps,
        sleep_watch,
        edge.stub(adaptation_grpc.AdaptationServiceStub),
        adaptations,
        urls,
        states,
        minds,
        switched_off,
    )
