"""Composition root of the cognitive service: `python -m servers.cognitive`.

The only place that builds its concrete objects.
"""

import sys

from config import Settings
from config.process import run_service
from servers.cognitive.erasing import erasers
from servers.cognitive.rpc import ModulationServicer, NeuromodulatorServicer
from servers.cognitive.states import States
from servers.cognitive.store import StateStore
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma_common.operations.erasing import Erasing
from soma_common.rpc.process import ProcessSettings, opened


async def main(_: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    async with opened(own) as process:
        states = States(process.database, StateStore(process.database), process.events, process.clock)
        process.server.add(
            modulation_grpc.add_ModulationServiceServicer_to_server,
            ModulationServicer(states),
            "soma.cognitive.v1.ModulationService",
        )
        process.server.add(
            neuromodulator_grpc.add_NeuromodulatorServiceServicer_to_server,
            NeuromodulatorServicer(states),
            "soma.cognitive.v1.NeuromodulatorService",
        )
        await process.serve(erasing=Erasing("cognitive", erasers(process.database)))


if __name__ == "__main__":
    sys.exit(run_service("cognitive", main))
