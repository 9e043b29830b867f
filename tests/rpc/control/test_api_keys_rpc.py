"""API keys through their doors: made within the maker's rights, told once, exchanged, rotated, revoked, and guarded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration

from servers.control.api_keys import ApiKeys
from servers.control.features import Features
from servers.control.hashing import KeyHasher
from servers.control.key_exchange import KeyExchanging
from servers.control.key_rpc import ApiKeyServicer
from servers.control.key_store import KeyStore
from servers.control.rpc import FeatureServicer
from servers.control.store import FeatureStore
from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, service_caller
from soma_common.postgres.house import HouseDatabase
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import dial
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.rpc.server import ServerSettings
from soma_common.security.keys import read_key
from soma_common.security.roles import scopes_for
from soma_common.security.tokens import UserSigner
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import OTHER_TENANT, TENANT, TestIdentity, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served

REFUSED = "no API key that is in force has this text"


class OneToken:
    """Signs calls with what it was given: as a program does that has a key."""

    def __init__(self, text: str) -> None:
        self.text = text

    def token_for(self, _caller: Caller) -> str:
        return self.text


@dataclass
class Keys:
    """Control with its keys, and another service at whose door they are shown."""

    rpc: RpcHarness
    control: Served
    door: Served
    stub: keys_grpc.ApiKeyServiceStub
    urls: HouseDatabase
    control_clock: SetClock
    door_clock: SetClock

    async def make(self, **fields: Any) -> keys_pb.CreateApiKeyResponse:
        request = keys_pb.CreateApiKeyRequest(**{"name": "ci", "request_id": str(uuid4()), **fields})
        return await self.stub.CreateApiKey(request)

    async def exchange(self, text: str) -> keys_pb.ExchangeApiKeyResponse:
        stub = self.rpc.channel(self.control, service="edge").stub(keys_grpc.ApiKeyServiceStub)
        with acting_as(service_caller("edge"), "test"):
            return await stub.ExchangeApiKey(keys_pb.ExchangeApiKeyRequest(key=text))

    async def knock(self, text: str, served: Served | None = None) -> list[feature_pb.Feature]:
        """Call a service with a key as the bearer."""
        async with dial((served or self.door).target, OneToken(text)) as channel:
            stub = channel.stub(feature_grpc.FeatureServiceStub)
            return list((await stub.GetFeatures(feature_pb.GetFeaturesRequest())).features)

    async def rows(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.urls.owner_dsn)
        try:
            await connection.execute("set search_path to control")
            return list(await connection.fetch(statement))
        finally:
            await connection.close()


@pytest.fixture
async def keys(
    rpc: RpcHarness, identity: TestIdentity, house_database: HouseDatabases, open_database: OpenDatabase
) -> Keys:
    urls = house_database("control", "servers.control")
    database = await open_database(urls)
    control_clock, door_clock = SetClock(datetime.now(UTC)), SetClock()
    store, events, hasher = KeyStore(), EventStore("control"), KeyHasher()
    root = read_key(identity.token_key_path).derived_secret("API keys")
    signer = UserSigner(identity.token_key_path, control_clock, Ids())
    exchanging = KeyExchanging(database, store, hasher, signer, control_clock)
    answers = IdempotencyStore(database)
    servicer = ApiKeyServicer(ApiKeys(database, store, events, hasher, root, control_clock), exchanging, answers)
    register, name = keys_grpc.add_ApiKeyServiceServicer_to_server, "soma.control.v1.ApiKeyService"
    control = await rpc.serve("control", Added(register, servicer, name), idempotency=answers)
    features = FeatureServicer(Features(database, FeatureStore(), events, Clock(), {"memory": True}))
    exchange = KeyExchange("memory", [control.target], identity.signer("memory"), door_clock)
    door = await rpc.serve(
        "memory",
        Added(feature_grpc.add_FeatureServiceServicer_to_server, features, "soma.control.v1.FeatureService"),
        settings=ServerSettings(keys=exchange),
    )
    stub = rpc.channel(control).stub(keys_grpc.ApiKeyServiceStub)
    return Keys(rpc, control, door, stub, urls, control_clock, door_clock)


@pytest.fixture(autouse=True)
def as_admin() -> Iterator[None]:
    with acting_as(user(roles=("admin",)), "test"):
        yield


async def refusal(work: Any) -> SomaError:
    with pytest.raises(SomaError) as caught:
        await work
    return caught.value


async def test_a_key_opens_the_door_of_a_service_for_its_tenant(keys: Keys, identity: TestIdentity) -> None:
    made = await keys.make(role="viewer", sub="robot")
    assert made.key.startswith(f"soma_{made.api_key.key_id}_")
    assert {feature.name for feature in await keys.knock(made.key)} >= {"memory"}
    caller = identity.verifier().verify((await keys.exchange(made.key)).token)
    assert (caller.tenant_id, caller.sub, caller.roles) == (TENANT, "robot", frozenset({"viewer"}))
    assert caller.scopes == scopes_for(["viewer"])
    assert (caller.sid, caller.service) == (made.api_key.key_id, None)


async def test_the_text_of_a_key_is_nowhere_in_the_database(keys: Keys) -> None:
    made = await keys.make()
    secret = made.key.rpartition("_")[2]
    kept = await keys.rows(
        "select api_keys::text as row from api_keys union all select response::text from idempotency"
    )
    assert len(kept) == 2
    assert all(secret not in row["row"] and secret.encode().hex() not in row["row"] for row in kept)
    (hashed,) = await keys.rows("select hash from api_keys")
    assert hashed["hash"].startswith("$argon2id$")


async def test_a_repeat_tells_the_same_text_and_makes_no_second_key(keys: Keys) -> None:
    request_id = str(uuid4())
    first = await keys.make(request_id=request_id)
    assert await keys.make(request_id=request_id) == first
    assert len(await keys.rows("select key_id from api_keys")) == 1
    other = await refusal(keys.make(request_id=request_id, name="another"))
    assert other.reason is Reason.REQUEST_ID_REUSED


async def test_nobody_hands_on_more_than_he_has(keys: Keys) -> None:
    with acting_as(user(roles=("operator",)), "test"):
        assert (await refusal(keys.make(role="admin"))).reason is Reason.SCOPE_MISSING
        assert (await refusal(keys.make(role="operator", scopes=["governor:write"]))).reason is Reason.SCOPE_MISSING
        assert (await refusal(keys.make(role="viewer", scopes=["tenants:write"]))).reason is Reason.SCOPE_MISSING
        narrow = (await keys.make(role="member", scopes=["chat:read"])).api_key
        assert (narrow.role, list(narrow.scopes)) == ("member", ["chat:read"])
    with acting_as(user(roles=("member",)), "test"):
        refused = await refusal(keys.make())
        assert refused.reason is Reason.SCOPE_MISSING


async def test_a_scope_that_the_key_lacks_is_missing_at_the_door(keys: Keys) -> None:
    made = await keys.make(role="viewer", scopes=["chat:read"])
    refused = await refusal(keys.knock(made.key))
    assert (refused.reason, refused.metadata["scope"]) == (Reason.SCOPE_MISSING, "control:read")


async def test_a_key_may_not_act_as_a_service(keys: Keys) -> None:
    assert (await refusal(keys.make(sub="service:chat"))).reason is Reason.INVALID_FIELD


async def test_unknown_wrong_revoked_and_expired_keys_are_refused_alike(keys: Keys) -> None:
    made, ended, short = await keys.make(), await keys.make(), await keys.make(ttl={"seconds": 60})
    await keys.stub.RevokeApiKey(keys_pb.RevokeApiKeyRequest(key_id=ended.api_key.key_id, request_id=str(uuid4())))
    await keys.exchange(short.key)
    keys.control_clock.advance(60)
    wrong = made.key[:-1] + ("0" if made.key[-1] != "0" else "1")
    unknown = made.key.replace(made.api_key.key_id, "0" * 16)
    for text in (wrong, unknown, ended.key, short.key, "soma_", "soma_x", made.key.upper()):
        refused = await refusal(keys.exchange(text))
        assert (refused.reason, refused.metadata["problem"]) == (Reason.INVALID_TOKEN, REFUSED), text


async def test_guessing_is_slowed_down_per_id_and_the_right_key_goes_on(keys: Keys) -> None:
    made = await keys.make()
    await keys.exchange(made.key)
    # None of them is the key itself by chance.
    stem = made.key[:-3] + ("0" if made.key[-3] != "0" else "1")
    seen = [(await refusal(keys.exchange(f"{stem}{number:02}"))).reason for number in range(11)]
    assert seen == [Reason.INVALID_TOKEN] * 10 + [Reason.RATE_LIMITED]
    await keys.exchange(made.key)
    keys.control_clock.advance(6)
    assert (await refusal(keys.exchange(f"{stem}zz"))).reason is Reason.INVALID_TOKEN


async def test_a_revoked_key_is_refused_at_a_door_that_knew_it_within_half_a_minute(keys: Keys) -> None:
    made = await keys.make()
    await keys.knock(made.key)
    revoke = keys_pb.RevokeApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))
    revoked = (await keys.stub.RevokeApiKey(revoke)).api_key
    assert revoked.HasField("revoke_time")
    assert (await keys.stub.RevokeApiKey(revoke)).api_key == revoked
    keys.door_clock.advance(29)
    await keys.knock(made.key)
    keys.door_clock.advance(2)
    assert (await refusal(keys.knock(made.key))).reason is Reason.INVALID_TOKEN


async def test_known_keys_go_on_without_control_until_their_token_ends(keys: Keys) -> None:
    known, unknown = await keys.make(), await keys.make()
    await keys.knock(known.key)
    await keys.control.server.drain(0.1)
    await keys.knock(known.key)
    assert (await refusal(keys.knock(unknown.key))).metadata == {"dependency": "control"}
    keys.door_clock.advance(31)
    down = await refusal(keys.knock(known.key))
    assert (down.reason, down.metadata["dependency"]) == (Reason.DEPENDENCY_DOWN, "control")


async def test_after_a_rotation_the_text_of_before_works_for_the_grace(keys: Keys) -> None:
    made = await keys.make()
    rotate = keys_pb.RotateApiKeyRequest(
        key_id=made.api_key.key_id, grace=Duration(seconds=3600), request_id=str(uuid4())
    )
    rotated = await keys.stub.RotateApiKey(rotate)
    assert await keys.stub.RotateApiKey(rotate) == rotated
    assert rotated.key != made.key
    assert rotated.api_key.key_id == made.api_key.key_id
    await keys.exchange(rotated.key)
    await keys.exchange(made.key)
    keys.control_clock.advance(3601)
    await keys.exchange(rotated.key)
    assert (await refusal(keys.exchange(made.key))).reason is Reason.INVALID_TOKEN


async def test_a_request_id_that_comes_again_after_it_was_forgotten_makes_another_text(keys: Keys) -> None:
    made = await keys.make()
    rotate = keys_pb.RotateApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))
    first = await keys.stub.RotateApiKey(rotate)
    keys.control_clock.advance(25 * 3600)
    await keys.rows("delete from idempotency")
    second = await keys.stub.RotateApiKey(rotate)
    assert second.key != first.key
    assert (await refusal(keys.exchange(first.key))).reason is Reason.INVALID_TOKEN
    assert (await keys.exchange(second.key)).token


async def test_without_a_grace_the_text_of_before_ends_at_once(keys: Keys) -> None:
    made = await keys.make()
    await keys.exchange(made.key)
    rotate = keys_pb.RotateApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))
    await keys.stub.RotateApiKey(rotate)
    assert (await refusal(keys.exchange(made.key))).reason is Reason.INVALID_TOKEN


async def test_an_operator_does_not_get_an_admins_key_by_rotating_it(keys: Keys) -> None:
    made = await keys.make(role="admin")
    rotate = keys_pb.RotateApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))
    with acting_as(user("olga", roles=("operator",)), "test"):
        assert (await refusal(keys.stub.RotateApiKey(rotate))).reason is Reason.SCOPE_MISSING
    await keys.exchange(made.key)


async def test_keys_of_another_tenant_are_not_there(keys: Keys) -> None:
    made = await keys.make()
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("admin",)), "test"):
        assert not (await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest())).api_keys
        for ask in (
            keys.stub.RevokeApiKey(keys_pb.RevokeApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))),
            keys.stub.RotateApiKey(keys_pb.RotateApiKeyRequest(key_id=made.api_key.key_id, request_id=str(uuid4()))),
        ):
            assert (await refusal(ask)).reason is Reason.RESOURCE_NOT_FOUND
    await keys.exchange(made.key)


async def test_the_list_has_the_newest_first_in_pages_and_revoked_ones_only_when_asked(keys: Keys) -> None:
    ids = []
    for number in range(3):
        keys.control_clock.advance(1)
        ids.append((await keys.make(name=f"key {number}")).api_key.key_id)
    await keys.stub.RevokeApiKey(keys_pb.RevokeApiKeyRequest(key_id=ids[1], request_id=str(uuid4())))
    page = await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest(page_size=1))
    rest = await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest(page_token=page.next_page_token))
    assert [key.key_id for key in (*page.api_keys, *rest.api_keys)] == [ids[2], ids[0]]
    every = await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest(include_revoked=True))
    assert [key.key_id for key in every.api_keys] == ids[::-1]


async def test_the_use_of_a_key_is_noted_now_and_then(keys: Keys) -> None:
    made = await keys.make()
    await keys.exchange(made.key)
    first = (await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest())).api_keys[0].last_used_time
    keys.control_clock.advance(60)
    await keys.exchange(made.key)
    assert (await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest())).api_keys[0].last_used_time == first
    keys.control_clock.advance(600)
    await keys.exchange(made.key)
    assert (await keys.stub.ListApiKeys(keys_pb.ListApiKeysRequest())).api_keys[0].last_used_time != first


async def test_every_change_of_a_key_is_an_event_of_its_tenant(keys: Keys) -> None:
    made = await keys.make()
    key_id = made.api_key.key_id
    await keys.stub.RotateApiKey(keys_pb.RotateApiKeyRequest(key_id=key_id, request_id=str(uuid4())))
    await keys.stub.RevokeApiKey(keys_pb.RevokeApiKeyRequest(key_id=key_id, request_id=str(uuid4())))
    rows = await keys.rows("select event_type, tenant_id, stream from events order by sequence")
    assert [row["event_type"] for row in rows] == [
        f"control.api_key.{word}" for word in ("created", "rotated", "revoked")
    ]
    assert {(row["tenant_id"], row["stream"]) for row in rows} == {(TENANT, f"api-key/{key_id}")}


async def test_a_person_may_not_exchange_a_key(keys: Keys, identity: TestIdentity) -> None:
    made = await keys.make()
    async with dial(keys.control.target, OneToken(identity.user_token(roles=("admin",)))) as channel:
        stub = channel.stub(keys_grpc.ApiKeyServiceStub)
        refused = await refusal(stub.ExchangeApiKey(keys_pb.ExchangeApiKeyRequest(key=made.key)))
    assert refused.reason is Reason.CALLER_NOT_ALLOWED
