"""The faults that have a status: their code, headers and body, as providers word them.

Pure; `playing.py` decides when one strikes.
"""

import math
from dataclasses import dataclass
from typing import Final

from soma_common.testing.upstream.chunks import error_body
from soma_common.testing.upstream.script import Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that is an error."""

    status: int
    message: str
    type: str
    code: str | None
    param: str | None = None

    @property
    def body(self) -> bytes:
        """The JSON body."""
        return error_body(self.message, self.type, self.code, self.param)

    @property
    def event(self) -> bytes:
        """The same inside a stream that has begun, as gateways send it: the status stands in `code`."""
        return b"data: " + error_body(self.message, self.type, self.code or self.status, self.param) + b"\n\n"


REFUSALS: Final[dict[FaultKind, Refusal]] = {
    FaultKind.RATE_LIMITED: Refusal(
        429, "Rate limit reached for requests. Please try again later.", "requests", "rate_limit_exceeded"
    ),
    FaultKind.SERVER_ERROR: Refusal(
        500, "The server had an error while processing your request.", "server_error", None
    ),
    FaultKind.OVERLOADED: Refusal(503, "The engine is currently overloaded.", "server_error", "overloaded"),
    FaultKind.UNAUTHORIZED: Refusal(
        401, "Incorrect API key provided: sk-scri******pted.", "invalid_request_error", "invalid_api_key"
    ),
    FaultKind.CONTEXT_LENGTH: Refusal(
        400,
        "This model's maximum context length is 4096 tokens. Please reduce the length of the messages.",
        "invalid_request_error",
        "context_length_exceeded",
        "messages",
    ),
    FaultKind.CONTENT_FILTER: Refusal(
        400,
        "The response was filtered because the prompt triggered the content management policy.",
        "invalid_request_error",
        "content_filter",
        "prompt",
    ),
}


def retry_headers(fault: Fault) -> dict[str, str]:
    """`Retry-After` in whole seconds and the exact milliseconds that OpenAI adds, where the fault names a time."""
    if fault.seconds is None or fault.kind not in (FaultKind.RATE_LIMITED, FaultKind.OVERLOADED):
        return {}
    return {"Retry-After": str(math.ceil(fault.seconds)), "retry-after-ms": str(round(fault.seconds * 1000))}
