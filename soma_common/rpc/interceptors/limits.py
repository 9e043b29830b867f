"""Whether there is room for the call: the server's gate while it drains.

Rates are counted where a request is known to be a new one, not here: a repeated request costs nobody anything.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed


class Gate:
    """Open until the server drains; it knows how many calls are inside."""

    def __init__(self) -> None:
        self._closed = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Lets one call through for as long as the block lasts; raises SHUTTING_DOWN when the gate is closed."""
        if self._closed:
            raise SomaError(Reason.SHUTTING_DOWN)
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if self._inside == 0:
                self._empty.set()

    def close(self) -> None:
        """Lets nobody in from now on."""
        self._closed = True

    async def empty(self) -> None:
        """Waits until nobody is inside."""
        await self._empty.wait()


class Limits:
    """Refuses a call that the server will not or cannot take."""

    name: ClassVar[str] = "limits"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline", "auth"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE})

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call if there is room; raises SHUTTING_DOWN."""
        with self._gate.passed():
            return await proceed(exchange)
