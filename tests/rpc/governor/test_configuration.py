"""A tenant's configuration at the door: versions, what is refused and why, and plans that never use an older one."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT
from soma_common.testing.postgres import TestServer
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request

Config = config_pb.GovernorConfig
HOLD_VERSIONS = "select pg_advisory_lock(hashtextextended('governor.configuration.' || $1::uuid::text, 0))"
WAITING = (
    "select exists (select 1 from pg_locks where locktype = 'advisory' and not granted and database = "
    "(select oid from pg_database where datname = current_database()))"
)
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename like '%app'"


def update(config: Config | None = None, **more: object) -> governor_pb.UpdateConfigRequest:
    return governor_pb.UpdateConfigRequest(**{"request_id": str(uuid4()), "config": config, **more})  # type: ignore[arg-type]


async def change(governor: Governor, config: Config | None = None, **more: object) -> config_pb.ConfigVersion:
    with governor.acting("ada", "admin"):
        answer: governor_pb.UpdateConfigResponse = await governor.door.UpdateConfig(update(config, **more))
    return answer.version


async def refusal(governor: Governor, config: Config | None = None, **more: object) -> SomaError:
    with pytest.raises(SomaError) as caught:
        await change(governor, config, **more)
    return caught.value


async def held(governor: Governor, version: int | None = None) -> config_pb.ConfigVersion:
    with governor.acting():
        answer: governor_pb.GetConfigResponse = await governor.door.GetConfig(
            governor_pb.GetConfigRequest(version=version)
        )
    return answer.version


async def test_a_tenant_begins_with_what_comes_with_the_system(governor: Governor) -> None:
    found = await held(governor)
    assert (found.version, found.changed_by, found.HasField("create_time")) == (0, "", False)
    assert found == await held(governor, 0)
    config = found.config
    assert (config.weights.context_quality, config.good_checks_to_recover) == (0.4, 3)
    assert [row.tool_k for row in config.levels] == [5, 3, 1, 0, 0]
    assert {row.lane for row in config.bounds} >= {"history", "buffer"}
    assert config.lane_profile == plan_pb.LANE_PROFILE_AUTO
    assert config.receipt_retention_days == 400
    rows = {(row.dependency, row.state): row.level for row in config.health}
    assert rows["model", level_pb.DEPENDENCY_STATE_DOWN] == level_pb.DEGRADATION_LEVEL_L4


async def test_a_change_keeps_what_it_does_not_name_and_is_told(governor: Governor) -> None:
    made = await change(governor, Config(good_checks_to_recover=5, tool_success_prior=0.5), comment="calmer")
    assert (made.version, made.changed_by, made.comment) == (1, "ada", "calmer")
    assert list(made.changed_fields) == ["good_checks_to_recover", "tool_success_prior"]
    assert (made.config.good_checks_to_recover, made.config.weights.context_quality) == (5, 0.4)
    again = await change(governor, Config(rates=config_pb.RateRules(user_calls_per_minute=9)))
    assert (again.version, again.config.good_checks_to_recover) == (2, 5)
    assert await held(governor) == again
    assert await held(governor, 1) == made
    events = await governor.rows("select event_type, stream from events order by sequence")
    assert [row["event_type"] for row in events] == ["governor.config.changed"] * 2


async def test_each_tenant_has_its_own(governor: Governor) -> None:
    await change(governor, Config(good_checks_to_recover=5))
    with governor.acting("eve", "admin", tenant=OTHER_TENANT):
        found = await governor.door.GetConfig(governor_pb.GetConfigRequest())
        with pytest.raises(SomaError) as caught:
            await governor.door.GetConfig(governor_pb.GetConfigRequest(version=1))
    assert found.version.version == 0
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_a_version_is_restored_as_a_new_one(governor: Governor) -> None:
    await change(governor, Config(good_checks_to_recover=5))
    await change(governor, Config(good_checks_to_recover=9))
    back = await change(governor, restore_version=1)
    assert (back.version, back.restores_version, back.config.good_checks_to_recover) == (3, 1, 5)
    first = await change(governor, restore_version=0)
    assert (first.version, first.config.good_checks_to_recover) == (4, 3)
    assert first.config == (await held(governor, 0)).config
    assert (await refusal(governor, restore_version=77)).reason is Reason.RESOURCE_NOT_FOUND


async def test_what_changes_nothing_makes_no_version(governor: Governor) -> None:
    assert (await change(governor, Config(good_checks_to_recover=3))).version == 0
    assert (await change(governor, restore_version=0)).version == 0
    assert await governor.rows("select 1 from events") == []


async def test_whoever_is_based_on_an_older_version_is_refused(governor: Governor) -> None:
    assert (await change(governor, Config(good_checks_to_recover=5), based_on_version=0)).version == 1
    assert (
        await refusal(governor, Config(good_checks_to_recover=6), based_on_version=0)
    ).reason is Reason.ETAG_MISMATCH
    assert (await change(governor, Config(good_checks_to_recover=6), based_on_version=1)).version == 2


async def test_of_many_at_once_each_gets_a_version_or_is_told_to_read_again(governor: Governor) -> None:
    made = await asyncio.gather(*(change(governor, Config(wide_from_tokens=1000 + each)) for each in range(8)))
    assert sorted(each.version for each in made) == list(range(1, 9))
    tries = (change(governor, Config(wide_from_tokens=2000 + each), based_on_version=8) for each in range(8))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [end.version for end in ends if isinstance(end, config_pb.ConfigVersion)] == [9]
    assert {end.reason for end in ends if isinstance(end, SomaError)} == {Reason.ETAG_MISMATCH}


async def test_a_judgement_stores_nothing(governor: Governor) -> None:
    request = update(Config(good_checks_to_recover=5), validate_only=True)
    with governor.acting("ada", "admin"):
        for _ in range(2):
            shown = (await governor.door.UpdateConfig(request)).version
            assert (shown.version, list(shown.changed_fields)) == (1, ["good_checks_to_recover"])
    assert (await held(governor)).version == 0
    assert await governor.rows("select 1 from events") == []
    wrong = await refusal(governor, Config(weights=config_pb.AiqWeights(context_quality=0.9)), validate_only=True)
    assert wrong.reason is Reason.INVALID_FIELD


async def test_a_repeat_gets_the_same_answer_and_makes_nothing(governor: Governor) -> None:
    request = update(Config(good_checks_to_recover=5))
    with governor.acting("ada", "admin"):
        first = await governor.door.UpdateConfig(request)
        assert await governor.door.UpdateConfig(request) == first
        request.config.good_checks_to_recover = 6
        with pytest.raises(SomaError) as caught:
            await governor.door.UpdateConfig(request)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert (await held(governor)).version == 1


async def test_versions_are_listed_by_pages_without_their_values(governor: Governor) -> None:
    for checks in (4, 5, 6):
        await change(governor, Config(good_checks_to_recover=checks), comment=f"to {checks}")
    found, token = [], ""
    with governor.acting():
        while True:
            page = await governor.door.ListConfigVersions(
                governor_pb.ListConfigVersionsRequest(page_size=2, page_token=token)
            )
            found.extend(page.versions)
            token = page.next_page_token
            if not token:
                break
        with pytest.raises(SomaError):
            await governor.door.ListConfigVersions(governor_pb.ListConfigVersionsRequest(page_token="x"))
    assert [(each.version, each.comment) for each in found] == [(3, "to 6"), (2, "to 5"), (1, "to 4"), (0, "")]
    assert not any(each.HasField("config") for each in found)


async def test_only_an_administrator_changes_it(governor: Governor) -> None:
    with governor.acting("ada", "operator"), pytest.raises(SomaError) as caught:
        await governor.door.UpdateConfig(update(Config(good_checks_to_recover=5)))
    assert caught.value.reason is Reason.SCOPE_MISSING


async def test_every_mistake_is_named_with_a_sentence(governor: Governor) -> None:
    bounds = (await held(governor)).config.bounds
    bounds[0].floor = 900
    wrong = Config(
        weights=config_pb.AiqWeights(context_quality=0.5, tool_relevance=0.5, budget_efficiency=0.5),
        bounds=bounds,
        budget_thresholds=[config_pb.LevelThreshold(at=80, level=level_pb.DEGRADATION_LEVEL_L1)],
    )
    error = await refusal(governor, wrong)
    assert error.reason is Reason.INVALID_FIELD
    assert {each.field: each.description for each in error.violations} == {
        "config.weights": "the weights sum to 1.5; they must sum to 1",
        "config.bounds": (
            "the floors sum to 1100 tokens; the smallest window has 1024, of which 256 are for the answer, so they may "
            "sum to 768"
        ),
        "config.budget_thresholds[0].at": "it is a used share of a budget: more than 0 and at most 1",
    }
    incomplete = await refusal(governor, Config(bounds=bounds[:3]))
    assert [each.field for each in incomplete.violations] == ["config.bounds"]
    assert (await held(governor)).version == 0


async def test_the_next_plan_uses_it_and_its_receipt_shows_it(governor: Governor) -> None:
    levels = (await held(governor)).config.levels
    levels[0].tool_k = 2
    levels[1].tool_k = 2
    made = await change(governor, Config(levels=levels))
    request = plan_request()
    with governor.acting():
        plan = await governor.stub.PlanTurn(request)
        found = await governor.door.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=request.turn_id))
    assert (plan.plan_version, plan.tool_k) == (made.version, 2)
    assert found.receipt.plan_version == made.version
    rules = found.receipt.snapshot["rules"]
    assert (rules["version"], rules["levels"]["L0"][0]) == (1, 2)


async def test_while_the_database_is_away_nothing_half_is_made_and_the_old_one_holds(
    governor: Governor, postgres_server: TestServer
) -> None:
    await change(governor, Config(good_checks_to_recover=5))
    request = update(Config(good_checks_to_recover=9))
    name = (await governor.rows("select current_database() as name"))[0]["name"]
    inside = await asyncpg.connect(postgres_server.address(name))
    above = await asyncpg.connect(postgres_server.superuser_dsn)
    try:
        await inside.execute(HOLD_VERSIONS, TENANT)
        with governor.acting("ada", "admin"):
            asked = asyncio.create_task(governor.door.UpdateConfig(request))
            await eventually(lambda: inside.fetchval(WAITING))
            await above.execute(f"alter database {name} connection limit 0")
            await above.execute(CUT, name)
            with pytest.raises(SomaError) as caught:
                await asked
            await above.execute(f"alter database {name} connection limit -1")
            await inside.close()
            assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
            assert (await held(governor)).config.good_checks_to_recover == 5
            assert (await governor.stub.PlanTurn(plan_request())).plan_version == 1
            assert len(await governor.rows("select 1 from events where event_type = 'governor.config.changed'")) == 1
            assert (await governor.door.UpdateConfig(request)).version.version == 2
    finally:
        await inside.close()
        await above.close()
