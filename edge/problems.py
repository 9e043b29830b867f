"""Errors as HTTP shows them: one JSON form at REST, OpenAI's form at the OpenAI doors, and the status of each reason.

Nothing here raises or logs.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason

OPENAI_PREFIX: Final = "/v1/"
_BY_KIND: Final[Mapping[Kind, int]] = {
    Kind.CANCELLED: 499,
    Kind.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    Kind.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    Kind.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    Kind.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    Kind.ABORTED: HTTPStatus.CONFLICT,
    Kind.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    Kind.UNIMPLEMENTED: HTTPStatus.NOT_FOUND,
    Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
}
_BY_REASON: Final[Mapping[Reason, int]] = {
    Reason.PAYLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.CONVERSATION_BUSY: HTTPStatus.CONFLICT,
    Reason.CONVERSATION_CLOSED: HTTPStatus.CONFLICT,
    Reason.AGENT_FROZEN: HTTPStatus.CONFLICT,
    Reason.CURSOR_TOO_OLD: HTTPStatus.GONE,
}
# What OpenAI calls a failure: its `type` and `code`; the code of others is the reason in lower case.
_OPENAI: Final[Mapping[Reason, tuple[str, str]]] = {
    Reason.INVALID_FIELD: ("invalid_request_error", "invalid_value"),
    Reason.MISSING_CREDENTIALS: ("invalid_request_error", "invalid_api_key"),
    Reason.INVALID_TOKEN: ("invalid_request_error", "invalid_api_key"),
    Reason.EXPIRED_TOKEN: ("invalid_request_error", "invalid_api_key"),
    Reason.BUDGET_EXHAUSTED: ("insufficient_quota", "insufficient_quota"),
    Reason.RATE_LIMITED: ("requests", "rate_limit_exceeded"),
    Reason.MODEL_RATE_LIMITED: ("requests", "rate_limit_exceeded"),
    Reason.CONTEXT_OVERFLOW: ("invalid_request_error", "context_length_exceeded"),
    Reason.MODEL_CONTEXT_OVERFLOW: ("invalid_request_error", "context_length_exceeded"),
    Reason.MODEL_CONTENT_FILTERED: ("invalid_request_error", "content_filter"),
    Reason.METHOD_UNKNOWN: ("invalid_request_error", "unknown_url"),
}
# Its client tries again after these statuses, which it should not where waiting does not help.
_HOPELESS: Final = frozenset((Reason.BUDGET_EXHAUSTED, Reason.REQUEST_ID_REUSED))


def status_of(error: SomaError) -> int:
    """The HTTP status of an error."""
    return int(_BY_REASON.get(error.reason, _BY_KIND[error.kind]))


def to_problem(error: SomaError) -> dict[str, object]:
    """The error in the one form of REST."""
    found: dict[str, object] = {
        "code": error.reason.value,
        "message": error.sentence,
        "kind": error.kind.value,
        "details": dict(error.metadata),
        "violations": [{"field": it.field, "description": it.description} for it in error.violations],
    }
    if error.quota:
        found["quota"] = [{"subject": it.subject, "description": it.description} for it in error.quota]
    if error.retry_after_seconds is not None:
        found["retry_after"] = round(error.retry_after_seconds, 3)
    return {"error": found}


def to_openai_problem(error: SomaError) -> dict[str, object]:
    """The error in the form of the OpenAI API."""
    server = status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind, code = _OPENAI.get(
        error.reason, ("server_error" if server else "invalid_request_error", error.reason.value.lower())
    )
    named = error.violations[0].field if error.violations else None
    if error.reason is Reason.RESOURCE_NOT_FOUND and error.metadata.get("resource") == "model":
        code, named = "model_not_found", "model"
    return {"error": {"message": error.sentence, "type": kind, "param": named, "code": code}}


def headers_of(error: SomaError, *, openai: bool = False) -> dict[str, str]:
    """The headers that go with an error; the clients of OpenAI know two more."""
    found = {"cache-control": "no-store"}
    if error.retry_after_seconds is not None:
        found["retry-after"] = str(max(1, math.ceil(error.retry_after_seconds)))
        if openai:
            found["retry-after-ms"] = str(max(1, math.ceil(error.retry_after_seconds * 1000)))
    if openai and error.reason in _HOPELESS:
        found["x-should-retry"] = "false"
    if error.kind is Kind.UNAUTHENTICATED:
        found["www-authenticate"] = 'Bearer realm="soma"'
    return found


def problem_response(error: SomaError, status: int | None = None, *, openai: bool = False) -> Response:
    """The error as a response."""
    body = to_openai_problem(error) if openai else to_problem(error)
    return json_response(body, status or status_of(error), headers_of(error, openai=openai))


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response that is not kept by anybody."""
    sent = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, sent, "application/json")
