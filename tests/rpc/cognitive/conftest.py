"""The cognitive service on a real server and a real database."""

from dataclasses import dataclass

import pytest

from servers.cognitive.adapting.adaptations import Adaptations
from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.keeping.states import States
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.adaptation import AdaptationServicer
from servers.cognitive.rpc.modulation import ModulationServicer
from servers.cognitive.rpc.neuromodulators import NeuromodulatorServicer
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma_common.events.store import EventStore
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness


@dataclass(frozen=True)
class Cognition:
    """Stubs as the edge and as chat have them, and the clock and database behind."""

    user: neuromodulator_grpc.NeuromodulatorServiceStub
    user_modulation: modulation_grpc.ModulationServiceStub
    chat: modulation_grpc.ModulationServiceStub
    clock: SetClock
    database: Database
    adaptation: adaptation_grpc.AdaptationServiceStub
    adaptations: Adaptations


@pytest.fixture
async def cognition(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Cognition:
    database = await open_database(house_database("cognitive", "servers.cognitive"))
    clock = SetClock()
    events = EventStore("cognitive")
    states = States(database, StateStore(database), events, clock)
    adaptations = Adaptations(database, AdaptationStore(database), states, events, clock)
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
            adaptation_grpc.add_AdaptationServiceServicer_to_server,
            AdaptationServicer(adaptations),
            "soma.cognitive.v1.AdaptationService",
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
        edge.stub(adaptation_grpc.AdaptationServiceStub),
        adaptations,
    )
