"""Puts the parts of memory together: what serves it, and what works beside calls. `__main__.py` gives it a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from config import Settings
from config.values import MemorySettings, VectorIndexName
from servers.memory.embedders.http import EmbeddingModel
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
from servers.memory.recalling.uses import Uses
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
from servers.memory.upkeep.consolidating import Consolidating
from servers.memory.upkeep.consolidation_rows import ConsolidationRows
from servers.memory.upkeep.consolidation_saga import ConsolidationSaga
from servers.memory.upkeep.nightly import Nightly
from servers.memory.upkeep.proposers import Proposers
from servers.memory.upkeep.quarantine import Quarantines
from servers.memory.upkeep.replaying import Replaying
from servers.memory.upkeep.sweeping import Sweeper
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.opening import Vectors, VectorSettings
from servers.memory.vectors.searching import ServingVectors
from servers.memory.view.reading import Reader
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma_common.embedding import StaticEmbedder
from soma_common.rpc.dial import Channel
from soma_common.rpc.process import Process
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.tokens import tokenizer_for

# Memories are counted for no model in particular; chat counts again for its own.
COUNTED_AS: Final = "o200k_base"


class MemoryHouse:
    """Everything that serves memory over one database, and the work that goes on beside calls."""

    def __init__(self, process: Process, settings: Settings, chat: Channel) -> None:
        self._process, self._settings = process, settings
        database, events, clock = process.database, process.events, process.clock
        reader = Reader.of(StaticEmbedder())
        self.vectors = Vectors.of(database, reader, vector_settings(settings), IndexMetrics())
        indexer = Indexer(reader, tokenizer_for(COUNTED_AS))
        self._store, self._links = MemoryStore(database), LinkStore(database)
        self._accesses = Accesses(database, self._store, events, clock, process.ids)
        self._limits = _limits(settings)
        self._intake = Intake(self._limits)
        self._memories = Memories(database, self._store, self._intake, indexer, events, clock)
        changes = ChangeLog(database, self._store, reader)
        self._shelves = Shelves(changes, settings.memory_shelf_bytes)
        finder = Finder(self._shelves, changes, ServingVectors(self.vectors.spaces))
        self.recaller = Recaller(finder, self._store, self._links, indexer, reader, self._accesses, clock)
        self.upkeep = Upkeep(process, indexer, chat, settings.memory)

    def servicer(self, sagas: SagaOrchestrator, erasures: ErasureRows) -> MemoryServicer:
        """`soma.memory.v1.MemoryService` over it."""
        process = self._process
        database, events, clock = process.database, process.events, process.clock
        return MemoryServicer(
            memories=self._memories,
            forgetter=Forgetter(database, Sources(), events, clock),
            recaller=self.recaller,
            sweeper=self.upkeep.sweeper,
            consolidating=self.upkeep.consolidating(sagas),
            replaying=Replaying(database, clock),
            min_retention=self._settings.memory.min_retention,
            linker=Linker(database, self._links, events),
            graph_search=GraphSearch(self._links, self._store, clock),
            quarantines=Quarantines(database, self._store, events, clock),
            rebuilder=self.vectors.rebuilder,
            revisions=Revisions(database, self._store, self._intake, self._memories, events, clock),
            reading=Reading(database, self._store, clock),
            exporter=Exporter(database, clock),
            importer=Importer(database, self._intake, self._memories, self._links, events, clock),
            counter=Counter(database, self._limits, self.vectors, clock),
            subjects=Subjects(database, erasures, sagas, clock),
            clock=clock,
            ids=process.ids,
        )

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While inside, the work beside calls goes on; at the end everything is closed."""
        uses = Uses(self._process.database, self._process.clock)
        tasks = [
            asyncio.create_task(self._accesses.run(), name="count accesses"),
            asyncio.create_task(self.upkeep.nightly.run(), name="keep memories in order"),
            asyncio.create_task(uses.run(), name="prune uses"),
            asyncio.create_task(self._shelves.run(), name="keep shelves up"),
            asyncio.create_task(self.vectors.follower.run(), name="follow memories into the index of vectors"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.vectors.spaces.close()
            await self._shelves.close()


def vector_settings(settings: Settings) -> VectorSettings:
    """Where vectors are searched, and which model makes them."""
    embedder, milvus_uri = settings.embedder, None
    if settings.vector_index is VectorIndexName.MILVUS:
        milvus_uri = f"http://{settings.infrastructure.milvus_address}"
    model = None
    if embedder is not None:
        key = embedder.key.get_secret_value() if embedder.key is not None else None
        model = EmbeddingModel(embedder.url, embedder.model, embedder.dimensions, key)
    return VectorSettings(milvus_uri, model, settings.model_addresses)


def _limits(settings: Settings) -> Limits:
    usual, registry = Limits(), settings.registry
    return Limits(
        usual.namespaces if registry.memory_namespaces is None else registry.memory_namespaces,
        usual.daily_writes if registry.memory_daily_writes is None else registry.memory_daily_writes,
    )


class Upkeep:
    """What keeps memories in order."""

    def __init__(self, process: Process, indexer: Indexer, chat: Channel, own: MemorySettings) -> None:
        self._process = process
        self._rows = ConsolidationRows(MemoryStore(process.database))
        self._proposers = Proposers(indexer, chat.stub(ModelServiceStub))
        self.sweeper = Sweeper(process.database, process.events, process.clock)
        self.nightly = Nightly(
            database=process.database,
            sweeper=self.sweeper,
            events=process.events,
            clock=process.clock,
            ids=process.ids,
            sweeps=own.sweeps,
            min_retention=own.min_retention,
        )
        parts = (process.database, self._rows, self._proposers, indexer)
        self.saga = ConsolidationSaga(*parts, process.events, process.clock, process.ids)

    def consolidating(self, sagas: SagaOrchestrator) -> Consolidating:
        """The use cases, over the sagas of this process."""
        process = self._process
        return Consolidating(process.database, self._rows, self._proposers, sagas, process.events, process.clock)
