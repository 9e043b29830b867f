"""What litellm's exceptions mean here, by the names of their classes, so that nothing has to import it.

A test walks its classes and proves that each has a row, or one that stands above it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp

from servers.chat.adapters.openai_compatible import failure, unavailable
from servers.chat.adapters.refused_addresses import refused_address
from servers.chat.domain.model import ModelProfile
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.guarded_http import causes

Meaning = Callable[[ModelProfile, Any], SomaError]


def _plain(reason: Reason) -> Meaning:
    return lambda profile, _: SomaError(reason, {"model": profile.profile_id})


def _timeout(profile: ModelProfile, _: Any) -> SomaError:
    metadata = {"model": profile.profile_id, "timeout_seconds": f"{profile.first_token_timeout_seconds:g}"}
    return SomaError(Reason.MODEL_TIMEOUT, metadata)


def _limited(profile: ModelProfile, error: Any) -> SomaError:
    return failure(profile, 429, _retry_after(error), "")


def _by_status(profile: ModelProfile, error: Any) -> SomaError:
    status = getattr(error, "status_code", None)
    return failure(profile, status if isinstance(status, int) else 500, _retry_after(error), "")


def _gone(profile: ModelProfile, _: Any) -> SomaError:
    return unavailable(profile, "the connection failed")


def _refused(profile: ModelProfile, error: Any) -> SomaError:
    status = getattr(error, "status_code", None)
    return SomaError(Reason.MODEL_REQUEST_REFUSED, {"model": profile.profile_id, "status": str(status or 400)})


_KEY: Final = _plain(Reason.MODEL_REFUSED_KEY)
_OVERFLOW: Final = _plain(Reason.MODEL_CONTEXT_OVERFLOW)
_FILTERED: Final = _plain(Reason.MODEL_CONTENT_FILTERED)
_PROTOCOL: Final = _plain(Reason.MODEL_PROTOCOL_ERROR)

# The nearest class of an exception's line of descent decides; the last three stand above most of the others.
MEANINGS: Final[Mapping[str, Meaning]] = {
    "Timeout": _timeout,
    "APITimeoutError": _timeout,
    "AuthenticationError": _KEY,
    "PermissionDeniedError": _KEY,
    "RateLimitError": _limited,
    "ContextWindowExceededError": _OVERFLOW,
    "ContentPolicyViolationError": _FILTERED,
    "RejectedRequestError": _FILTERED,
    "GuardrailRaisedException": _FILTERED,
    "BlockedPiiEntityError": _FILTERED,
    "SensitiveDataRouteException": _FILTERED,
    "ModifyResponseException": _FILTERED,
    "APIResponseValidationError": _PROTOCOL,
    "JSONDecodeError": _PROTOCOL,
    "NotFoundError": _refused,
    "BadRequestError": _refused,
    "UnprocessableEntityError": _refused,
    "ModelNotMappedError": _refused,
    "BudgetExceededError": _limited,
    "InternalServerError": _by_status,
    "ServiceUnavailableError": _by_status,
    "BadGatewayError": _by_status,
    "MidStreamFallbackError": _by_status,
    "APIConnectionError": _gone,
    "APIStatusError": _by_status,
    "APIError": _by_status,
    "OpenAIError": _gone,
}


class ConnectionLostError(ConnectionError):
    """The connection was lost where the library would have tried once more."""


def failure_of(profile: ModelProfile, error: BaseException) -> SomaError:
    """The error for one of litellm's; what it does not know is a failed connection."""
    refused = refused_address(profile, error)
    if refused is not None:
        return refused
    if any(isinstance(cause, ConnectionLostError | aiohttp.ClientConnectionError) for cause in causes(error)):
        return _gone(profile, error)
    # It wraps what happened inside a stream.
    original = getattr(error, "original_exception", None)
    meant = original if isinstance(original, BaseException) else error
    for kind in type(meant).__mro__:
        if kind.__name__ in MEANINGS:
            return MEANINGS[kind.__name__](profile, meant)
    return _gone(profile, meant)


def _retry_after(error: Any) -> str | None:
    """The provider's wish; the exception often stands before the one that has the headers."""
    for cause in causes(error):
        for holder in (getattr(cause, "response", None), cause):
            headers = getattr(holder, "headers", None)
            if headers is not None and (seconds := headers.get("retry-after")) is not None:
                return str(seconds)
    return None
