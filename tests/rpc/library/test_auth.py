"""Who gets in: tokens of users and services, forged ones, and the table of methods."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from jwt.algorithms import RSAAlgorithm

from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, service_caller
from soma_common.rpc.call import RpcCall, acting_as, current_call
from soma_common.rpc.server import ServerSettings
from soma_common.rpc.status import DETAILS_KEY
from soma_common.security.keys import make_service_key, make_user_key
from soma_common.security.rules import MethodRule
from soma_common.testing.identity import ISSUER, OTHER_TENANT, TENANT, TestIdentity, user
from soma_common.testing.rpc import RpcHarness, Served
from tests.rpc.library.scripted import GET_MEMORY, get_request, memory, raw_call


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    base: dict[str, object] = {
        "iss": ISSUER,
        "aud": "soma",
        "sub": "ada",
        "tenant_id": str(TENANT),
        "roles": ["member"],
        "scope": "memory:read",
        "iat": now,
        "exp": now + 60,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def _part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(identity: TestIdentity) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': identity.user_key.kid})}.{_part(claims())}."


def hmac_with_the_public_key(identity: TestIdentity) -> str:
    public = identity.user_key.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims(), public, algorithm="HS256", headers={"kid": identity.user_key.kid})


def tampered(identity: TestIdentity) -> str:
    head, _body, signature = identity.signed(claims()).split(".")
    return f"{head}.{_part(claims(roles=['admin']))}.{signature}"


FORGED: dict[str, Callable[[TestIdentity], str]] = {
    "no JWT at all": lambda identity: "hello",
    "algorithm none": unsigned,
    "HMAC with the public key": hmac_with_the_public_key,
    "changed after signing": tampered,
    "unknown key": lambda identity: identity.signed(claims(), make_user_key(ISSUER)),
    "known kid, other key": lambda identity: jwt.encode(
        claims(), make_user_key(ISSUER).private, algorithm="EdDSA", headers={"kid": identity.user_key.kid}
    ),
    "other audience": lambda identity: identity.signed(claims(aud="other")),
    "other issuer": lambda identity: identity.signed(claims(iss="other")),
    "no expiry": lambda identity: identity.signed(claims(exp=None)),
    "no tenant": lambda identity: identity.signed(claims(tenant_id=None)),
    "tenant is no UUID": lambda identity: identity.signed(claims(tenant_id="x")),
    "system tenant": lambda identity: identity.signed(claims(tenant_id="00000000-0000-7000-8000-000000000001")),
    "user key speaks as a service": lambda identity: identity.signed(claims(sub="service:chat")),
    "user key with an actor": lambda identity: identity.signed(claims(act={"sub": "service:chat"})),
    "service key signs a user": lambda identity: identity.signed(claims(), identity.service_keys["chat"]),
    "service key with its issuer, no actor": lambda identity: identity.signed(
        claims(iss="service:chat"), identity.service_keys["chat"]
    ),
    "service key acts as another": lambda identity: identity.signed(
        claims(iss="service:chat", act={"sub": "service:edge"}), identity.service_keys["chat"]
    ),
    "service key of nobody": lambda identity: identity.signed(
        claims(iss="service:chat", act={"sub": "service:chat"}), make_service_key("chat")
    ),
    "not valid yet": lambda identity: identity.signed(claims(iat=int(time.time()) + 3600)),
    "much too long": lambda identity: identity.signed(claims(padding="x" * 9000)),
}


async def refusal(rpc: RpcHarness, served: Served, token: str | None) -> tuple[grpc.StatusCode, ErrorInfo, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)
    packed = dict(caught.value.trailing_metadata() or ())[DETAILS_KEY]
    assert isinstance(packed, bytes)
    info = ErrorInfo()
    assert Status.FromString(packed).details[0].Unpack(info)
    return caught.value.code(), info, f"{caught.value.details()}{packed!r}"


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused_and_not_repeated(rpc: RpcHarness, name: str) -> None:
    served = await rpc.serve("memory", memory())
    token = FORGED[name](rpc.identity)
    code, info, said = await refusal(rpc, served, token)
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert info.reason == Reason.INVALID_TOKEN.value
    assert token not in said
    assert len(info.metadata["problem"]) > 5


async def test_an_expired_token_says_so(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    code, info, _ = await refusal(rpc, served, rpc.identity.user_token(ttl_seconds=-6))
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert info.reason == Reason.EXPIRED_TOKEN.value


async def test_five_seconds_of_wrong_clocks_are_forgiven(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    token = rpc.identity.user_token(ttl_seconds=-2)
    await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)


async def test_no_token_says_how_to_send_one(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    code, info, _ = await refusal(rpc, served, None)
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert info.reason == Reason.MISSING_CREDENTIALS.value


async def test_the_handler_sees_the_user_of_the_token(rpc: RpcHarness) -> None:
    seen: list[RpcCall] = []

    async def look() -> None:
        seen.append(current_call())

    served = await rpc.serve("memory", memory(look))
    token = rpc.identity.user_token("grace", OTHER_TENANT, ("viewer",))
    await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)
    caller = seen[0].caller
    assert (caller.sub, caller.tenant_id, caller.service) == ("grace", OTHER_TENANT, None)
    assert caller.roles == {"viewer"}
    assert "memory:read" in caller.scopes
    assert seen[0].method == GET_MEMORY


async def test_a_service_acts_for_its_user(rpc: RpcHarness) -> None:
    seen: list[Caller] = []

    async def look() -> None:
        seen.append(current_call().caller)

    served = await rpc.serve("memory", memory(look))
    stub = rpc.channel(served, service="chat").stub(memory_grpc.MemoryServiceStub)
    with acting_as(user("ada"), "for a user"):
        await stub.GetMemory(get_request())
    with acting_as(service_caller("chat", TENANT), "for itself"):
        await stub.GetMemory(get_request())
    assert [(each.sub, each.service) for each in seen] == [("ada", "chat"), ("service:chat", "chat")]


def rule(scope: str | None = "memory:read", role: str = "viewer") -> ServerSettings:
    return ServerSettings(rules={GET_MEMORY: MethodRule(scope, frozenset({"edge", "chat"}), role)})


async def reason_for(rpc: RpcHarness, settings: ServerSettings, caller: Caller, service: str) -> Reason | None:
    served = await rpc.serve("memory", memory(), settings=settings)
    stub = rpc.channel(served, service=service).stub(memory_grpc.MemoryServiceStub)
    with acting_as(caller, "rules"):
        try:
            await stub.GetMemory(get_request())
        except SomaError as error:
            return error.reason
    return None


@pytest.mark.parametrize(
    ("service", "roles", "scope", "role", "expected"),
    [
        ("edge", ("viewer",), "memory:read", "viewer", None),
        ("edge", ("viewer",), "memory:write", "viewer", Reason.SCOPE_MISSING),
        ("edge", ("member",), "memory:read", "operator", Reason.SCOPE_MISSING),
        ("edge", ("admin",), "memory:read", "operator", None),
        ("edge", ("unheard-of",), "memory:read", "viewer", Reason.SCOPE_MISSING),
        ("edge", ("viewer",), None, "viewer", None),
        ("chat", (), "memory:write", "admin", None),
        ("governor", ("admin",), "memory:read", "viewer", Reason.CALLER_NOT_ALLOWED),
    ],
)
async def test_the_row_of_the_method_decides(
    rpc: RpcHarness, service: str, roles: tuple[str, ...], scope: str | None, role: str, expected: Reason | None
) -> None:
    assert await reason_for(rpc, rule(scope, role), user(roles=roles), service) is expected


@pytest.mark.parametrize(
    ("roles", "settings", "expected"),
    [
        (("viewer",), rule(), None),
        (("viewer",), rule("memory:write"), "SCOPE_MISSING"),
        (("member",), rule(role="admin"), "SCOPE_MISSING"),
        (("admin",), rule(None), "CALLER_NOT_ALLOWED"),
    ],
)
async def test_a_user_who_calls_directly_is_measured_too(
    rpc: RpcHarness, roles: tuple[str, ...], settings: ServerSettings, expected: str | None
) -> None:
    served = await rpc.serve("memory", memory(), settings=settings)
    token = rpc.identity.user_token(roles=roles)
    if expected is None:
        await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)
    else:
        code, info, _ = await refusal(rpc, served, token)
        assert (code, info.reason) == (grpc.StatusCode.PERMISSION_DENIED, expected)


async def test_an_rs256_key_of_an_identity_provider_counts(rpc: RpcHarness) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = {
        **RSAAlgorithm.to_jwk(private.public_key(), as_dict=True),
        "kid": "provider",
        "soma_issuer": "https://id.example/realms/somastack",
        "soma_class": "user",
    }
    keys = json.loads(rpc.identity.jwks_path.read_text())
    rpc.identity.jwks_path.write_text(json.dumps({"keys": [*keys["keys"], jwk]}))
    served = await rpc.serve("memory", memory())
    body = claims(iss="https://id.example/realms/somastack", aud=["account", "soma"])
    good = jwt.encode(body, private, algorithm="RS256", headers={"kid": "provider"})
    await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), good)
    bad = jwt.encode(body, private, algorithm="RS512", headers={"kid": "provider"})
    _, info, _ = await refusal(rpc, served, bad)
    assert (info.reason, info.metadata["problem"]) == ("INVALID_TOKEN", "its algorithm is not accepted")
