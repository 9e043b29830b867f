"""Composition root of the memory service: `python -m servers.memory`.

The only place that builds its concrete objects.
"""

import gc
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from config import Settings
from config.process import run_service
from servers.memory.erasing import erasers
from servers.memory.erasure.rows import ErasureRows
from servers.memory.erasure.saga import HOUSES, STEP_SECONDS, Forgetting, House, OwnHouse, PeerHouse
from servers.memory.house import MemoryHouse
from soma.events.v1.house_operations_service_pb2_grpc import HouseOperationsServiceStub
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.operations.erasing import Erasing
from soma_common.operations.subjects import Eraser
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.process import Process, ProcessSettings, opened


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    async with opened(own) as process, AsyncExitStack() as closing:
        channels = _channels(settings, process)
        for channel in channels.values():
            closing.push_async_callback(channel.close)
        house = MemoryHouse(process, settings, channels["chat"])
        erasing = Erasing("memory", _erasers(process, house))
        erasures, houses = ErasureRows(), _houses(channels, erasing)
        forgetting = Forgetting(process.database, erasures, houses, process.events, process.clock)
        sagas = process.orchestrator([forgetting.definition(), house.upkeep.saga.definition()])
        await house.recaller.warm()
        process.health.watch("memory_index", house.vectors.follower.check)
        servicer = house.servicer(sagas, erasures)
        process.server.add(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
        # Tables of words and vectors stay for good: nobody shall wait while garbage is looked for in them.
        gc.collect()
        gc.freeze()
        async with house.at_work():
            await process.serve(sagas=sagas, erasing=erasing)


def _erasers(process: Process, house: MemoryHouse) -> Sequence[Eraser]:
    parts = (process.database, process.transport, process.events, process.clock)
    return erasers(*parts, *house.vectors.erasers())


def _channels(settings: Settings, process: Process) -> dict[str, Channel]:
    """To every other house that can have something of a person."""
    return {
        name: dial(settings.endpoint(name).targets, process.signer, timeout_seconds=STEP_SECONDS, name=name)
        for name in HOUSES
        if name != "memory"
    }


def _houses(channels: dict[str, Channel], erasing: Erasing) -> dict[str, House]:
    """Every house that can have something of a person: the others by their doors."""
    peers = {name: PeerHouse(channel.stub(HouseOperationsServiceStub)) for name, channel in channels.items()}
    return {**peers, "memory": OwnHouse(erasing)}


if __name__ == "__main__":
    sys.exit(run_service("memory", main))
