"""The page and its files; a browser on this machine gets a session with it.

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
from edge.login import Login
from edge.problems import problem_response
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


class Page:
    """Serves the files of `edge/static`, read once."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._files = _read_files()

    async def index(self, request: Request) -> Response:
        """`/`: the page, with a fresh session for a browser of this machine."""
        exchange_of(request).route = "/"
        response = self._serve(request, _INDEX)
        self._login.give(request, response)
        return response

    async def file(self, request: Request) -> Response:
        """`/static/{name}`."""
        exchange_of(request).route = "/static/{name}"
        name = request.path_params["name"]
        if name not in self._files or name == _INDEX:
            return problem_response(SomaError(Reason.METHOD_UNKNOWN, {"method": f"GET {request.url.path}"[:200]}))
        return self._serve(request, name)

    def _serve(self, request: Request, name: str) -> Response:
        file = self._files[name]
        headers = {"etag": file.etag, "cache-control": _KEPT}
        if file.etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)


def _read_files() -> dict[str, _File]:
    found: dict[str, _File] = {}
    for entry in files("edge").joinpath("static").iterdir():
        suffix = f".{entry.name.rpartition('.')[2]}"
        if suffix in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = _File(content, _TYPES[suffix], f'"{sha256(content).hexdigest()[:20]}"')
    return found
