"""What every request must keep and every answer carries: our host name, bounded headers and bodies, the safety headers.

Nothing here knows who asks or for what.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.origins import Origins
from edge.problems import OPENAI_PREFIX, problem_response
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_HEADER_BYTES: Final = 32 * 1024
MAX_HEADERS: Final = 100
_BODY_PAUSE_SECONDS: Final = 20.0
_BODY_SECONDS: Final = 120.0

_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFETY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class WebLimits:
    """How large a request may be."""

    body_bytes: int = MAX_BODY_BYTES
    header_bytes: int = MAX_HEADER_BYTES
    headers: int = MAX_HEADERS


class WebSafety:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, origins: Origins, limits: WebLimits) -> None:
        self._app = app
        self._origins = origins
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or handshake."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket" and refusal is None:
            # What a socket sends has no headers, and there is much of it.
            await self._app(scope, receive, send)
            return

        async def adorned(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                sent = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in SAFETY_HEADERS.items():
                    sent.setdefault(name, value)
            await send(message)

        if refusal is not None:
            status, error = refusal
            openai = scope["path"].startswith(OPENAI_PREFIX)
            await problem_response(error, status, openai=openai)(scope, receive, adorned)
            return
        await self._app(scope, self._bounded(receive), adorned)

    def _refusal(self, scope: Scope) -> tuple[int | None, SomaError] | None:
        raw = scope["headers"]
        if (
            len(raw) > self._limits.headers
            or sum(len(name) + len(value) for name, value in raw) > self._limits.header_bytes
        ):
            limit = f"{self._limits.headers} headers of {self._limits.header_bytes} bytes in all"
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": limit})
        headers = Headers(scope=scope)
        try:
            self._origins.demand_host(headers)
        except SomaError as error:
            return HTTPStatus.MISDIRECTED_REQUEST, error
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return None, invalid_field("Content-Length", "it must be a number")
        if int(length) > self._limits.body_bytes:
            return None, self._too_large()
        return None

    def _bounded(self, receive: Receive) -> Receive:
        read, whole = 0, False
        until = asyncio.get_running_loop().time() + _BODY_SECONDS

        async def counted() -> Message:
            nonlocal read, whole
            message = await (receive() if whole else self._in_time(receive, until))
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if read > self._limits.body_bytes:
                    raise self._too_large()
            return message

        return counted

    async def _in_time(self, receive: Receive, until: float) -> Message:
        """The next piece of a body; a client that sends none for too long, or too little in all, is not waited for."""
        try:
            async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + _BODY_PAUSE_SECONDS)):
                return await receive()
        except TimeoutError:
            raise SomaError(Reason.DEADLINE_EXCEEDED) from None

    def _too_large(self) -> SomaError:
        return SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{self._limits.body_bytes} bytes"})
