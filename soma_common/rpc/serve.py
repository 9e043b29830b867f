"""The life of a server process: start, serve until a signal, drain, end.

Nothing here knows a service.
"""

import asyncio
import signal
from typing import Final

from soma_common.logging import get_logger
from soma_common.rpc.ops_http import OpsHttp
from soma_common.rpc.server import Finish as Finish
from soma_common.rpc.server import RpcServer

_LOG: Final = get_logger("soma.rpc")
DRAIN_SECONDS: Final = 10.0


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


async def serve_until_signal(
    server: RpcServer,
    ops_http: OpsHttp | None = None,
    finish: Finish | None = None,
    *,
    grace_seconds: float = DRAIN_SECONDS,
    stop: StopSignal | None = None,
) -> None:
    """Starts both faces, serves until SIGTERM or SIGINT, then drains; a second signal hastens the drain.

    Several servers in one process share one `stop`, which their host installed.
    """
    if stop is None:
        stop = StopSignal()
        stop.install()
    try:
        port = await server.start()
        ops_port = await ops_http.start() if ops_http is not None else None
        _LOG.info("serving", service=server.service, port=port, http_port=ops_port)
        await stop.asked()
    finally:
        haste = asyncio.create_task(_hasten(server, stop))
        await server.drain(grace_seconds, finish)
        haste.cancel()
        if ops_http is not None:
            await ops_http.stop()


async def _hasten(server: RpcServer, stop: StopSignal) -> None:
    await stop.asked_again()
    server.hasten()
