# ruff: noqa: ASYNC240 - a few small files, in a process of its own
"""A process for the supervisor: serves the health of a service at a port, and notes that it was let drain.

`python small_service.py PORT NOTE`; with a socket as third argument it is control itself: once the file NOTE.restart
is there, it orders its own restart. A file NOTE.seconds says how long it drains.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from aiohttp import web

from servers.control.fleet import SupervisedFleet
from soma_common.supervision.client import SupervisorClient
from soma_common.supervision.probe import http_probe
from soma_common.supervision.status import Door

HEALTH = {
    "status": "degraded",
    "version": "9.9",
    "dependencies": {"database": {"state": "up", "required": True}, "memory": {"state": "down", "required": False}},
}


async def health(_: web.Request) -> web.Response:
    return web.Response(text=json.dumps(HEALTH), content_type="application/json")


async def restart_itself(socket: Path, wish: Path, port: int) -> None:
    address = f"127.0.0.1:{port}"
    fleet = SupervisedFleet(SupervisorClient(socket), [Door("control", address, http_probe(address))], {}, "control")
    while not wish.exists():
        await asyncio.sleep(0.05)
    wish.unlink()
    await fleet.order("control", "restart")


async def main(port: int, note: Path, socket: Path | None) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = web.Application()
    for path in ("/readyz", "/v1/health"):
        app.router.add_get(path, health)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    restarting = asyncio.create_task(restart_itself(socket, Path(f"{note}.restart"), port)) if socket else None
    await stop.wait()
    # A drain may take a while; whoever ordered it may have lost patience by then.
    slowly = Path(f"{note}.seconds")
    await asyncio.sleep(float(slowly.read_text()) if slowly.exists() else 0.0)
    note.write_text("drained")
    if restarting is not None:
        restarting.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None))
