"""The governor's level and configuration through the edge: REST and server-sent events by its generic transcoding."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import orjson
import pytest_asyncio
from prometheus_client import CollectorRegistry

from edge.serving import running
from edge.settings import EdgeSettings
from servers.governor.__main__ import SERVICE, build
from servers.governor.domain.health import Report
from servers.governor.domain.ledger import Amount
from servers.governor.domain.levels import Health, Observation
from servers.governor.rpc.servicer import GovernorServicer
from servers.governor.settings import GovernorSettings
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TestIdentity
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.edge.conftest import Door


@dataclass
class Governed:
    """An edge before a real governor."""

    door: Door
    servicer: GovernorServicer

    @asynccontextmanager
    async def session(self, *roles: str) -> AsyncIterator[aiohttp.ClientSession]:
        headers = {"Authorization": f"Bearer {self.door.token(roles=roles or ('viewer',))}"}
        async with aiohttp.ClientSession(self.door.url, headers=headers) as session:
            yield session

    async def memory_is(self, health: Health) -> None:
        report = Report("chat", (Observation("memory", health),))
        await self.servicer.health.hear("chat/1", report, 60)
        await self.servicer.level_watch.look()


@pytest_asyncio.fixture
async def governed(
    settings: EdgeSettings,
    identity: TestIdentity,
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
) -> AsyncIterator[Governed]:
    database = await open_database(house_database("governor", "servers.governor"))
    ids = Ids()
    own = GovernorSettings(Amount(100_000, 0))
    servicer = build(database, EventStore("governor", ids), CollectorRegistry(), Clock(), ids, own)
    added = Added(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
    served = await rpc.serve("governor", added, idempotency=IdempotencyStore(database))
    targets = {**settings.targets, "governor": (served.target,)}
    async with running(replace(settings, targets=targets)) as edge:
        yield Governed(Door(edge.port, edge.ops_port, identity), servicer)


async def data_of(response: aiohttp.ClientResponse) -> AsyncGenerator[Any, None]:
    """The messages of a stream of server-sent events."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield orjson.loads(line.removeprefix(b"data: "))


async def test_a_level_is_read_and_watched_as_server_sent_events(governed: Governed) -> None:
    async with governed.session() as session:
        async with session.get("/api/v1/level") as response:
            assert (response.status, (await response.json())["status"]["level"]) == (200, "DEGRADATION_LEVEL_L0")
        watching = session.get("/api/v1/level:watch", headers={"Accept": "text/event-stream"})
        async with watching as response, aclosing(data_of(response)) as news:
            assert response.headers["content-type"].startswith("text/event-stream")
            async with asyncio.timeout(5):
                first = await anext(news)
                await governed.memory_is(Health.DOWN)
                second = await anext(news)
            assert [int(each["sequence"]) for each in (first, second)] == [1, 2]
            assert [each["status"]["level"] for each in (first, second)] == [
                "DEGRADATION_LEVEL_L0",
                "DEGRADATION_LEVEL_L1",
            ]
            assert len(governed.servicer.level_watch) == 1
            response.close()
        await eventually(lambda: len(governed.servicer.level_watch) == 0)


async def test_a_configuration_is_changed_read_and_listed_by_rest(governed: Governed) -> None:
    path = "/api/v1/governor/config"
    async with governed.session("admin") as session:
        async with session.post(path, json={"config": {"goodChecksToRecover": 5}, "comment": "calmer"}) as response:
            made = (await response.json())["version"]
            assert (response.status, made["version"], made["changed_fields"]) == (200, 1, ["good_checks_to_recover"])
        async with session.get(path, params={"version": "0"}) as response:
            assert (await response.json())["version"]["config"]["good_checks_to_recover"] == 3
        async with session.get(f"{path}/versions") as response:
            listed = (await response.json())["versions"]
            assert [(each.get("version", 0), each.get("comment", "")) for each in listed] == [(1, "calmer"), (0, "")]
        async with session.post(path, json={"config": {"weights": {"contextQuality": 0.9}}}) as response:
            problem = await response.json()
            assert response.status == 400
            assert "the weights sum to 0.9; they must sum to 1" in str(problem)
        async with session.post(path, json={"restore_version": 0, "based_on_version": 0}) as response:
            assert response.status == 409
    async with governed.session("operator") as session, session.post(path, json={"restore_version": 0}) as response:
        assert response.status == 403
