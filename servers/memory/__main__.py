"""Composition root of the memory service: `python -m servers.memory`.

The only place that builds its concrete objects.
"""

import asyncio
import sys
from typing import Final

from config import Settings
from config.process import run_service
from config.values import MemorySettings
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
from servers.memory.recalling.recaller import Recaller
from servers.memory.recalling.uses import Uses
from servers.memory.rpc.servicer import MemoryServicer
from servers.memory.storing.changes import Changes
from servers.memory.storing.forgetting import Forgetter
from servers.memory.storing.intake import Intake, Limits
from servers.memory.storing.memories import Memories
from servers.memory.storing.reading import Reading
from servers.memory.storing.rows import MemoryStore
from servers.memory.storing.sources import Sources
from servers.memory.upkeep.consolidating import Consolidating
from servers.memory.upkeep.consolidation_rows import ConsolidationRows
from servers.memory.upkeep.consolidation_saga import ConsolidationSaga
from servers.memory.upkeep.nightly import Nightly
from servers.memory.upkeep.proposers import Proposers
from servers.memory.upkeep.quarantine import Quarantines
from servers.memory.upkeep.sweeping import Sweeper
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
        indexer = Indexer(StaticEmbedder(), Words(), tokenizer_for(COUNTED_AS))
        accesses = Accesses(process.database, store, process.events, process.clock, process.ids)
        intake = Intake(store, Limits())
        memories = Memories(process.database, store, intake, indexer, process.events, process.clock)
        changes = Changes(process.database, store, intake, memories, process.events, process.clock)
        forgetter = Forgetter(process.database, Sources(), process.events, process.clock)
        recaller = Recaller(store, indexer, accesses, process.clock)
        links = LinkStore(process.database)
        erasing = Erasing("memory", erasers(process.database, process.transport, process.clock))
        houses, channels = _houses(settings, process, erasing)
        rows = ErasureRows()
        forgetting = Forgetting(process.database, rows, houses, process.events, process.clock)
        chat = dial(settings.endpoint("chat").targets, process.signer, name="chat")
        channels.append(chat)
        upkeep = Upkeep(process, indexer, chat, settings.memory)
        sagas = process.orchestrator([forgetting.definition(), upkeep.saga.definition()])
        await recaller.warm()
        process.health.watch("memory_index", recaller.check_vectors)
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
            changes=changes,
            reading=Reading(process.database, store, process.clock),
            subjects=Subjects(process.database, rows, sagas, process.clock),
            clock=process.clock,
            ids=process.ids,
        )
        process.server.add(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
        counting = asyncio.create_task(accesses.run(), name="count accesses")
        keeping = asyncio.create_task(upkeep.nightly.run(), name="keep memories in order")
        pruning = asyncio.create_task(Uses(process.database, process.clock).run(), name="prune uses")
        try:
            await process.serve(sagas=sagas, erasing=erasing)
        finally:
            counting.cancel()
            keeping.cancel()
            pruning.cancel()
            await asyncio.gather(counting, keeping, pruning, return_exceptions=True)
            for channel in channels:
                await channel.close()


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
