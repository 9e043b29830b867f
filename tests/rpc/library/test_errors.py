"""Every failure of a handler arrives as its reason, and nothing else arrives."""

import logging

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage
from google.rpc.status_pb2 import Status

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import FieldViolation, QuotaViolation, SomaError
from soma_common.kernel.reasons import REASONS, Reason
from soma_common.rpc.call import acting_as
from soma_common.rpc.server import ServerSettings
from soma_common.rpc.status import DETAILS_KEY
from soma_common.testing.identity import user
from soma_common.testing.rpc import RpcHarness
from tests.rpc.library.scripted import GET_MEMORY, get_request, memory, raw_call


def status_of(error: grpc.aio.AioRpcError) -> Status:
    packed = dict(error.trailing_metadata() or ())[DETAILS_KEY]
    assert isinstance(packed, bytes)
    status = Status.FromString(packed)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return status


async def test_every_reason_arrives_with_its_code_metadata_and_sentence(rpc: RpcHarness) -> None:
    planned: list[SomaError] = []

    async def fail() -> None:
        raise planned[-1]

    served = await rpc.serve("memory", memory(fail))
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "every-reason"):
        for reason in Reason:
            planned.append(SomaError(reason, {"limit": "7", "field": "text"}))
            with pytest.raises(SomaError) as caught:
                await stub.GetMemory(get_request())
            assert caught.value.reason is reason
            if reason is not Reason.CALL_CANCELLED:
                assert caught.value.metadata == {"limit": "7", "field": "text"}
                assert caught.value.sentence == planned[-1].sentence


async def test_retry_violations_and_quota_travel(rpc: RpcHarness) -> None:
    async def fail() -> None:
        raise SomaError(
            Reason.BUDGET_EXHAUSTED,
            retry_after_seconds=2.5,
            violations=(FieldViolation("text", "too long"),),
            quota=(QuotaViolation("tenant", "100 a day"),),
        )

    served = await rpc.serve("memory", memory(fail))
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "details"), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.retry_after_seconds == 2.5
    assert caught.value.violations == (FieldViolation("text", "too long"),)
    assert caught.value.quota == (QuotaViolation("tenant", "100 a day"),)


async def test_a_plain_client_reads_code_message_and_details(rpc: RpcHarness) -> None:
    async def fail() -> None:
        raise SomaError(Reason.RESOURCE_NOT_FOUND, {"resource": "memory", "id": "7"})

    served = await rpc.serve("memory", memory(fail))
    token = rpc.identity.user_token()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "There is no memory 7."
    status = status_of(caught.value)
    info, message = ErrorInfo(), LocalizedMessage()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("RESOURCE_NOT_FOUND", "soma")
    assert dict(info.metadata) == {"resource": "memory", "id": "7"}
    assert status.details[1].Unpack(message)
    assert message.locale == "en-US"


async def test_the_text_of_an_unknown_exception_stays_in_the_log(
    rpc: RpcHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise RuntimeError("secret-table of postgresql://app:hunter2@db")

    served = await rpc.serve("memory", memory(fail))
    token = rpc.identity.user_token()
    with caplog.at_level(logging.ERROR), pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, get_request().SerializeToString(), token)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    everything = f"{caught.value.details()} {caught.value.trailing_metadata()}"
    assert "secret-table" not in everything
    assert "hunter2" not in everything
    logged = next(record for record in caplog.records if record.exc_info)
    error_id = logged.__dict__["data"]["error_id"]
    assert error_id in str(caught.value.details())
    assert "secret-table" in str(logged.exc_info)


async def test_bytes_that_are_no_message_are_an_argument_error(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, b"\xff\xff\xff\x07", rpc.identity.user_token())
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "DecodeError" not in str(caught.value.details())
    status = status_of(caught.value)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.reason == Reason.MALFORMED_MESSAGE.value
    assert dict(info.metadata) == {"expected": "soma.memory.v1.GetMemoryRequest"}


@pytest.mark.parametrize("mebibytes", [9, 20])
async def test_a_message_that_is_too_large_says_how_large_it_may_be(rpc: RpcHarness, mebibytes: int) -> None:
    served = await rpc.serve("memory", memory())
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "large"), pytest.raises(SomaError) as caught:
        await stub.GetMemory(memory_pb.GetMemoryRequest(memory_id="x" * (mebibytes << 20)))
    assert caught.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert "8 MiB" in caught.value.sentence


async def test_broken_rules_are_listed_field_by_field(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    request = memory_pb.StoreMemoryRequest(text="", tags=["fine", ""], trust=2.0, request_id="no")
    with acting_as(user(), "rules"), pytest.raises(SomaError) as caught:
        await stub.StoreMemory(request)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert {broken.field for broken in caught.value.violations} == {"text", "tags[1]", "trust", "request_id"}
    assert all(broken.description for broken in caught.value.violations)


async def test_bad_request_detail_names_the_fields_to_a_plain_client(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), GET_MEMORY, b"", rpc.identity.user_token())
    status = status_of(caught.value)
    bad = BadRequest()
    assert any(detail.Unpack(bad) for detail in status.details)
    assert [broken.field for broken in bad.field_violations] == ["memory_id"]


@pytest.mark.parametrize(
    "method", ["/soma.memory.v1.MemoryService/Nothing", "/no.such.Service/Do", "/soma.memory.v1.MemoryService/"]
)
async def test_a_method_that_does_not_exist_says_so(rpc: RpcHarness, method: str) -> None:
    served = await rpc.serve("memory", memory())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(rpc.bare(served), method, b"", rpc.identity.user_token())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert method in str(caught.value.details())


async def test_a_method_without_a_row_is_refused(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory(), settings=ServerSettings(rules={}))
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "no row"), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.CALLER_NOT_ALLOWED


def test_every_kind_is_a_grpc_code() -> None:
    assert {row.kind.value for row in REASONS.values()} <= {code.name for code in grpc.StatusCode}
