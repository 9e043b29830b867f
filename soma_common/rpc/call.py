"""The call that is being served, as the code it runs sees it.

Nothing here knows gRPC: the interceptors fill it in, `dial` reads it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from soma_common.kernel.tenancy import Caller
from soma_common.logging.context import log_context


@dataclass(frozen=True, slots=True)
class RpcCall:
    """Who calls, under which correlation id, which method, until when.

    `method` is the full path (`/soma.chat.v1.TurnService/SendMessage`), or empty for work without a call; `deadline` is
    in seconds of the monotonic clock, None without one.
    """

    caller: Caller
    correlation_id: str
    method: str = ""
    deadline: float | None = None

    def remaining_seconds(self) -> float | None:
        """Time left until the deadline (negative when it has passed), or None without one."""
        return None if self.deadline is None else self.deadline - time.monotonic()


# What a hop keeps for itself of the time that is left.
MARGIN_SECONDS: Final = 0.02
# A call that ended this near to the deadline ended because of it.
_NEAR_SECONDS: Final = MARGIN_SECONDS + 0.03

CALL: ContextVar[RpcCall] = ContextVar("soma_rpc_call")


def current_call() -> RpcCall:
    """The call this code runs for; LookupError outside a call and outside `acting_as`."""
    try:
        return CALL.get()
    except LookupError:
        raise LookupError(
            "there is no call here: work without one runs inside acting_as(caller, correlation_id)"
        ) from None


def out_of_time() -> bool:
    """Whether the deadline of the running call is over, or so near that nothing can be asked any more."""
    call = CALL.get(None)
    remaining = None if call is None else call.remaining_seconds()
    return remaining is not None and remaining <= _NEAR_SECONDS


@contextmanager
def acting_as(caller: Caller, correlation_id: str, timeout_seconds: float | None = None) -> Iterator[RpcCall]:
    """Gives work that has no call of its own an identity, a correlation id and, if given, a fresh deadline.

    Wrap the body of an own task in it: the deadline of the call that started the task does not reach inside.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    call = RpcCall(caller, correlation_id, deadline=deadline)
    token = CALL.set(call)
    try:
        with log_context(correlation_id=correlation_id, tenant_id=str(caller.tenant_id)):
            yield call
    finally:
        CALL.reset(token)
