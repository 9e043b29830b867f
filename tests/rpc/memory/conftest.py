"""The memory service on a real server and a real database."""

from dataclasses import dataclass

import pytest

from servers.memory.erasure.forgetting import Subjects
from servers.memory.erasure.rows import ErasureRows
from servers.memory.graph.linking import Linker
from servers.memory.graph.rows import LinkStore
from servers.memory.graph.searching import GraphSearch
from servers.memory.indexing.indexer import Indexer
from servers.memory.indexing.words import Words
from servers.memory.recalling.accesses import Accesses
from servers.memory.recalling.recaller import Recaller
from servers.memory.rpc.servicer import MemoryServicer
from servers.memory.storing.changes import Changes
from servers.memory.storing.forgetting import Forgetter
from servers.memory.storing.intake import Intake, Limits
from servers.memory.storing.memories import Memories
from servers.memory.storing.reading import Reading
from servers.memory.storing.rows import MemoryStore
from servers.memory.storing.sources import Sources
from servers.memory.upkeep.quarantine import Quarantines
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.embedding import StaticEmbedder
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from soma_common.tokens import tokenizer_for
from tests.rpc.memory.upkeep_parts import UpkeepParts, upkeep_of


@dataclass(frozen=True)
class Remembering:
    """Stubs as the edge and as chat have them, and what stands behind."""

    user: memory_grpc.MemoryServiceStub
    chat: memory_grpc.MemoryServiceStub
    clock: SetClock
    accesses: Accesses
    database: Database
    upkeep: UpkeepParts


@pytest.fixture(scope="session")
def indexer() -> Indexer:
    return Indexer(StaticEmbedder(), Words(), tokenizer_for("o200k_base"))


@pytest.fixture
async def remembering(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase, indexer: Indexer
) -> Remembering:
    database = await open_database(house_database("memory", "servers.memory"))
    clock, store = SetClock(), MemoryStore(database)
    accesses = Accesses(database, store, EventStore("memory"), clock, Ids())
    intake = Intake(store, Limits())
    memories = Memories(database, store, intake, indexer, EventStore("memory"), clock)
    changes = Changes(database, store, intake, memories, EventStore("memory"), clock)
    forgetter = Forgetter(database, Sources(), EventStore("memory"), clock)
    recaller = Recaller(store, indexer, accesses, clock)
    upkeep = await upkeep_of(rpc, database, indexer, clock)
    served = await rpc.serve(
        "memory",
        Added(
            memory_grpc.add_MemoryServiceServicer_to_server,
            MemoryServicer(
                memories=memories,
                forgetter=forgetter,
                recaller=recaller,
                sweeper=upkeep.sweeper,
                consolidating=upkeep.consolidating,
                subjects=Subjects(database, ErasureRows(), upkeep.orchestrator, clock),
                linker=Linker(database, LinkStore(database), EventStore("memory")),
                graph_search=GraphSearch(LinkStore(database), store, clock),
                quarantines=Quarantines(database, store, EventStore("memory"), clock),
                changes=changes,
                reading=Reading(database, store, clock),
                clock=clock,
                ids=Ids(),
            ),
            "soma.memory.v1.MemoryService",
        ),
        idempotency=IdempotencyStore(database),
    )
    edge, chat = rpc.channel(served, service="edge"), rpc.channel(served, service="chat")
    return Remembering(
        edge.stub(memory_grpc.MemoryServiceStub),
        chat.stub(memory_grpc.MemoryServiceStub),
        clock,
        accesses,
        database,
        upkeep,
    )
