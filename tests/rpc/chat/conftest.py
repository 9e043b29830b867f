"""The chat house with its resources behind a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from servers.chat.adapters.offline import OfflineModel
from servers.chat.agents import Agents
from servers.chat.conversations.deletion import Deletion
from servers.chat.conversations.exporting import Exporting
from servers.chat.conversations.importing import Importing
from servers.chat.conversations.keeping import Conversations
from servers.chat.conversations.searching import Searching
from servers.chat.conversations.watching import Watchers
from servers.chat.domain.catalogue import Catalogue, KnownModel
from servers.chat.models.catalogues import Catalogues
from servers.chat.models.port import Models
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.rpc.agents import AgentServicer
from servers.chat.rpc.conversations import ConversationServicer
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.signals import open_signals
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.chat.resources import Chat, ScriptedMemory

OFFLINE = Catalogue(0, {"offline": KnownModel(OFFLINE_PROFILE)}, "offline")


@pytest.fixture
async def chat(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> AsyncIterator[Chat]:
    urls = house_database("chat", "servers.chat")
    database = await open_database(urls)
    clock, events, ids = SetClock(), EventStore("chat"), Ids()
    models = Models(Catalogues(database, OFFLINE, clock), {"offline": OfflineModel()})
    agents = Agents(database, events, models, clock, ids)
    memory = ScriptedMemory()
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, memory, "soma.memory.v1.MemoryService")
    channel = rpc.channel(await rpc.serve("memory", added), service="chat")
    deletion = Deletion(events, channel.stub(memory_grpc.MemoryServiceStub), clock)
    sagas = SagaOrchestrator(database, events, [deletion.definition()], Clock(), ids)
    signals = open_signals(None, urls)
    watchers = Watchers(database, signals, Clock(), ids)
    conversations = Conversations(database, events, agents, sagas, clock, ids, watchers)
    servicer = ConversationServicer(
        conversations,
        Searching(database, clock),
        Exporting(database, clock),
        Importing(database, events, agents, models, clock, ids),
        watchers,
    )
    served = await rpc.serve(
        "chat",
        Added(agent_grpc.add_AgentServiceServicer_to_server, AgentServicer(agents), "soma.chat.v1.AgentService"),
        Added(
            conversation_grpc.add_ConversationServiceServicer_to_server,
            servicer,
            "soma.chat.v1.ConversationService",
        ),
        idempotency=IdempotencyStore(database),
    )
    edge = rpc.channel(served, service="edge")
    running = asyncio.gather(sagas.run(), watchers.run())
    yield Chat(
        edge.stub(agent_grpc.AgentServiceStub),
        edge.stub(conversation_grpc.ConversationServiceStub),
        clock,
        database,
        sagas,
        memory,
        rpc.channel(served, service="control").stub(agent_grpc.AgentServiceStub),
        watchers,
        urls,
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await signals.close()


@pytest.fixture
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield
