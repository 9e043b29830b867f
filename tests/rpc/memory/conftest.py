"""The memory service on a real server and a real database."""

from dataclasses import dataclass
from typing import Final

import pytest
from prometheus_client import CollectorRegistry

from servers.memory.erasure.forgetting import Subjects
from servers.memory.erasure.rows import ErasureRows
from servers.memory.graph.linking import Linker
from servers.memory.graph.rows import LinkStore
from servers.memory.graph.searching import GraphSearch
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.accesses import Accesses
from servers.memory.recalling.changes import ChangeLog
from servers.memory.recalling.finding import Finder
from servers.memory.recalling.recaller import Recaller
from servers.memory.recalling.shelves import Shelves
from servers.memory.rpc.servicer import MemoryServicer
from servers.memory.storing.forgetting import Forgetter
from servers.memory.storing.intake import Intake, Limits
from servers.memory.storing.memories import Memories
from servers.memory.storing.reading import Reading
from servers.memory.storing.revising import Revisions
from servers.memory.storing.rows import MemoryStore
from servers.memory.storing.sources import Sources
from servers.memory.transfer.counting import Counter
from servers.memory.transfer.exporting import Exporter
from servers.memory.transfer.importing import Importer
from servers.memory.upkeep.quarantine import Quarantines
from servers.memory.upkeep.replaying import Replaying
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.opening import Vectors, VectorSettings
from servers.memory.vectors.searching import ServingVectors
from servers.memory.view.reading import Reader
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.embedding import StaticEmbedder
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from soma_common.tokens import tokenizer_for
from tests.rpc.memory.upkeep_parts import UpkeepParts, upkeep_of

READER: Final = Reader.of(StaticEmbedder())
# The first query reads a table, for which no call under test should wait.
READER.query("warm", SetClock().now())
SHELF_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Remembering:
    """Stubs as the edge and as chat have them, and what stands behind."""

    user: memory_grpc.MemoryServiceStub
    chat: memory_grpc.MemoryServiceStub
    clock: SetClock
    accesses: Accesses
    database: Database
    vectors: Vectors
    upkeep: UpkeepParts
    servicer: MemoryServicer
    cognitive: memory_grpc.MemoryServiceStub
    target: str


@pytest.fixture(scope="session")
def indexer() -> Indexer:
    return Indexer(READER, tokenizer_for("o200k_base"))


def vectors_of(database: Database) -> Vectors:
    """The index of vectors as a process has it."""
    return Vectors.of(database, READER, VectorSettings(), IndexMetrics(CollectorRegistry()))


async def recaller_of(
    database: Database,
    indexer: Indexer,
    accesses: Accesses,
    clock: Clock,
    shelf_bytes: int = SHELF_BYTES,
    vectors: Vectors | None = None,
) -> Recaller:
    """A recaller as a process has it."""
    store, reader = MemoryStore(database), READER
    changes = ChangeLog(database, store, reader)
    vectors = vectors or vectors_of(database)
    await vectors.spaces.refresh(vectors.queue, 0)
    finder = Finder(Shelves(changes, shelf_bytes), changes, ServingVectors(vectors.spaces))
    return Recaller(finder, store, LinkStore(database), indexer, reader, accesses, clock)


@dataclass(frozen=True)
class House:
    """What serves memory on a database, and what stands behind."""

    servicer: MemoryServicer
    accesses: Accesses
    vectors: Vectors
    upkeep: UpkeepParts


async def house_on(rpc: RpcHarness, database: Database, indexer: Indexer, clock: SetClock) -> House:
    """The house as a process has it, under small limits."""
    store, links, events = MemoryStore(database), LinkStore(database), EventStore("memory")
    accesses = Accesses(database, store, events, clock, Ids())
    limits = Limits(namespaces=20, daily_writes=600)
    intake = Intake(limits)
    memories = Memories(database, store, intake, indexer, events, clock)
    sagas = SagaOrchestrator(database, events, [], clock, Ids())
    vectors = vectors_of(database)
    upkeep = await upkeep_of(rpc, database, indexer, clock)
    servicer = MemoryServicer(
        memories=memories,
        forgetter=Forgetter(database, Sources(), events, clock),
        recaller=await recaller_of(database, indexer, accesses, clock, vectors=vectors),
        sweeper=upkeep.sweeper,
        consolidating=upkeep.consolidating,
        replaying=Replaying(database, clock),
        linker=Linker(database, links, events),
        graph_search=GraphSearch(links, store, clock),
        quarantines=Quarantines(database, store, events, clock),
        revisions=Revisions(database, store, intake, memories, events, clock),
        reading=Reading(database, store, clock),
        rebuilder=vectors.rebuilder,
        exporter=Exporter(database, clock),
        importer=Importer(database, intake, memories, links, events, clock),
        counter=Counter(database, limits, vectors, clock),
        subjects=Subjects(database, ErasureRows(), sagas, clock),
        clock=clock,
        ids=Ids(),
    )
    return House(servicer, accesses, vectors, upkeep)


@pytest.fixture
async def remembering(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase, indexer: Indexer
) -> Remembering:
    database = await open_database(house_database("memory", "servers.memory"))
    clock = SetClock()
    house = await house_on(rpc, database, indexer, clock)
    added = memory_grpc.add_MemoryServiceServicer_to_server, house.servicer, "soma.memory.v1.MemoryService"
    served = await rpc.serve("memory", Added(*added), idempotency=IdempotencyStore(database))
    edge, chat = rpc.channel(served, service="edge"), rpc.channel(served, service="chat")
    return Remembering(
        edge.stub(memory_grpc.MemoryServiceStub),
        chat.stub(memory_grpc.MemoryServiceStub),
        clock,
        house.accesses,
        database,
        house.vectors,
        house.upkeep,
        house.servicer,
        rpc.channel(served, service="cognitive").stub(memory_grpc.MemoryServiceStub),
        served.target,
    )
