"""The only maker of a gRPC status, and its reader: SomaError <-> google.rpc.Status.

Nothing here knows a service, a method or a transport beyond the status of a call.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from soma_common.kernel.errors import FieldViolation, QuotaViolation, SomaError, shortened
from soma_common.kernel.reasons import Kind, Reason
from soma_common.rpc.call import out_of_time
from soma_common.rpc.options import MESSAGE_LIMIT

DOMAIN: Final = "soma"
DETAILS_KEY: Final = "grpc-status-details-bin"
# A peer that reads more than 16 KiB of headers drops the answer: together these stay below, escapes included.
_LONGEST_SENTENCE_BYTES: Final = 1000
_MOST_VIOLATIONS: Final = 16
_LONGEST_FIELD_BYTES: Final = 80
_LONGEST_RULE_BYTES: Final = 160
# Tells the caller's gRPC runtime not to repeat the call by itself: we answered, so repeating is the caller's decision.
_NO_RETRY: Final = ("grpc-retry-pushback-ms", "-1")

CODES: Final[Mapping[Kind, grpc.StatusCode]] = {kind: grpc.StatusCode[kind.value] for kind in Kind}


class RpcStatus(grpc.Status):
    """A status with its details packed into the trailing metadata, ready for `abort_with_status`."""

    def __init__(self, error: SomaError) -> None:
        packed = to_status(error)
        self.code = CODES[error.kind]
        self.details = packed.message
        self.trailing_metadata = tuple(_trailers(error, packed))


def _trailers(error: SomaError, packed: Status) -> Iterator[tuple[str, str | bytes]]:
    yield DETAILS_KEY, packed.SerializeToString()
    if error.kind is Kind.UNAVAILABLE and error.reason is not Reason.SHUTTING_DOWN:
        yield _NO_RETRY


def to_status(error: SomaError) -> Status:
    """The status of an error: code, sentence, and the details that apply; small enough for headers."""
    return Status(
        code=code_number(error.kind), message=_sentence(error), details=[_packed(detail) for detail in _details(error)]
    )


def _sentence(error: SomaError) -> str:
    return shortened(error.sentence, _LONGEST_SENTENCE_BYTES)


def code_number(kind: Kind) -> int:
    """The number gRPC gives to this kind of failure."""
    number: int = CODES[kind].value[0]
    return number


def _details(error: SomaError) -> Iterator[Message]:
    yield ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=dict(error.metadata))
    if error.violations:
        yield BadRequest(
            field_violations=[
                BadRequest.FieldViolation(
                    field=shortened(broken.field, _LONGEST_FIELD_BYTES),
                    description=shortened(broken.description, _LONGEST_RULE_BYTES),
                )
                for broken in error.violations[:_MOST_VIOLATIONS]
            ]
        )
    if error.quota:
        yield QuotaFailure(
            violations=[
                QuotaFailure.Violation(subject=used.subject, description=used.description) for used in error.quota
            ]
        )
    if error.retry_after_seconds is not None:
        delay = Duration()
        delay.FromNanoseconds(round(error.retry_after_seconds * 1_000_000_000))
        yield RetryInfo(retry_delay=delay)
    yield LocalizedMessage(locale="en-US", message=_sentence(error))


def _packed(detail: Message) -> AnyMessage:
    box = AnyMessage()
    box.Pack(detail)
    return box


def from_status(status: Status) -> SomaError | None:
    """The error a status was made of, or None when it is not one of ours or its reason is not known here."""
    details = _Details(status)
    if details.info is None or details.info.domain != DOMAIN or details.info.reason not in Reason.__members__:
        return None
    return SomaError(
        Reason[details.info.reason],
        dict(details.info.metadata),
        retry_after_seconds=details.retry_after_seconds,
        violations=details.violations,
        quota=details.quota,
    )


class _Details:
    """The details of a status that we understand."""

    def __init__(self, status: Status) -> None:
        self.info: ErrorInfo | None = None
        self.retry_after_seconds: float | None = None
        self.violations: tuple[FieldViolation, ...] = ()
        self.quota: tuple[QuotaViolation, ...] = ()
        for box in status.details:
            self._read(box)

    def _read(self, box: AnyMessage) -> None:
        info, bad, quota, retry = ErrorInfo(), BadRequest(), QuotaFailure(), RetryInfo()
        if box.Unpack(info):
            self.info = info
        elif box.Unpack(bad):
            self.violations = tuple(FieldViolation(broken.field, broken.description) for broken in bad.field_violations)
        elif box.Unpack(quota):
            self.quota = tuple(QuotaViolation(used.subject, used.description) for used in quota.violations)
        elif box.Unpack(retry):
            self.retry_after_seconds = retry.retry_delay.ToNanoseconds() / 1_000_000_000


def error_of_call(error: grpc.aio.AioRpcError, dependency: str) -> SomaError:
    """What a failed call to `dependency` means here: the error it sent, or what its silence says.

    One that does not answer within the time given to it is down, unless our own time is over as well.
    """
    sent = _sent_status(error)
    known = None if sent is None else from_status(sent)
    if known is not None:
        return known
    code = error.code()
    if code is grpc.StatusCode.CANCELLED:
        return SomaError(Reason.CALL_CANCELLED)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED and out_of_time():
        return SomaError(Reason.DEADLINE_EXCEEDED)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": MESSAGE_LIMIT})
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return SomaError(Reason.METHOD_UNKNOWN, {"method": dependency})
    return SomaError(Reason.DEPENDENCY_DOWN, {"dependency": dependency})


def _sent_status(error: grpc.aio.AioRpcError) -> Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                return None
    return None


def answered_by_peer(error: grpc.aio.AioRpcError) -> bool:
    """Whether a server of ours made this status, as opposed to the transport."""
    return _sent_status(error) is not None
