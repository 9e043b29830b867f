"""POST /v1/embeddings: eight numbers for each text, the same every time; a text may ask for what goes wrong.

Words that a text may carry: nan, zero, short, refused, failing, silent, empty, behind a colon after `fault`.
"""

import asyncio
import hashlib
from typing import Any, Final

from aiohttp import web

DIMENSIONS: Final = 8
_SILENT_SECONDS: Final = 600.0


async def embeddings(request: web.Request, api_key: str | None) -> web.Response:
    """The answer, in the form of OpenAI; vectors come in another order than the texts."""
    if api_key is not None and request.headers.get("Authorization") != f"Bearer {api_key}":
        return web.json_response({"error": {"message": "wrong key"}}, status=401)
    texts: list[str] = (await request.json())["input"]
    faults = {text.partition("fault:")[2].split()[0] for text in texts if "fault:" in text}
    if "silent" in faults:
        await asyncio.sleep(_SILENT_SECONDS)
    for fault, status in (("refused", 400), ("failing", 503)):
        if fault in faults:
            return web.json_response({"error": {"message": "as asked for"}}, status=status)
    data = [{"object": "embedding", "index": place, "embedding": _vector(text)} for place, text in enumerate(texts)]
    body: dict[str, Any] = {"object": "list", "data": [] if "empty" in faults else data[::-1]}
    return web.json_response(body)


def _vector(text: str) -> list[float]:
    if "fault:nan" in text:
        return [float("nan")] * DIMENSIONS
    if "fault:zero" in text:
        return [0.0] * DIMENSIONS
    numbers = [byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]
    return numbers[:-1] if "fault:short" in text else numbers
