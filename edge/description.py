"""The description of the REST API: the OpenAPI document that stands beside the contracts, as it was generated.

Nothing here makes it; `tools/openapi` does.
"""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from edge.exchange import exchange_of

_DOCUMENT: Final = "openapi.json"


async def description(request: Request) -> Response:
    """`GET /openapi.json`, for everybody; read from disk each time, as it is asked for rarely."""
    exchange_of(request).route = request.url.path
    path = str(files("soma").joinpath(_DOCUMENT))
    return FileResponse(path, media_type="application/json", headers={"cache-control": "no-cache"})
