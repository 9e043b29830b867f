"""A tenant's level at the door: read, watched, and recovered although nobody speaks."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any, ClassVar

import pytest

from servers.governor.domain.rules import Level
from servers.governor.levels.reading import Levels, Reading
from servers.governor.levels.watching import LevelWatch
from soma.common.v1 import level_pb2 as level_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request

L0, L1, L4 = level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L1, level_pb.DEGRADATION_LEVEL_L4
UP, DOWN = level_pb.DEPENDENCY_STATE_UP, level_pb.DEPENDENCY_STATE_DOWN


async def report(governor: Governor, state: level_pb.DependencyState.ValueType, name: str = "memory") -> None:
    seen = [level_pb.ObservedDependency(name=name, state=state)]
    with governor.acting():
        await governor.stub.ReportHealth(
            governor_pb.ReportHealthRequest(instance="chat/1", dependencies=seen, valid_seconds=60)
        )


async def level(governor: Governor) -> config_pb.LevelStatus:
    with governor.acting():
        answer: governor_pb.GetLevelResponse = await governor.door.GetLevel(governor_pb.GetLevelRequest())
    return answer.status


async def told(governor: Governor) -> list[tuple[int, int]]:
    rows = await governor.rows(
        "select payload from events where event_type = 'governor.level.changed' order by sequence"
    )
    moves = [payloads_pb.LevelChanged.FromString(row["payload"]) for row in rows]
    return [(move.before, move.after) for move in moves]


async def second(governor: Governor) -> None:
    """A second passes, and the process looks as it does each second."""
    governor.clock.advance(1)
    await governor.servicer.planning.looks.look()
    await governor.servicer.level_watch.look()


@asynccontextmanager
async def watching(governor: Governor) -> AsyncIterator[AsyncGenerator[Any, None]]:
    with governor.acting():
        call = governor.door.WatchLevel(governor_pb.WatchLevelRequest())
    replies = aiter(call)
    try:
        yield replies
    finally:
        await replies.aclose()


async def test_a_level_is_read_with_its_reasons_and_dependencies(governor: Governor) -> None:
    assert (await level(governor)).level == L0
    await report(governor, DOWN)
    found = await level(governor)
    assert (found.level, found.good_checks, found.good_checks_to_recover) == (L1, 0, 3)
    assert [reason.sentence for reason in found.reasons] == [
        "The memory service does not answer, so nothing is recalled."
    ]
    assert [(seen.name, seen.state) for seen in found.dependencies] == [("memory", DOWN)]
    # Whoever only asks moves nothing.
    assert await told(governor) == []


async def test_without_turns_a_level_recovers_by_the_time_passed(governor: Governor) -> None:
    with governor.acting():
        seen = [level_pb.ObservedDependency(name="memory", state=DOWN)]
        assert (await governor.stub.PlanTurn(plan_request(observed_dependencies=seen))).level == L1
        assert (await governor.stub.PlanTurn(plan_request())).level == L1
        for _ in range(3):
            assert (await level(governor)).level == L1
            governor.clock.advance(1)
            await governor.servicer.planning.looks.look()
        assert (await level(governor)).level == L0
        assert (await governor.stub.PlanTurn(plan_request())).level == L0
    assert await told(governor) == [(L0, L1), (L1, L0)]


async def test_a_watcher_sees_each_change_once_and_it_is_told_once(governor: Governor) -> None:
    async with watching(governor) as replies:
        first = await anext(replies)
        assert (first.sequence, first.status.level) == (1, L0)
        await second(governor)
        await report(governor, DOWN)
        await second(governor)
        fallen = await anext(replies)
        assert (fallen.sequence, fallen.status.level) == (2, L1)
        assert fallen.status.HasField("since")
        await report(governor, UP)
        levels = []
        for number in range(3):
            await second(governor)
            reply = await anext(replies)
            assert reply.sequence == 3 + number
            levels.append((reply.status.level, reply.status.good_checks))
        assert levels == [(L1, 1), (L1, 2), (L0, 0)]
    assert await told(governor) == [(L0, L1), (L1, L0)]
    await eventually(lambda: len(governor.servicer.level_watch) == 0)


async def test_a_budget_that_runs_low_is_seen_as_well(governor: Governor) -> None:
    async with watching(governor) as replies:
        await anext(replies)
        rows = "update budgets set used_tokens = 85000 where period = 'day'"
        with governor.acting():
            await governor.stub.PlanTurn(plan_request())
        await governor.rows(f"with moved as ({rows} returning 1) select * from moved")
        await second(governor)
        reply = await anext(replies)
    assert reply.status.level == L1
    assert reply.status.reasons[0].sentence == "85% of the day budget is used."


class CountedLevels(Levels):
    """Levels that say of whom they were asked together."""

    asked: ClassVar[list[int]] = []

    async def get_many(self, tenants: Sequence[TenantId]) -> dict[TenantId, Reading]:
        self.asked.append(len(tenants))
        return await super().get_many(tenants)


async def test_all_watchers_of_all_tenants_share_one_statement(governor: Governor) -> None:
    given = governor.servicer.levels
    watch = LevelWatch(CountedLevels(*(getattr(given, each.name) for each in fields(given))))
    streams = [watch.watch(tenant) for tenant in (TENANT, TENANT, OTHER_TENANT)]
    for stream in streams:
        assert (await anext(stream)).status.level is Level.L0
    await report(governor, DOWN)
    await watch.look()
    assert CountedLevels.asked == [2]
    assert [(await anext(stream)).status.level for stream in streams] == [Level.L1] * 3
    for stream in streams:
        await stream.aclose()
    assert len(watch) == 0


async def test_a_new_configuration_is_seen_by_who_watches(governor: Governor) -> None:
    await report(governor, DOWN)
    async with watching(governor) as replies:
        assert (await anext(replies)).status.level == L1
        rule = config_pb.HealthRule(dependency="memory", state=DOWN, level=level_pb.DEGRADATION_LEVEL_L3)
        with governor.acting("ada", "admin"):
            await governor.door.UpdateConfig(
                governor_pb.UpdateConfigRequest(
                    request_id="0198c0de-0000-7000-8000-000000000009", config=config_pb.GovernorConfig(health=[rule])
                )
            )
        await second(governor)
        assert (await anext(replies)).status.level == level_pb.DEGRADATION_LEVEL_L3


async def test_a_drain_ends_every_watch_and_takes_no_new_one(governor: Governor) -> None:
    async with watching(governor) as replies:
        await anext(replies)
        await governor.servicer.level_watch.drain()
        with pytest.raises(SomaError) as caught:
            await anext(replies)
    assert caught.value.reason is Reason.SHUTTING_DOWN
    async with watching(governor) as late:
        with pytest.raises(SomaError) as refused:
            await anext(late)
    assert refused.value.reason is Reason.SHUTTING_DOWN


async def test_a_tenant_watches_its_own_level(governor: Governor) -> None:
    with governor.acting():
        seen = [level_pb.ObservedDependency(name="model", state=DOWN)]
        await governor.stub.PlanTurn(plan_request(observed_dependencies=seen))
    assert (await level(governor)).level == L4
    with governor.acting("eve", tenant=OTHER_TENANT):
        other = await governor.door.GetLevel(governor_pb.GetLevelRequest())
    assert other.status.level == L0
