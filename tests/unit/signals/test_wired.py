"""A server of signals that hangs is noticed, however often somebody asks meanwhile."""

import asyncio
from collections.abc import Sequence

from soma_common.signals import SignalsDownError
from soma_common.signals.wired import Hear, Signal, Wire, WiredSignals
from soma_common.testing.eventually import eventually


class MuteWire(Wire):
    """Takes everything and answers no question."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()

    async def listen(self, names: Sequence[str]) -> None:
        """Hears nothing."""

    async def unlisten(self, names: Sequence[str]) -> None:
        """Hears nothing."""

    async def send(self, batch: Sequence[Signal]) -> None:
        """Goes nowhere."""

    async def ping(self) -> None:
        """Never comes back."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is open."""


class MuteSignals(WiredSignals):
    """Connects once, to nobody who answers."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = 0

    async def _connect(self, hear: Hear) -> Wire:
        self.connections += 1
        if self.connections > 1:
            raise ConnectionRefusedError
        return MuteWire()


async def test_a_server_that_hangs_is_noticed_while_it_is_checked() -> None:
    signals = MuteSignals()
    try:
        await signals.check()

        async def down() -> bool:
            try:
                await signals.check()
            except SignalsDownError:
                return True
            return False

        await eventually(down, within_seconds=5, every_seconds=0.2)
    finally:
        await signals.close()
