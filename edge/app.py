"""The app: every door with the layers around it, built from parts that are handed in.

Nothing here listens, dials or reads settings.
"""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from edge.bridge import Mesh, Turns
from edge.description import description
from edge.directory import Directory
from edge.health import MeshHealth
from edge.identity import Identities
from edge.login import Login
from edge.openai import OpenAi
from edge.origins import Origins
from edge.page import Page
from edge.problems import OPENAI_PREFIX, problem_response
from edge.rates import Allowances, SessionLimits
from edge.rest import Rest, RestTools
from edge.routes import RouteTable, contract_services
from edge.socket_tools import SocketTools
from edge.sockets import SocketLimits, Sockets
from edge.telemetry import EdgeMetrics, Telemetry
from edge.titles import Titles
from edge.web_safety import WebLimits, WebSafety
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason

_EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """What the app is made of."""

    mesh: Mesh
    turns: Turns
    identities: Identities
    origins: Origins
    login: Login
    page: Page
    health: MeshHealth
    allowances: Allowances
    socket_limits: SocketLimits
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class EdgeApp:
    """The app, and its sockets, which are told when the server goes down."""

    asgi: ASGIApp
    sockets: Sockets


def build_app(parts: EdgeParts, registry: CollectorRegistry) -> EdgeApp:
    """The app with all its doors."""
    metrics = EdgeMetrics(registry)
    directory = Directory(parts.mesh, parts.clock)
    openai = OpenAi(parts.turns, directory, parts.identities, parts.allowances, parts.ids, parts.clock)
    rest = Rest(
        RouteTable(contract_services()),
        RestTools(parts.mesh, parts.turns, parts.identities, parts.allowances, parts.ids, parts.clock),
    )
    sockets = Sockets(
        SocketTools(
            turns=parts.turns,
            titles=Titles(parts.mesh),
            directory=directory,
            identities=parts.identities,
            allowances=parts.allowances,
            metrics=metrics,
            limits=SessionLimits(),
            ids=parts.ids,
            clock=parts.clock,
        ),
        parts.socket_limits,
    )
    app = Starlette(
        routes=[
            Route("/", parts.page.index, methods=["GET"]),
            Route("/static/{name}", parts.page.file, methods=["GET"]),
            Route("/openapi.json", description, methods=["GET"]),
            Route("/api/v1/health", parts.health.answer, methods=["GET"]),
            Route("/api/v1/auth/session", parts.login.renew, methods=["GET"]),
            Route("/api/v1/auth/session", parts.login.end, methods=["DELETE"]),
            Route("/api/v1/auth/ticket", parts.login.ticket, methods=["POST"]),
            Route("/v1/models", openai.models, methods=["GET"]),
            Route("/v1/models/{model:path}", openai.model, methods=["GET"]),
            Route("/v1/chat/completions", openai.completions, methods=["POST"]),
            Route("/v1/{path:path}", openai.unknown, methods=_EVERY_METHOD),
            WebSocketRoute("/ws/v2/chat", sockets.connect),
            WebSocketRoute("/ws/v2/chat/{agent_id}", sockets.connect),
            Route("/{path:path}", rest.answer, methods=_EVERY_METHOD),
        ],
        exception_handlers={HTTPException: _http_problem},
        middleware=[
            Middleware(Telemetry, metrics=metrics, ids=parts.ids),
            Middleware(WebSafety, origins=parts.origins, limits=WebLimits()),
        ],
    )
    return EdgeApp(app, sockets)


async def _http_problem(request: Request, problem: Exception) -> Response:
    """What the router itself refuses: a method that a path does not have, or a path that nobody has."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    error = SomaError(Reason.METHOD_UNKNOWN, {"method": f"{request.method} {request.url.path}"[:200]})
    response = problem_response(error, status, openai=request.url.path.startswith(OPENAI_PREFIX))
    if isinstance(problem, HTTPException):
        for name, value in (problem.headers or {}).items():
            response.headers[name] = value
    return response
