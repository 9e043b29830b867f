"""Composition root of the control service: `python -m servers.control`.

The only place that builds its concrete objects.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Final

from config import DeployMode, Settings
from config.process import run_service
from config.programs import doors, programs
from config.values import SERVICES
from servers.control.administration import Administration, Installation
from servers.control.event_rpc import EventServicer
from servers.control.events import Closing, EventReading, Replaying
from servers.control.features import Features
from servers.control.fleet import COMMANDS, Fleet, OrchestratedFleet, SupervisedFleet
from servers.control.rpc import AdminServicer, FeatureServicer
from servers.control.store import FeatureStore
from servers.control.usage import UsageCounting, UsageReading
from servers.control.usage_rpc import UsageServicer
from servers.control.usage_store import UsageStore
from soma.control.v1 import admin_service_pb2_grpc as admin_grpc
from soma.control.v1 import event_service_pb2_grpc as event_grpc
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma.control.v1 import usage_service_pb2_grpc as usage_grpc
from soma_common.events.transports.history import History
from soma_common.events.transports.opening import open_history
from soma_common.replay.engine import ReplayEngine
from soma_common.rpc.dial import dial
from soma_common.rpc.process import Process, ProcessSettings, opened
from soma_common.supervision.client import SupervisorClient

_ORCHESTRATORS: Final = {
    DeployMode.SOMASTACK: {command: f"docker compose {command} {{name}}" for command in COMMANDS},
    DeployMode.K8S: {
        "start": "kubectl scale deployment/{name} --replicas=1",
        "stop": "kubectl scale deployment/{name} --replicas=0",
        "restart": "kubectl rollout restart deployment/{name}",
    },
}


def build_fleet(settings: Settings, process: Process) -> Fleet:
    """The processes of this shape of deployment."""
    if settings.mode is DeployMode.STANDALONE:
        probes = {program.name: program.probe_address for program in programs(settings) if program.probe_address}
        client = SupervisorClient(settings.supervisor_socket)
        return SupervisedFleet(client, doors(settings), probes, own_name="control")
    targets = {name: settings.endpoint(name).targets for name in SERVICES}
    return OrchestratedFleet(
        {name: dial(found, process.signer, name=name) for name, found in targets.items() if found},
        {name: ", ".join(found) for name, found in targets.items()},
        _ORCHESTRATORS[settings.mode],
    )


def add_events(process: Process, history: History, closing: Closing) -> None:
    """Count usage from what is published, and serve it, and what was published itself."""
    store = UsageStore()
    counting = UsageCounting(store)
    process.consume(counting.consumption())
    engine = ReplayEngine(process.database, history, process.clock)
    replaying = Replaying(process.database, engine, [counting.target()], process.ids, closing)
    process.server.add(
        event_grpc.add_EventServiceServicer_to_server,
        EventServicer(EventReading(history, closing), replaying),
        "soma.control.v1.EventService",
    )
    process.server.add(
        usage_grpc.add_UsageServiceServicer_to_server,
        UsageServicer(UsageReading(process.database, store, process.clock)),
        "soma.control.v1.UsageService",
    )


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    async with opened(own) as process:
        features = Features(process.database, FeatureStore(), process.events, process.clock, settings.flags)
        shape = "AAAS" if settings.aaas else settings.mode.name
        installation = Installation(shape, version("somastack"), settings.home)
        administration = Administration(build_fleet(settings, process), process.database, process.events, installation)
        process.server.add(
            admin_grpc.add_AdminServiceServicer_to_server,
            AdminServicer(administration, process.clock),
            "soma.control.v1.AdminService",
        )
        process.server.add(
            feature_grpc.add_FeatureServiceServicer_to_server,
            FeatureServicer(features),
            "soma.control.v1.FeatureService",
        )
        closing, history = Closing(), await open_history(own.transport)
        add_events(process, history, closing)
        looking = asyncio.create_task(features.keep_looking(), name="look at features")

        async def finish() -> None:
            closing.begin()
            await features.close()
            await administration.finish()

        try:
            await process.serve(finish)
        finally:
            looking.cancel()
            await history.close()


if __name__ == "__main__":
    sys.exit(run_service("control", main))
