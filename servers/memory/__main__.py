"""Composition root of the memory service: `python -m servers.memory`.

The only place that builds its concrete objects.
"""

import asyncio
import sys
from typing import Final

from config import Settings
from config.process import run_service
from config.values import MemorySettings, VectorIndexName
from servers.memory.embedders.http import EmbeddingModel
from servers.memory.erasing import erasers
from servers.memory.erasure.forgetting import Subjects
from servers.memory.erasure.rows import ErasureRows
from servers.memory.erasure.saga import HOUSES, STEP_SECONDS, Forgetting, House, OwnHouse, PeerHouse
from servers.memory.graph.linking import Linker
from servers.memory.graph.rows import LinkStore
from servers.memory.graph.searching import GraphSearch
from servers.memory.indexing.indexer import Indexer
from servers.memory.indexing.words import Words
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
from servers.memory.transfer.counting import Counter, IndexStanding
from servers.memory.transfer.exporting import Exporter
from servers.memory.transfer.importing import Importer
from servers.memory.upkeep.consolidating import Consolidating
from servers.memory.upkeep.consolidation_rows import ConsolidationRows
from servers.memory.upkeep.consolidation_saga import ConsolidationSaga
from servers.memory.upkeep.nightly import Nightly
from servers.memory.upkeep.proposers import Proposers
from servers.memory.upkeep.quarantine import Quarantines
from servers.memory.upkeep.sweeping import Sweeper
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.opening import Vectors, VectorSettings
from servers.memory.vectors.port import VectorsDownError
from servers.memory.vectors.searching import ServingVectors
from servers.memory.view.meaning import Meaning
from servers.memory.view.reading import Reader
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma.events.v1.house_operations_service_pb2_grpc import HouseOperationsServiceStub
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.embedding import StaticEmbedder
from soma_common.operations.erasing import Erasing
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.process import Process, ProcessSettings, opened
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.tokens import tokenizer_for

# Memories are counted for no model in particular; chat counts again for its own.
COUNTED_AS: Final = "o200k_base"


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    async with opened(own) as process:
        store = MemoryStore(process.database)
        embedder, words = StaticEmbedder(), Words()
        vectors = Vectors.of(process.database, embedder, vector_settings(settings), IndexMetrics())
        reader = Reader(words, Meaning(embedder, words))
        indexer = Indexer(embedder, reader, tokenizer_for(COUNTED_AS))
        accesses = Accesses(process.database, store, process.events, process.clock, process.ids)
        limits = _limits(settings)
        intake = Intake(store, limits)
        memories = Memories(process.database, store, intake, indexer, process.events, process.clock)
        revisions = Revisions(process.database, store, intake, memories, process.events, process.clock)
        forgetter = Forgetter(process.database, Sources(), process.events, process.clock)
        links = LinkStore(process.database)
        erasing = Erasing("memory", erasers(process.database, process.transport, process.clock))
        houses, channels = _houses(settings, process, erasing)
        rows = ErasureRows()
        forgetting = Forgetting(process.database, rows, houses, process.events, process.clock)
        changes = ChangeLog(process.database, store, reader)
        shelves = Shelves(changes, settings.memory_shelf_bytes)
        finder = Finder(shelves, changes, ServingVectors(vectors.spaces))
        recaller = Recaller(finder, store, links, indexer, reader, accesses, process.clock)
        chat = dial(settings.endpoint("chat").targets, process.signer, name="chat")
        channels.append(chat)
        upkeep = Upkeep(process, indexer, chat, settings.memory)
        sagas = process.orchestrator([forgetting.definition(), upkeep.saga.definition()])
        await recaller.warm()
        process.health.watch("memory_index", vectors.follower.check)
        servicer = MemoryServicer(
            memories=memories,
            forgetter=forgetter,
            recaller=recaller,
            sweeper=upkeep.sweeper,
            consolidating=upkeep.consolidating(sagas),
            min_retention=settings.memory.min_retention,
            linker=Linker(process.database, links, process.events),
            graph_search=GraphSearch(links, store, process.clock),
            quarantines=Quarantines(process.database, store, process.events, process.clock),
            rebuilder=vectors.rebuilder,
            revisions=revisions,
            reading=Reading(process.database, store, process.clock),
            exporter=Exporter(process.database, process.clock),
            importer=Importer(process.database, intake, memories, links, process.events, process.clock),
            counter=Counter(process.database, limits, _index_standing(vectors), process.clock),
            subjects=Subjects(process.database, rows, sagas, process.clock),
            clock=process.clock,
            ids=process.ids,
        )
        process.server.add(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
        tasks = [
            asyncio.create_task(accesses.run(), name="count accesses"),
            asyncio.create_task(upkeep.nightly.run(), name="keep memories in order"),
            asyncio.create_task(Uses(process.database, process.clock).run(), name="prune uses"),
            asyncio.create_task(vectors.follower.run(), name="follow memories into the index of vectors"),
        ]
        try:
            await process.serve(sagas=sagas, erasing=erasing)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await vectors.spaces.close()
            await shelves.close()
            for channel in channels:
                await channel.close()


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


def _index_standing(vectors: Vectors) -> IndexStanding:
    async def answers() -> bool:
        try:
            await vectors.follower.check()
        except VectorsDownError:
            return False
        return True

    return IndexStanding(vectors.name, vectors.spaces.serving().space.version, answers)


def _houses(settings: Settings, process: Process, erasing: Erasing) -> tuple[dict[str, House], list[Channel]]:
    """Every house that can have something of a person: the others by their doors."""
    channels = {
        name: dial(settings.endpoint(name).targets, process.signer, timeout_seconds=STEP_SECONDS, name=name)
        for name in HOUSES
        if name != "memory"
    }
    houses: dict[str, House] = {
        name: PeerHouse(channel.stub(HouseOperationsServiceStub)) for name, channel in channels.items()
    }
    return {**houses, "memory": OwnHouse(erasing)}, list(channels.values())


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


if __name__ == "__main__":
    sys.exit(run_service("memory", main))
