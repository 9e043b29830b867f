"""Asks a model for vectors behind an OpenAI-compatible endpoint of embeddings: OpenAI, a LiteLLM proxy, Ollama, vLLM.

Nothing here knows what the texts are or where vectors are kept.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson

from servers.memory.embedders.port import EmbedderDownError, TextRefusedError, judged
from servers.memory.vectors.port import Space, Vector
from soma_common.kernel.addresses import AddressRules
from soma_common.rpc.guarded_http import guarded_session, refusal_in

_CALL_SECONDS: Final = 20.0
_MOST_BYTES: Final = 64 * 1024 * 1024
# What another try with the same text cannot mend.
_REFUSED: Final = frozenset({400, 413, 422})
_NOT_THE_PROTOCOL: Final = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Which model is asked and where; `revision` tells the vectors of a model that was exchanged apart."""

    base_url: str
    model: str
    dimensions: int
    key: str | None = field(default=None, repr=False)
    revision: str = "1"

    @property
    def space(self) -> Space:
        """A space of its own for each model, length and revision."""
        return Space(f"{self.model}/{self.dimensions}.{self.revision}", self.dimensions)


class HttpEmbedder:
    """One pool of connections to one model."""

    def __init__(self, model: EmbeddingModel, rules: AddressRules) -> None:
        self._model = model
        self._rules = rules
        self._session: aiohttp.ClientSession | None = None

    @property
    def space(self) -> Space:
        """What its vectors are comparable with."""
        return self._model.space

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        """The vectors in the order of the texts. Raises EmbedderDownError, TextRefusedError."""
        body = orjson.dumps({"model": self._model.model, "input": list(texts), "encoding_format": "float"})
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                status, answer = await self._ask(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            refusal = refusal_in(problem)
            why = f"may not be called: {refusal.problem}" if refusal is not None else "does not answer"
            raise EmbedderDownError(f"the embedder {self._model.model} {why}") from problem
        if status in _REFUSED:
            raise TextRefusedError(f"the embedder {self._model.model} refused a text with HTTP {status}")
        if status != 200:
            raise EmbedderDownError(f"the embedder {self._model.model} answered HTTP {status}")
        try:
            return self._vectors(orjson.loads(answer)["data"], len(texts))
        except _NOT_THE_PROTOCOL as problem:
            words = f"the embedder {self._model.model} sent no vectors that can be used: {problem}"
            raise EmbedderDownError(words) from problem

    async def close(self) -> None:
        """Give connections back."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, body: bytes) -> tuple[int, bytes]:
        if self._session is None:
            self._session = guarded_session(self._rules)
        headers = {"Content-Type": "application/json"}
        if self._model.key:
            headers["Authorization"] = f"Bearer {self._model.key}"
        address = f"{self._model.base_url.rstrip('/')}/embeddings"
        async with self._session.post(address, data=body, headers=headers, allow_redirects=False) as response:
            answer = bytearray()
            async for part in response.content.iter_chunked(2**18):
                answer += part
                if len(answer) > _MOST_BYTES:
                    raise aiohttp.ClientPayloadError("the answer is too large")
            return response.status, bytes(answer)

    def _vectors(self, data: list[dict[str, Any]], amount: int) -> list[Vector | None]:
        found: list[Vector | None] = [None] * amount
        for item in data:
            place = item["index"]
            if not 0 <= place < amount or found[place] is not None:
                raise ValueError("it numbers its vectors otherwise than the texts")
            found[place] = judged(item["embedding"], self._model.dimensions)
        if any(vector is None for vector in found):
            raise ValueError("it left a text out")
        return found
