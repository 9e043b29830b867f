"""The life of a server process: start, serve until a signal, drain, end.

Nothing here knows a service.
"""

import asyncio
from typing import Final

from soma_common.logging import get_logger
from soma_common.rpc.ops_http import OpsHttp
from soma_common.rpc.server import Finish as Finish
from soma_common.rpc.server import RpcServer
from soma_common.rpc.stop import StopSignal

_LOG: Final = get_logger("soma.rpc")
DRAIN_SECONDS: Final = 10.0


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
