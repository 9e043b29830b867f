"""How a process is told to stop.

Nothing here knows what runs in it.
"""

import asyncio
import signal


class StopSignal:
    """SIGTERM and SIGINT as things to wait for: the first asks for a drain, the second for haste."""

    def __init__(self) -> None:
        self._first = asyncio.Event()
        self._second = asyncio.Event()

    def install(self) -> None:
        """Takes over the signals of this process for the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Counts one request to stop."""
        (self._second if self._first.is_set() else self._first).set()

    async def asked(self) -> None:
        """Waits for the first request."""
        await self._first.wait()

    async def asked_again(self) -> None:
        """Waits for the second request."""
        await self._second.wait()
