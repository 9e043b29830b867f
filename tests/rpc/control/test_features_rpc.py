"""Features through their doors: read, set for one tenant or for all, followed live, and guarded."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest

from servers.control.features import Features
from servers.control.rpc import FeatureServicer
from servers.control.store import FeatureStore
from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.features import Features as Followed
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.replies import following
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served


@dataclass(frozen=True)
class Flags:
    """Stubs as the edge, chat and the command line have them, and what stands behind."""

    user: feature_grpc.FeatureServiceStub
    chat: feature_grpc.FeatureServiceStub
    cli: feature_grpc.FeatureServiceStub
    features: Features
    database: Database
    served: Served


@pytest.fixture
async def flags(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Flags:
    database = await open_database(house_database("control", "servers.control"))
    features = Features(database, FeatureStore(), EventStore("control"), Clock(), {"memory": True})
    await features.look()
    served = await rpc.serve(
        "control",
        Added(
            feature_grpc.add_FeatureServiceServicer_to_server,
            FeatureServicer(features),
            "soma.control.v1.FeatureService",
        ),
        idempotency=IdempotencyStore(database),
    )
    person, chat, cli = (
        rpc.channel(served, service=name).stub(feature_grpc.FeatureServiceStub) for name in ("edge", "chat", "cli")
    )
    return Flags(person, chat, cli, features, database, served)


@pytest.fixture(autouse=True)
def as_admin() -> Iterator[None]:
    with acting_as(user(roles=("admin",)), "test"):
        yield


def setting(everywhere: bool = False, **values: bool) -> feature_pb.UpdateFeaturesRequest:
    return feature_pb.UpdateFeaturesRequest(features=values, request_id=str(uuid4()), **{"global": everywhere})


async def value(flags: Flags, name: str) -> tuple[bool, str]:
    found = (await flags.user.GetFeatures(feature_pb.GetFeaturesRequest())).features
    (feature,) = [feature for feature in found if feature.name == name]
    return feature.enabled, feature.source


async def test_a_tenants_flag_is_its_own(flags: Flags) -> None:
    await flags.user.UpdateFeatures(setting(memory=False))
    assert await value(flags, "memory") == (False, "tenant")
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("admin",)), "test"):
        assert await value(flags, "memory") == (True, "settings")


async def test_a_global_flag_holds_for_all_and_a_tenants_own_beats_it(flags: Flags) -> None:
    await flags.user.UpdateFeatures(setting(everywhere=True, voice=True))
    assert await value(flags, "voice") == (True, "global")
    await flags.user.UpdateFeatures(setting(voice=False))
    assert await value(flags, "voice") == (False, "tenant")


async def test_an_operator_may_set_its_tenants_flags_but_not_global_ones(flags: Flags) -> None:
    with acting_as(user(roles=("operator",)), "test"):
        await flags.user.UpdateFeatures(setting(mcp=False))
        with pytest.raises(SomaError) as refused:
            await flags.user.UpdateFeatures(setting(everywhere=True, mcp=False))
    assert refused.value.reason is Reason.SCOPE_MISSING


async def test_an_unknown_flag_is_refused_and_nothing_is_set(flags: Flags) -> None:
    with pytest.raises(SomaError) as refused:
        await flags.user.UpdateFeatures(setting(memory=False, teleport=True))
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert await value(flags, "memory") == (True, "settings")


async def test_a_service_hears_of_every_change_from_the_first_message_on(flags: Flags) -> None:
    with acting_as(service_caller("chat"), "test"):
        async with following(flags.chat.WatchFeatures(feature_pb.WatchFeaturesRequest())) as stream:
            first = await anext(stream)
            assert (first.sequence, [tenant.tenant_id for tenant in first.tenants]) == (1, [""])
            with acting_as(user(roles=("admin",)), "test"):
                await flags.user.UpdateFeatures(setting(memory=False))
            second = await asyncio.wait_for(anext(stream), 5)
            (changed,) = second.tenants
            assert (second.sequence, changed.tenant_id, changed.features["memory"]) == (2, str(TENANT), False)


async def test_what_another_process_set_is_seen_by_looking(flags: Flags) -> None:
    other = Features(flags.database, FeatureStore(), EventStore("control"), Clock(), {"memory": True})
    await other.look()
    await flags.user.UpdateFeatures(setting(memory=False))
    await other.look()
    news = await anext(other.watch())
    assert news[TENANT]["memory"] is False


async def test_only_services_may_follow_the_flags_of_all_tenants(flags: Flags) -> None:
    with pytest.raises(SomaError) as refused:
        async with following(flags.cli.WatchFeatures(feature_pb.WatchFeaturesRequest())) as stream:
            await anext(stream)
    assert refused.value.reason is Reason.CALLER_NOT_ALLOWED


async def test_a_change_that_comes_while_the_last_one_is_told_is_told_too(flags: Flags) -> None:
    watching = flags.features.watch()
    first = await anext(watching)
    assert first[None]["voice"] is False
    await flags.user.UpdateFeatures(setting(everywhere=True, voice=True))
    async with asyncio.timeout(5):
        second = await anext(watching)
    assert second[None]["voice"] is True
    await watching.aclose()  # type: ignore[attr-defined]


async def test_a_name_without_end_is_refused_like_any_other(flags: Flags) -> None:
    with pytest.raises(SomaError) as caught:
        await flags.user.UpdateFeatures(setting(**{"x" * 300_000: True}))
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND


@asynccontextmanager
async def followed(flags: Flags, rpc: RpcHarness) -> AsyncIterator[Followed]:
    """The flags as cognitive knows them; inside the block it follows."""
    known = Followed("cognitive", {"titles": False}, rpc.channel(flags.served, service="cognitive"), Ids())
    task = asyncio.create_task(known.run())
    try:
        yield known
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_follows_knows_the_effects_that_each_tenant_goes_without(flags: Flags, rpc: RpcHarness) -> None:
    await flags.user.UpdateFeatures(setting(effect_warmth=False, effect_sleep_temperature=False, mcp=False))
    async with followed(flags, rpc) as known:
        assert await eventually(lambda: known.effects_off(TENANT) == ("sleep_temperature", "warmth"))
        assert known.effects_off(OTHER_TENANT) == ()
        assert known.off(TENANT, ("memory", "mcp", "titles")) == ("mcp",)
        await flags.user.UpdateFeatures(setting(effect_warmth=True))
        assert await eventually(lambda: known.effects_off(TENANT) == ("sleep_temperature",))
        await flags.user.UpdateFeatures(setting(everywhere=True, effect_patience=False))
        assert await eventually(lambda: known.effects_off(OTHER_TENANT) == ("patience",))


async def test_what_was_heard_last_holds_while_control_is_away(flags: Flags, rpc: RpcHarness) -> None:
    await flags.user.UpdateFeatures(setting(effect_warmth=False))
    async with followed(flags, rpc) as known:
        assert (known.effects_off(TENANT), known.enabled(TENANT, "titles")) == ((), False), "as it was started"
        assert await eventually(lambda: known.effects_off(TENANT) == ("warmth",))
        await flags.features.close()
        await flags.served.server.drain(0.1)
        with pytest.raises(SomaError):
            await flags.user.GetFeatures(feature_pb.GetFeaturesRequest())
        assert known.effects_off(TENANT) == ("warmth",)
