"""The page and its files, and the session that a browser on this machine gets with it.

Nothing here knows what the page shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.exchange import exchange_of
from edge.identity import SessionMaker
from edge.origins import Origins
from edge.problems import json_response, problem_response
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_INDEX: Final = "index.html"
# Small files that change with a release: kept, but asked for each time by their ETag.
_KEPT: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """The names of the two cookies of a session, and whether they travel by TLS only."""

    session: str
    csrf: str
    secure: bool


class Page:
    """Serves the files of `edge/static`, read once."""

    def __init__(self, origins: Origins, sessions: SessionMaker | None, cookies: SessionCookies) -> None:
        self._origins = origins
        self._sessions = sessions
        self._cookies = cookies
        self._files = _read_files()

    async def index(self, request: Request) -> Response:
        """`/`: the page, with a fresh session for a browser of this machine."""
        exchange_of(request).route = "/"
        response = self._serve(request, _INDEX)
        self._give_session(request, response)
        return response

    async def file(self, request: Request) -> Response:
        """`/static/{name}`."""
        exchange_of(request).route = "/static/{name}"
        name = request.path_params["name"]
        if name not in self._files or name == _INDEX:
            return problem_response(SomaError(Reason.METHOD_UNKNOWN, {"method": f"GET {request.url.path}"[:200]}))
        return self._serve(request, name)

    async def renew(self, request: Request) -> Response:
        """`GET /api/v1/auth/session`: a fresh session for one that ends, under the conditions of `/`."""
        exchange_of(request).route = request.url.path
        response = json_response({"renewed": self._sessions is not None})
        if not self._give_session(request, response):
            return problem_response(SomaError(Reason.MISSING_CREDENTIALS))
        return response

    def _serve(self, request: Request, name: str) -> Response:
        file = self._files[name]
        headers = {"etag": file.etag, "cache-control": _KEPT}
        if file.etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)

    def _give_session(self, request: Request, response: Response) -> bool:
        host = request.client.host if request.client is not None else None
        if self._sessions is None or not self._origins.is_own_browser(request.headers, host):
            return False
        session = self._sessions.make()
        age = int(self._sessions.ttl_seconds)
        for name, value, hidden in (
            (self._cookies.session, session.token, True),
            (self._cookies.csrf, session.csrf, False),
        ):
            response.set_cookie(
                name, value, max_age=age, path="/", secure=self._cookies.secure, httponly=hidden, samesite="strict"
            )
        response.headers["cache-control"] = "no-store" if "etag" not in response.headers else _KEPT
        return True


def _read_files() -> dict[str, _File]:
    found: dict[str, _File] = {}
    for entry in files("edge").joinpath("static").iterdir():
        suffix = f".{entry.name.rpartition('.')[2]}"
        if suffix in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = _File(content, _TYPES[suffix], f'"{sha256(content).hexdigest()[:20]}"')
    return found
