"""Whether there is room for the call: the server's gate while it drains, and the rate limits.

Nothing here knows how a rate is counted.
"""

from typing import ClassVar, Protocol

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import RpcCall, current_call
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed


class RateLimits(Protocol):
    """Counts calls and refuses those that are too many."""

    async def check(self, call: RpcCall) -> None:
        """Raises RATE_LIMITED with a time to wait."""
        ...


class Gate:
    """Open until the server drains; what is inside already finishes."""

    def __init__(self) -> None:
        self.closed = False


class Limits:
    """Refuses a call that the server will not or cannot take."""

    name: ClassVar[str] = "limits"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline", "auth"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE})

    def __init__(self, gate: Gate, rates: RateLimits | None) -> None:
        self._gate = gate
        self._rates = rates

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call if there is room; raises SHUTTING_DOWN or RATE_LIMITED."""
        if self._gate.closed:
            raise SomaError(Reason.SHUTTING_DOWN)
        if self._rates is not None:
            await self._rates.check(current_call())
        return await proceed(exchange)
