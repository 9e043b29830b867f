"""Every reason an error can have, its kind and its sentence: the one table all doors read.

Nothing here raises; a test proves this list equal to `soma.common.v1.ErrorReason`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The class of a failure, named as gRPC names it."""

    CANCELLED = "CANCELLED"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"


class Reason(StrEnum):
    """Why a call failed; the names of `soma.common.v1.ErrorReason` without their prefix."""

    INVALID_FIELD = "INVALID_FIELD"
    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"
    MISSING_CREDENTIALS = "MISSING_CREDENTIALS"
    INVALID_TOKEN = "INVALID_TOKEN"
    EXPIRED_TOKEN = "EXPIRED_TOKEN"
    SCOPE_MISSING = "SCOPE_MISSING"
    CALLER_NOT_ALLOWED = "CALLER_NOT_ALLOWED"
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED"
    RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"
    CONTEXT_OVERFLOW = "CONTEXT_OVERFLOW"
    LANE_FLOOR = "LANE_FLOOR"
    LEVEL_TOO_LOW = "LEVEL_TOO_LOW"
    CONVERSATION_BUSY = "CONVERSATION_BUSY"
    CONVERSATION_CLOSED = "CONVERSATION_CLOSED"
    TURN_INTERRUPTED = "TURN_INTERRUPTED"
    CURSOR_TOO_OLD = "CURSOR_TOO_OLD"
    MODEL_REFUSED_KEY = "MODEL_REFUSED_KEY"
    MODEL_RATE_LIMITED = "MODEL_RATE_LIMITED"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    MODEL_TIMEOUT = "MODEL_TIMEOUT"
    MODEL_CONTEXT_OVERFLOW = "MODEL_CONTEXT_OVERFLOW"
    MODEL_REQUEST_REFUSED = "MODEL_REQUEST_REFUSED"
    MODEL_CONTENT_FILTERED = "MODEL_CONTENT_FILTERED"
    MODEL_PROTOCOL_ERROR = "MODEL_PROTOCOL_ERROR"
    MEMORY_REFUSED = "MEMORY_REFUSED"
    ORCHESTRATOR_OWNS_PROCESS = "ORCHESTRATOR_OWNS_PROCESS"
    DEPENDENCY_DOWN = "DEPENDENCY_DOWN"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CALL_CANCELLED = "CALL_CANCELLED"
    INTERNAL = "INTERNAL"
    SECRETS_UNAVAILABLE = "SECRETS_UNAVAILABLE"
    MODEL_ADDRESS_REFUSED = "MODEL_ADDRESS_REFUSED"
    SAGA_CANNOT_CHANGE = "SAGA_CANNOT_CHANGE"
    SAGA_STEP_FENCED = "SAGA_STEP_FENCED"
    SAGA_RUNNING = "SAGA_RUNNING"
    SAGA_FAILED = "SAGA_FAILED"
    CALL_RESOLVED = "CALL_RESOLVED"
    APPROVAL_MISMATCH = "APPROVAL_MISMATCH"
    SLEEP_TRANSITION_REFUSED = "SLEEP_TRANSITION_REFUSED"
    AGENT_FROZEN = "AGENT_FROZEN"


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """The kind of a reason and its sentence, a template over the reason's metadata."""

    kind: Kind
    sentence: str


REASONS: Final[dict[Reason, ReasonRow]] = {
    Reason.INVALID_FIELD: ReasonRow(Kind.INVALID_ARGUMENT, "The field {field} is not acceptable: {rule}."),
    Reason.MALFORMED_MESSAGE: ReasonRow(
        Kind.INVALID_ARGUMENT, "The message could not be read as {expected}. Check its form and send it again."
    ),
    Reason.PAYLOAD_TOO_LARGE: ReasonRow(
        Kind.INVALID_ARGUMENT, "The message is larger than the {limit} that are allowed here. Send less at once."
    ),
    Reason.METHOD_UNKNOWN: ReasonRow(
        Kind.UNIMPLEMENTED,
        "There is no method {method} here. Check its name and address.",
    ),
    Reason.MISSING_CREDENTIALS: ReasonRow(
        Kind.UNAUTHENTICATED,
        "The call carries no token. Send it as “Authorization: Bearer <token>”; `somastack token` prints one.",
    ),
    Reason.INVALID_TOKEN: ReasonRow(
        Kind.UNAUTHENTICATED, "The token is not valid: {problem}. `somastack token` prints a new one."
    ),
    Reason.EXPIRED_TOKEN: ReasonRow(Kind.UNAUTHENTICATED, "The token has expired. `somastack token` prints a new one."),
    Reason.SCOPE_MISSING: ReasonRow(
        Kind.PERMISSION_DENIED,
        "This needs the scope {scope} and the role {role} or a higher one, which the token does not have.",
    ),
    Reason.CALLER_NOT_ALLOWED: ReasonRow(Kind.PERMISSION_DENIED, "{caller} may not call {method}."),
    Reason.ORIGIN_NOT_ALLOWED: ReasonRow(
        Kind.PERMISSION_DENIED, "Requests from {origin} are not accepted. Open the page under its own address."
    ),
    Reason.RESOURCE_NOT_FOUND: ReasonRow(Kind.NOT_FOUND, "There is no {resource} {id}."),
    Reason.REQUEST_ID_REUSED: ReasonRow(
        Kind.ALREADY_EXISTS, "The request_id {request_id} was used before with other content. Use a new one."
    ),
    Reason.ETAG_MISMATCH: ReasonRow(
        Kind.ABORTED,
        "The {resource} was changed meanwhile. Read it again and repeat the change.",
    ),
    Reason.CONFLICT: ReasonRow(Kind.ABORTED, "Somebody else changed the same thing at the same moment. Try again."),
    Reason.RATE_LIMITED: ReasonRow(Kind.RESOURCE_EXHAUSTED, "Too many requests: {limit}. Wait a moment and try again."),
    Reason.BUDGET_EXHAUSTED: ReasonRow(
        Kind.RESOURCE_EXHAUSTED,
        "The {period} budget of the {scope} is used up ({used} of {limit} {unit}). "
        "It comes back at {resets_at}; an administrator can raise it.",
    ),
    Reason.CONTEXT_OVERFLOW: ReasonRow(
        Kind.INVALID_ARGUMENT,
        "The message does not fit the model: it needs {needed} tokens and {available} are available. Shorten it.",
    ),
    Reason.LANE_FLOOR: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The lane {lane} needs at least {floor} tokens and only {available} are left. "
        "Choose a model with a larger window or a smaller answer.",
    ),
    Reason.LEVEL_TOO_LOW: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The system runs at level {level} and the request asks for at least {min_level}. Try later.",
    ),
    Reason.CONVERSATION_BUSY: ReasonRow(
        Kind.FAILED_PRECONDITION, "The conversation is still answering (turn {turn_id}). Wait for it or stop it."
    ),
    Reason.CONVERSATION_CLOSED: ReasonRow(
        Kind.FAILED_PRECONDITION, "The conversation is {status} and takes no new messages. Start a new one."
    ),
    Reason.TURN_INTERRUPTED: ReasonRow(
        Kind.UNAVAILABLE, "The answer was interrupted by a restart. What had been written is kept; ask again to go on."
    ),
    Reason.CURSOR_TOO_OLD: ReasonRow(
        Kind.OUT_OF_RANGE, "The stream of turn {turn_id} is no longer kept. Its answer is the message {message_id}."
    ),
    Reason.CALL_RESOLVED: ReasonRow(
        Kind.FAILED_PRECONDITION, "The call {call_id} was decided or answered already. Look at the turn for its result."
    ),
    Reason.APPROVAL_MISMATCH: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The call {call_id} waits with other arguments than those you saw. Look at it again and decide then.",
    ),
    Reason.SLEEP_TRANSITION_REFUSED: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "An agent that is {state} does not become {target} at once. From here it can become: {allowed}.",
    ),
    Reason.AGENT_FROZEN: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "This agent is frozen and takes no messages. Wake it on the page's Mind tab or with "
        "`somastack mind wake --agent {agent_id}`, then send the message again.",
    ),
    Reason.MODEL_REFUSED_KEY: ReasonRow(
        Kind.FAILED_PRECONDITION, "The provider of the model {model} refused the key. Set a valid key and try again."
    ),
    Reason.MODEL_RATE_LIMITED: ReasonRow(
        Kind.RESOURCE_EXHAUSTED, "The provider of the model {model} is limiting requests. Try again in {retry_after} s."
    ),
    Reason.MODEL_UNAVAILABLE: ReasonRow(
        Kind.UNAVAILABLE,
        "The model {model} cannot be reached or failed ({problem}). Try again, or choose another model.",
    ),
    Reason.MODEL_TIMEOUT: ReasonRow(
        Kind.DEADLINE_EXCEEDED,
        "The model {model} did not answer within {timeout_seconds} s. Try again, or choose another model.",
    ),
    Reason.MODEL_CONTEXT_OVERFLOW: ReasonRow(
        Kind.INVALID_ARGUMENT, "The model {model} says that the request does not fit its window. Shorten it."
    ),
    Reason.MODEL_REQUEST_REFUSED: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The model {model} refused the request (HTTP {status}). Check the options and the model's name.",
    ),
    Reason.MODEL_CONTENT_FILTERED: ReasonRow(
        Kind.FAILED_PRECONDITION, "The provider of the model {model} filtered the content. Ask in other words."
    ),
    Reason.MODEL_PROTOCOL_ERROR: ReasonRow(
        Kind.UNAVAILABLE, "The model {model} sent something that is not its provider's protocol. Check its base URL."
    ),
    Reason.MEMORY_REFUSED: ReasonRow(Kind.FAILED_PRECONDITION, "This is not kept as a memory: {why}."),
    Reason.ORCHESTRATOR_OWNS_PROCESS: ReasonRow(
        Kind.FAILED_PRECONDITION, "Processes are started and stopped by the orchestrator here. Use: {command}"
    ),
    Reason.DEPENDENCY_DOWN: ReasonRow(
        Kind.UNAVAILABLE,
        "The service {dependency} does not answer. Try again in a moment.",
    ),
    Reason.DATABASE_UNAVAILABLE: ReasonRow(Kind.UNAVAILABLE, "The database does not answer. Try again in a moment."),
    Reason.SHUTTING_DOWN: ReasonRow(Kind.UNAVAILABLE, "This server is going down. Try again in a moment."),
    Reason.DEADLINE_EXCEEDED: ReasonRow(Kind.DEADLINE_EXCEEDED, "The call took longer than its deadline allowed."),
    Reason.CALL_CANCELLED: ReasonRow(Kind.CANCELLED, "The call was cancelled."),
    Reason.INTERNAL: ReasonRow(
        Kind.INTERNAL,
        "An error inside the service stopped this. Report the error id {error_id}; the log has the details.",
    ),
    Reason.SECRETS_UNAVAILABLE: ReasonRow(
        Kind.UNAVAILABLE,
        "The store of keys ({store}) cannot be used: {problem}. An operator has to mend that; then try again.",
    ),
    Reason.MODEL_ADDRESS_REFUSED: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The address of the model {model} is not allowed: {problem}. Change its base URL.",
    ),
    Reason.SAGA_CANNOT_CHANGE: ReasonRow(
        Kind.FAILED_PRECONDITION, "The saga {saga_id} is {status} and cannot be {wanted}: {why}."
    ),
    Reason.SAGA_STEP_FENCED: ReasonRow(
        Kind.FAILED_PRECONDITION, "This step of a saga was undone before it came, so it is not done any more."
    ),
    Reason.SAGA_RUNNING: ReasonRow(
        Kind.DEADLINE_EXCEEDED,
        "This takes longer than the call could wait, and goes on as the saga {saga_id}. "
        "Ask again with the same request_id, or look with `somastack saga inspect {saga_id}`.",
    ),
    Reason.SAGA_FAILED: ReasonRow(
        Kind.FAILED_PRECONDITION,
        "The saga {saga_id} failed ({problem}): {outcome}. `somastack saga inspect {saga_id}` tells at which step.",
    ),
}
