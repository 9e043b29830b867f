"""Every call ends: a call without a deadline gets one, one that is over is refused.

Nothing here knows what the call does; `dial` hands the rest of the time on.
"""

import asyncio
import time
from typing import ClassVar, Final

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed

DEFAULT_UNARY_SECONDS: Final = 30.0


class Deadline:
    """Sets the call's deadline; a stream without one has none."""

    name: ClassVar[str] = "deadline"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE, Access.OPERATORS})

    def __init__(self, default_unary_seconds: float = DEFAULT_UNARY_SECONDS) -> None:
        self._default = default_unary_seconds

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call within its time; raises DEADLINE_EXCEEDED."""
        remaining: float | None = exchange.context.time_remaining()
        if remaining is not None and remaining <= 0:
            raise SomaError(Reason.DEADLINE_EXCEEDED)
        if remaining is not None:
            # The runtime cancels the call when its caller's deadline passes.
            exchange.deadline = time.monotonic() + remaining
            return await proceed(exchange)
        if exchange.shape.streams_replies or exchange.shape.streams_requests:
            return await proceed(exchange)
        exchange.deadline = time.monotonic() + self._default
        scope = asyncio.timeout(self._default)
        try:
            async with scope:
                return await proceed(exchange)
        except TimeoutError:
            if scope.expired():
                raise SomaError(Reason.DEADLINE_EXCEEDED) from None
            raise
