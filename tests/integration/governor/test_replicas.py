"""Several governors on one database: no plan uses an older configuration, and a level that moves is told once."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from servers.governor.__main__ import SERVICE, build
from servers.governor.domain.ledger import Amount
from servers.governor.rpc.servicer import GovernorServicer
from servers.governor.settings import GovernorSettings
from soma.common.v1 import level_pb2 as level_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.unit.governor.samples import plan_request

L0, L1 = level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L1
UPDATES = 12


@dataclass
class Replica:
    """One governor as its own process would be: pools, memory and port of its own."""

    servicer: GovernorServicer
    database: Database
    clock: SetClock
    chat: Any
    door: Any

    async def plan_version(self) -> int:
        return int((await self.chat.PlanTurn(plan_request())).plan_version)

    async def update(self, checks: int) -> int:
        config = config_pb.GovernorConfig(good_checks_to_recover=checks)
        request = governor_pb.UpdateConfigRequest(request_id=str(uuid4()), config=config)
        return int((await self.door.UpdateConfig(request)).version.version)

    async def second(self) -> None:
        """A second passes, and the process does what it does each second."""
        self.clock.advance(1)
        await self.servicer.health.look()
        await self.servicer.planning.looks.look()
        await self.servicer.level_watch.look()


@pytest.fixture
async def replicas(house_database: HouseDatabases, open_database: OpenDatabase, rpc: RpcHarness) -> list[Replica]:
    urls = house_database("governor", "servers.governor")
    made = []
    for _ in range(2):
        database, clock, ids = await open_database(urls), SetClock(), Ids()
        settings = GovernorSettings(Amount(10_000_000, 0))
        servicer = build(database, EventStore("governor", ids), CollectorRegistry(), clock, ids, settings)
        added = Added(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
        served = await rpc.serve("governor", added, idempotency=IdempotencyStore(database))
        chat, door = (
            rpc.channel(served, service=name).stub(governor_grpc.GovernorServiceStub) for name in ("chat", "edge")
        )
        made.append(Replica(servicer, database, clock, chat, door))
    return made


async def moves(replica: Replica) -> list[tuple[int, int]]:
    async with replica.database.transaction(TENANT) as connection:
        rows = await connection.fetch(
            "select payload from events where event_type = 'governor.level.changed' order by sequence"
        )
    told = [payloads_pb.LevelChanged.FromString(row["payload"]) for row in rows]
    return [(move.before, move.after) for move in told]


async def test_after_an_update_is_answered_no_plan_anywhere_uses_an_older_one(replicas: list[Replica]) -> None:
    answered, stop = 0, asyncio.Event()
    stale: list[tuple[int, int]] = []
    planned = 0

    async def keep_planning(replica: Replica) -> None:
        nonlocal planned
        while not stop.is_set():
            known = answered
            used = await replica.plan_version()
            planned += 1
            if used < known:
                stale.append((known, used))

    with acting_as(user("ada", TENANT, ("admin",)), "a-correlation"):
        planners = [asyncio.create_task(keep_planning(replica)) for replica in (*replicas, *replicas)]
        try:
            for number in range(UPDATES):
                answered = await replicas[number % 2].update(4 + number)
                other = await replicas[(number + 1) % 2].plan_version()
                assert other == answered == number + 1
        finally:
            stop.set()
            await asyncio.gather(*planners)
    assert stale == []
    assert planned >= UPDATES


async def test_a_level_that_several_see_move_is_told_once(replicas: list[Replica]) -> None:
    one, _ = replicas
    seen = [level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN)]
    report = governor_pb.ReportHealthRequest(instance="chat/1", dependencies=seen, valid_seconds=60)
    with acting_as(user("ada", TENANT, ("admin",)), "a-correlation"):
        calls = [replica.door.WatchLevel(governor_pb.WatchLevelRequest()) for replica in replicas]
        watches: list[AsyncGenerator[Any, None]] = [aiter(call) for call in calls]
        assert [(await anext(watch)).status.level for watch in watches] == [L0, L0]
        await one.chat.ReportHealth(report)
        await asyncio.gather(*(replica.second() for replica in replicas))
        assert [(await anext(watch)).status.level for watch in watches] == [L1, L1]
        assert await moves(one) == [(L0, L1)]
        report.dependencies[0].state = level_pb.DEPENDENCY_STATE_UP
        await one.chat.ReportHealth(report)
        for _ in range(3):
            assert await moves(one) == [(L0, L1)]
            await asyncio.gather(*(replica.second() for replica in replicas))
        assert await moves(one) == [(L0, L1), (L1, L0)]
        last = [[(await anext(watch)).status.level for _ in range(3)][-1] for watch in watches]
        assert last == [L0, L0]
        for watch in watches:
            await watch.aclose()
