"""Reports of health through the governor's door, and what a plan makes of them."""

from datetime import timedelta

import pytest

from servers.governor.domain.health import Report
from servers.governor.domain.levels import Health, Observation
from servers.governor.health.store import HealthStore, ValidReport
from servers.governor.health.view import HealthView
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.rpc.call import acting_as
from soma_common.testing.clock import SetClock
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request

UP, DOWN = level_pb.DEPENDENCY_STATE_UP, level_pb.DEPENDENCY_STATE_DOWN


async def report(
    governor: Governor, instance: str, valid_seconds: int = 8, **seen: level_pb.DependencyState.ValueType
) -> None:
    house = instance.partition("/")[0]
    dependencies = [level_pb.ObservedDependency(name=name, state=state) for name, state in seen.items()]
    request = governor_pb.ReportHealthRequest(instance=instance, dependencies=dependencies, valid_seconds=valid_seconds)
    with acting_as(service_caller(house), "a-correlation"):
        await governor.connect(house).ReportHealth(request)


async def sentences(governor: Governor) -> list[str]:
    with governor.acting():
        plan = await governor.stub.PlanTurn(plan_request())
    return [reason.sentence for reason in plan.level_reasons]


async def test_what_a_process_reports_counts_until_it_says_otherwise_or_is_silent(governor: Governor) -> None:
    await report(governor, "chat/1", events=DOWN)
    assert "Events are kept here" in " ".join(await sentences(governor))
    await report(governor, "chat/1")
    assert await sentences(governor) == []
    await report(governor, "chat/1", valid_seconds=5, events=DOWN)
    governor.clock.advance(4.9)
    assert len(await sentences(governor)) == 1
    governor.clock.advance(0.2)
    assert await sentences(governor) == []


async def test_another_governor_knows_it_too_until_it_expires(governor: Governor) -> None:
    clock = SetClock()
    other = HealthView(HealthStore(governor.database), clock)
    await report(governor, "memory/1", database=DOWN)
    await report(governor, "memory/2", database=UP)
    await report(governor, "cognitive/1", database=DOWN)
    await other.look()
    assert {seen.name: seen.health for seen in other.observations()} == {
        "memory_database": Health.UP,
        "cognitive_database": Health.DOWN,
    }
    clock.advance(8.1)
    assert other.observations() == ()


async def test_the_newest_report_of_a_process_replaces_the_one_before(governor: Governor) -> None:
    await report(governor, "memory/1", memory_index=DOWN)
    await report(governor, "memory/1", memory_index=UP)
    other = HealthView(HealthStore(governor.database), SetClock())
    await other.look()
    assert [(seen.name, seen.health) for seen in other.observations()] == [("memory_index", Health.UP)]


async def test_a_report_that_the_database_takes_late_replaces_no_newer_one(governor: Governor) -> None:
    store, now = HealthStore(governor.database), governor.clock.now()
    down, up = (Report("memory", (Observation("memory_index", health),)) for health in (Health.DOWN, Health.UP))
    await store.put(ValidReport("memory/1", up, now + timedelta(seconds=1), 8.0))
    await store.put(ValidReport("memory/1", down, now, 8.0))
    assert [valid.report for valid in await store.valid(now)] == [up]


async def test_nobody_speaks_for_another_house(governor: Governor) -> None:
    request = governor_pb.ReportHealthRequest(instance="memory/1")
    with acting_as(service_caller("chat"), "a-correlation"), pytest.raises(SomaError) as refused:
        await governor.connect("chat").ReportHealth(request)
    assert refused.value.reason is Reason.INVALID_FIELD
    with governor.acting("ada", "admin"), pytest.raises(SomaError) as person:
        await governor.connect("cli").ReportHealth(request)
    assert person.value.reason is Reason.CALLER_NOT_ALLOWED
