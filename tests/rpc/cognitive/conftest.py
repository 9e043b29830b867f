"""The cognitive service on a real server and a real database."""

from dataclasses import dataclass

import pytest

from servers.cognitive.keeping.states import States
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.modulation import ModulationServicer
from servers.cognitive.rpc.neuromodulators import NeuromodulatorServicer
from servers.cognitive.rpc.threads import ThreadServicer
from servers.cognitive.thoughts.store import ThreadStore
from servers.cognitive.thoughts.thinking import Thinking
from servers.cognitive.thoughts.threads import Threads
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.memory.upkeep_parts import ScriptedModels


@dataclass(frozen=True)
class Cognition:
    """Stubs as the edge and as chat have them, and the clock and database behind."""

    user: neuromodulator_grpc.NeuromodulatorServiceStub
    user_modulation: modulation_grpc.ModulationServiceStub
    chat: modulation_grpc.ModulationServiceStub
    clock: SetClock
    database: Database
    threads: thread_grpc.ThreadServiceStub
    models: ScriptedModels


@pytest.fixture
async def cognition(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Cognition:
    database = await open_database(house_database("cognitive", "servers.cognitive"))
    clock = SetClock()
    states = States(database, StateStore(database), EventStore("cognitive"), clock)
    models = ScriptedModels()  # type: ignore[abstract]  # the other methods are asked of nobody
    chat_house = await rpc.serve(
        "chat", Added(model_grpc.add_ModelServiceServicer_to_server, models, "soma.chat.v1.ModelService")
    )
    thinking = Thinking(rpc.channel(chat_house, service="cognitive").stub(model_grpc.ModelServiceStub))
    threads = Threads(database, ThreadStore(), EventStore("cognitive"), clock, Ids())
    served = await rpc.serve(
        "cognitive",
        Added(
            modulation_grpc.add_ModulationServiceServicer_to_server,
            ModulationServicer(states),
            "soma.cognitive.v1.ModulationService",
        ),
        Added(
            neuromodulator_grpc.add_NeuromodulatorServiceServicer_to_server,
            NeuromodulatorServicer(states),
            "soma.cognitive.v1.NeuromodulatorService",
        ),
        Added(
            thread_grpc.add_ThreadServiceServicer_to_server,
            ThreadServicer(threads, thinking),
            "soma.cognitive.v1.ThreadService",
        ),
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
    )
