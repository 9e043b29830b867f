"""API keys at the doors of the edge, before a control that exchanges them as a test says."""

# ruff: noqa: N802 - the contract names the methods

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from edge.settings import EdgeSettings
from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.security.api_keys import derive_api_key, make_key_id
from soma_common.testing.identity import TestIdentity
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.edge.conftest import Door, Features

KEY = derive_api_key(b"root", make_key_id(), "test").text
LIFETIME_SECONDS = 1


@dataclass
class Exchange(keys_grpc.ApiKeyServiceServicer):
    """Gives one token for the key, or fails as it is told."""

    identity: TestIdentity
    failure: SomaError | None = None
    hangs: bool = False
    asked: list[str] = field(default_factory=list)

    async def ExchangeApiKey(self, request: keys_pb.ExchangeApiKeyRequest, _: Any) -> keys_pb.ExchangeApiKeyResponse:
        self.asked.append(request.key)
        if request.key != KEY:
            raise SomaError(Reason.INVALID_TOKEN, {"problem": "no API key that is in force has this text"})
        if self.failure is not None:
            raise self.failure
        if self.hangs:
            await asyncio.Event().wait()
        answer = keys_pb.ExchangeApiKeyResponse(token=self.identity.user_token("robot"))
        answer.lifetime.FromSeconds(LIFETIME_SECONDS)
        return answer


@pytest.fixture
def exchange(identity: TestIdentity) -> Exchange:
    return Exchange(identity)  # type: ignore[abstract]  # nobody calls the other methods


@pytest_asyncio.fixture
async def settings(settings: EdgeSettings, rpc: RpcHarness, exchange: Exchange) -> EdgeSettings:
    features = Added(feature_grpc.add_FeatureServiceServicer_to_server, Features(), "soma.control.v1.FeatureService")
    keys = Added(keys_grpc.add_ApiKeyServiceServicer_to_server, exchange, "soma.control.v1.ApiKeyService")
    control = await rpc.serve("control", features, keys)
    return replace(settings, targets={**settings.targets, "control": (control.target,)})


async def models(door: Door, key: str, path: str = "/v1/models") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(door.url, headers=headers) as session, session.get(path) as response:
        return response.status, await response.json()


async def test_a_key_is_exchanged_once_and_then_known(door: Door, exchange: Exchange) -> None:
    answers = await asyncio.gather(*(models(door, KEY) for _ in range(5)))
    assert [status for status, _ in answers] == [200] * 5
    assert (await models(door, KEY, "/admin/features"))[0] == 200
    assert exchange.asked == [KEY]


async def test_a_wrong_key_is_refused_in_the_form_of_its_door_and_not_asked_for_again(
    door: Door, exchange: Exchange
) -> None:
    wrong = f"{KEY[:-1]}{'0' if KEY[-1] != '0' else '1'}"
    status, body = await models(door, wrong)
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    status, body = await models(door, wrong, "/admin/features")
    assert (status, body["error"]["code"]) == (401, "INVALID_TOKEN")
    assert exchange.asked == [wrong]


async def test_a_control_that_does_not_answer_is_named(door: Door, exchange: Exchange) -> None:
    exchange.hangs = True
    status, body = await models(door, KEY, "/admin/features")
    assert (status, body["error"]["code"]) == (503, "DEPENDENCY_DOWN")
    assert "control" in body["error"]["message"]
    exchange.hangs = False
    assert (await models(door, KEY))[0] == 200


async def test_a_key_in_the_cookie_of_a_session_is_none(door: Door, exchange: Exchange) -> None:
    cookies = {f"soma_session_{door.port}": KEY}
    async with aiohttp.ClientSession(door.url, cookies=cookies) as session, session.get("/v1/models") as response:
        assert response.status == 401
    assert not exchange.asked


async def test_the_socket_of_a_key_that_does_not_hold_any_more_ends(door: Door, exchange: Exchange) -> None:
    failure = SomaError(Reason.INVALID_TOKEN, {"problem": "revoked"})
    headers = {"Authorization": f"Bearer {KEY}"}
    async with connect(door.socket_url, additional_headers=headers) as socket:
        assert "robot" in str(await socket.recv())
        exchange.failure = failure
        async with asyncio.timeout(90):
            assert failure.reason in str(await socket.recv())
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001
