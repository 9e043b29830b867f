"""The HTTP face for operators: alive, ready, health as data, metrics.

Nothing here decides a state; the board does. Nothing a user wants is served here.
"""

from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from soma_common.rpc.address import Address, ListenFailed
from soma_common.rpc.health import HealthBoard, HealthSnapshot

_DRAIN_SECONDS: Final = 1.0


class OpsHttp:
    """Serves /healthz, /readyz, /v1/health (also as /health) and /metrics of one service."""

    def __init__(
        self, service: str, version: str, listen: str, board: HealthBoard, registry: CollectorRegistry
    ) -> None:
        self._service = service
        self._version = version
        self._address = Address.parse(listen)
        self._board = board
        self._registry = registry
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listens and gives the port; raises ListenFailed when it is taken."""
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/v1/health", self._health)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address.host, self._address.port, reuse_port=False).start()
        except OSError as error:
            await runner.cleanup()
            raise ListenFailed(self._service, str(self._address), error) from None
        self._runner = runner
        port: int = runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _ready(self, _request: web.Request) -> web.Response:
        snapshot = self._board.snapshot()
        body = {"ready": snapshot.serving, "draining": snapshot.draining, "dependencies": _dependencies(snapshot)}
        return web.json_response(body, status=200 if snapshot.serving else 503)

    async def _health(self, _request: web.Request) -> web.Response:
        snapshot = self._board.snapshot()
        return web.json_response(
            {
                "status": snapshot.status.value,
                "service": self._service,
                "version": self._version,
                "dependencies": _dependencies(snapshot),
            }
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _dependencies(snapshot: HealthSnapshot) -> dict[str, dict[str, object]]:
    return {
        name: {"state": it.state.value, "required": it.required, "since": it.since.isoformat(timespec="milliseconds")}
        for name, it in snapshot.dependencies.items()
    }
