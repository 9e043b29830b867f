"""How the mesh is, as everybody may ask: each service's state and one word for all.

Nothing here checks anything; the board does, every two seconds.
"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.exchange import exchange_of
from edge.problems import json_response
from soma_common.rpc.health import DependencyState, HealthBoard

# Without chat nothing a person wants can be done.
_VITAL: Final = "chat"


@dataclass(frozen=True, slots=True)
class MeshHealth:
    """Answers `/api/v1/health`."""

    board: HealthBoard
    mode: str
    version: str
    services: tuple[str, ...]

    def status(self) -> str:
        """healthy, degraded or unhealthy."""
        states = self.states()
        if states.get(_VITAL) != DependencyState.UP.value or self.board.snapshot().draining:
            return "unhealthy"
        return "healthy" if set(states.values()) == {DependencyState.UP.value} else "degraded"

    def states(self) -> dict[str, str]:
        """Each service with `up`, `down` or `unknown`; the edge answers, so it is up."""
        seen = self.board.snapshot().dependencies
        found = {name: seen[name].state.value for name in self.services if name in seen}
        return {**found, "edge": DependencyState.UP.value}

    async def answer(self, request: Request) -> Response:
        """The health as JSON; always 200, for the edge itself does answer."""
        exchange_of(request).route = request.url.path
        body = {"status": self.status(), "mode": self.mode, "version": self.version, "services": self.states()}
        return json_response(body)
