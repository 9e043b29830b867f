"""A governor that serves, on a database of its own."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from servers.governor.__main__ import SERVICE, build
from servers.governor.domain.ledger import Amount
from servers.governor.rpc.servicer import GovernorServicer
from servers.governor.settings import GovernorSettings
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Database
from soma_common.rpc.call import RpcCall, acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served


@dataclass
class Governor:
    """A running governor, and how to call it: as chat does (`stub`) and as the edge does (`door`)."""

    servicer: GovernorServicer
    database: Database
    registry: CollectorRegistry
    clock: SetClock
    stub: Any
    door: Any
    served: Served
    rpc: RpcHarness

    def connect(self, service: str) -> Any:
        """One more connection of a service."""
        return self.rpc.channel(self.served, service=service).stub(governor_grpc.GovernorServiceStub)

    def acting(self, sub: str = "ada", *roles: str, tenant: TenantId = TENANT) -> AbstractContextManager[RpcCall]:
        """Calls inside are made for this user."""
        caller: Caller = user(sub, tenant, roles or ("member",))
        return acting_as(caller, "a-correlation")

    async def rows(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        """Rows as the tenant's own."""
        async with self.database.transaction(TENANT) as connection:
            return [dict(row) for row in await connection.fetch(statement, *arguments)]


@pytest.fixture
async def governor(house_database: HouseDatabases, open_database: OpenDatabase, rpc: RpcHarness) -> Governor:
    """A tenant may use 100,000 tokens a day at first."""
    database = await open_database(house_database("governor", "servers.governor"))
    registry, clock, ids = CollectorRegistry(), SetClock(), Ids()
    settings = GovernorSettings(Amount(100_000, 0))
    servicer = build(database, EventStore("governor", ids), registry, clock, ids, settings)
    added = Added(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
    served = await rpc.serve("governor", added, idempotency=IdempotencyStore(database))
    stub = rpc.channel(served, service="chat").stub(governor_grpc.GovernorServiceStub)
    door = rpc.channel(served, service="edge").stub(governor_grpc.GovernorServiceStub)
    return Governor(servicer, database, registry, clock, stub, door, served, rpc)
