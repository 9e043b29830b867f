"""What a hostile caller sends: the answer stays small, typed and readable, and the server stays as it was."""

import base64
import json
from datetime import UTC, datetime
from uuid import uuid4

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.paging import filter_hash, page_of
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.rpc.status import DETAILS_KEY
from soma_common.security.tokens import TokenVerifier
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TestIdentity, user
from soma_common.testing.rpc import RpcHarness
from tests.rpc.library.scripted import GET_MEMORY, get_request, memory, raw_call

STORE_MEMORY = "/soma.memory.v1.MemoryService/StoreMemory"


def details(error: grpc.aio.AioRpcError) -> Status:
    packed = dict(error.trailing_metadata() or ())[DETAILS_KEY]
    assert isinstance(packed, bytes)
    return Status.FromString(packed)


async def test_a_request_that_breaks_a_thousand_rules_gets_an_answer_of_bearable_size(
    rpc: RpcHarness, identity: TestIdentity
) -> None:
    served = await rpc.serve("memory", memory())
    request = memory_pb.StoreMemoryRequest(
        text="", recalled_memory_ids=["x" * 1000] * 5000, tags=["y" * 9000] * 100, request_id="no"
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), STORE_MEMORY, request.SerializeToString(), identity.user_token())
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = BadRequest()
    assert details(caught.value).details[1].Unpack(bad)
    assert 0 < len(bad.field_violations) <= 20


async def test_an_error_that_quotes_the_caller_quotes_only_a_beginning(rpc: RpcHarness, identity: TestIdentity) -> None:
    async def fail() -> None:
        raise not_found("feature", "ж" * 200_000)

    served = await rpc.serve("memory", memory(fail))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), identity.user_token())
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    info = ErrorInfo()
    assert details(caught.value).details[0].Unpack(info)
    assert info.metadata["resource"] == "feature"
    assert info.metadata["id"].startswith("жжж")
    assert len(info.metadata["id"]) < 500
    assert len(caught.value.details() or "") < 1000


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


BAD_TOKENS = {
    "a header that is nested without end": f"{part('[' * 5000)}.e30.x",
    "a header that is a list": f"{part('[]')}.e30.x",
    "a header with a list as key id": f"{part(json.dumps({'alg': 'EdDSA', 'kid': ['a']}))}.e30.x",
    "not base64": "ö.ö.ö".encode().decode("latin-1"),
    "too long": "x" * 9000,
    "only dots": "..",
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_is_none_is_invalid(identity: TestIdentity, token: str) -> None:
    with pytest.raises(SomaError) as caught:
        identity.verifier().verify(token)
    assert caught.value.reason is Reason.INVALID_TOKEN


def test_a_key_set_that_cannot_be_read_meanwhile_leaves_the_keys_that_are_known(identity: TestIdentity) -> None:
    clock = SetClock(datetime.now(UTC))
    verifier = TokenVerifier(identity.jwks_path, clock)
    token = identity.user_token()
    verifier.verify(token)
    whole = identity.jwks_path.read_text()
    identity.jwks_path.write_text(whole[:40])
    clock.advance(5)
    assert verifier.verify(token).sub == "ada"
    identity.jwks_path.write_text(whole)
    clock.advance(5)
    assert verifier.verify(token).sub == "ada"


@pytest.mark.parametrize("position", ["\ud800", "a\0b"])
def test_a_page_token_with_text_that_no_store_can_hold_is_refused(position: str) -> None:
    body = json.dumps([1, filter_hash({}), position]).encode()
    with pytest.raises(SomaError) as caught:
        page_of(10, base64.urlsafe_b64encode(body).decode(), {})
    assert caught.value.reason is Reason.INVALID_FIELD


async def test_the_server_still_serves_after_all_that(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "after"):
        with pytest.raises(SomaError):
            await stub.StoreMemory(memory_pb.StoreMemoryRequest(tags=["y" * 9000] * 1000, request_id=str(uuid4())))
        await stub.GetMemory(get_request())
