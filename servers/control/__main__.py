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
from config.values import HOUSES, SERVICES
from servers.control.administration import Administration, Installation
from servers.control.api_keys import ApiKeys
from servers.control.erasing import erasers
from servers.control.event_rpc import EventServicer
from servers.control.events import Closing, EventReading, Replaying
from servers.control.features import Features
from servers.control.fleet import COMMANDS, Fleet, OrchestratedFleet, SupervisedFleet
from servers.control.hashing import KeyHasher
from servers.control.key_exchange import KeyExchanging
from servers.control.key_rpc import ApiKeyServicer
from servers.control.key_store import KeyStore
from servers.control.operations.houses import Houses
from servers.control.operations.letters import DlqServicer
from servers.control.operations.sagas import SagaServicer
from servers.control.provisioning import Peers, Provisioning
from servers.control.rpc import AdminServicer, FeatureServicer
from servers.control.session_rpc import SessionServicer
from servers.control.sessions import Sessions
from servers.control.store import FeatureStore
from servers.control.tenant_making import TenantMaking
from servers.control.tenant_rpc import TenantServicer
from servers.control.tenant_store import TenantStore
from servers.control.tenants import Tenants
from servers.control.usage import CONSUMER, TYPES, UsageCounting, UsageReading
from servers.control.usage_rpc import UsageServicer
from servers.control.usage_store import UsageStore
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.control.v1 import admin_service_pb2_grpc as admin_grpc
from soma.control.v1 import api_key_service_pb2_grpc as key_grpc
from soma.control.v1 import dlq_service_pb2_grpc as dlq_grpc
from soma.control.v1 import event_service_pb2_grpc as event_grpc
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma.control.v1 import saga_service_pb2_grpc as saga_grpc
from soma.control.v1 import session_service_pb2_grpc as session_grpc
from soma.control.v1 import tenant_service_pb2_grpc as tenant_grpc
from soma.control.v1 import usage_service_pb2_grpc as usage_grpc
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.events.transports.history import History
from soma_common.events.transports.opening import open_history
from soma_common.kernel.tenancy import TenantId
from soma_common.operations.erasing import Erasing
from soma_common.replay.engine import ReplayEngine
from soma_common.rpc.dial import dial
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.process import Process, ProcessSettings, opened
from soma_common.security.keys import read_key
from soma_common.security.tokens import UserSigner
from soma_common.supervision.client import SupervisorClient

_PARTNERS: Final = ("governor", "chat")
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
    process.subscribe(CONSUMER, TYPES, counting.count)
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


class Identities:
    """The tenants and their API keys, and the saga that makes a tenant."""

    def __init__(self, settings: Settings, process: Process) -> None:
        signing, database, events = settings.identity.token_key_path, process.database, process.events
        store, tenant_store = KeyStore(), TenantStore()
        self.hasher = KeyHasher()
        root = read_key(signing).derived_secret("API keys")
        self.keys = ApiKeys(database, store, events, self.hasher, root, process.clock)
        signer = UserSigner(signing, process.clock, process.ids)
        self.exchanging = KeyExchanging(database, store, self.hasher, signer, process.clock)
        self.tenants = Tenants(database, tenant_store, events, process.clock)
        self._channels = {name: dial(settings.endpoint(name).targets, process.signer, name=name) for name in _PARTNERS}
        peers = Peers(
            self._channels["governor"].stub(GovernorServiceStub), self._channels["chat"].stub(AgentServiceStub)
        )
        self._usual = budget_pb.Budget(
            period=budget_pb.BUDGET_PERIOD_DAY,
            limit_tokens=settings.budget.day_tokens,
            limit_micros=settings.budget.day_micros,
            hard=True,
        )
        provisioning = Provisioning(tenant_store, self.keys, events, peers, self._usual, process.clock)
        self.sagas = process.orchestrator([provisioning.definition])
        self.making = TenantMaking(database, tenant_store, self.keys, self.sagas, peers)

    def add_to(self, process: Process) -> None:
        """Adds the services over them."""
        process.server.add(
            key_grpc.add_ApiKeyServiceServicer_to_server,
            ApiKeyServicer(self.keys, self.exchanging, IdempotencyStore(process.database)),
            "soma.control.v1.ApiKeyService",
        )
        process.server.add(
            tenant_grpc.add_TenantServiceServicer_to_server,
            TenantServicer(self.tenants, self.making, self._usual),
            "soma.control.v1.TenantService",
        )

    async def close(self) -> None:
        """Ends connections and threads."""
        self.hasher.close()
        for channel in self._channels.values():
            await channel.close()


def add_operations(settings: Settings, process: Process) -> Houses:
    """The doors to the sagas and dead letters of all houses, this one among them."""
    targets = {name: settings.endpoint(name).targets for name in HOUSES}
    houses = Houses({name: dial(found, process.signer, name=name) for name, found in targets.items() if found})
    add = process.server.add
    add(saga_grpc.add_SagaServiceServicer_to_server, SagaServicer(houses), "soma.control.v1.SagaService")
    add(dlq_grpc.add_DlqServiceServicer_to_server, DlqServicer(houses), "soma.control.v1.DlqService")
    return houses


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
        identities = Identities(settings, process)
        identities.add_to(process)
        owner = settings.identity
        await identities.tenants.adopt(TenantId(owner.tenant_id), owner.owner_sub, str(process.ids.uuid7()))
        process.server.add(
            session_grpc.add_SessionServiceServicer_to_server,
            SessionServicer(Sessions(process.database, process.clock)),
            "soma.control.v1.SessionService",
        )
        houses = add_operations(settings, process)
        looking = asyncio.create_task(features.keep_looking(), name="look at features")

        async def finish() -> None:
            closing.begin()
            await features.close()
            await administration.finish()

        try:
            erasing = Erasing("control", erasers(process.database))
            await process.serve(finish, sagas=identities.sagas, erasing=erasing)
        finally:
            looking.cancel()
            await history.close()
            await identities.close()
            await houses.close()


if __name__ == "__main__":
    sys.exit(run_service("control", main))
