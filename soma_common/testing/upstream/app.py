"""The HTTP application: the model API and the control API over one programme of scripts.

Holds the state of one process; `playing.py` sends the answers.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from soma_common.testing.upstream.answer import answer_to
from soma_common.testing.upstream.chunks import error_body
from soma_common.testing.upstream.embeddings import embeddings
from soma_common.testing.upstream.faces import ChatCompletions, Face
from soma_common.testing.upstream.faults import REFUSALS
from soma_common.testing.upstream.messages import Messages, as_completion
from soma_common.testing.upstream.playing import FaultedError, Play, fail_first, play_stream, play_whole
from soma_common.testing.upstream.records import Log, ReceivedRequest
from soma_common.testing.upstream.script import FaultKind, Scripts
from soma_common.testing.upstream.text import Count, simple_count
from soma_common.testing.upstream.validation import problem_of

_MAX_BODY_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class Upstream:
    """The state of one process."""

    scripts: Scripts = field(default_factory=Scripts)
    models: tuple[str, ...] = ("scripted",)
    api_key: str | None = None
    count_for: Callable[[str], Count] = lambda model: simple_count
    log: Log = field(default_factory=Log)

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.chat),
                web.post("/v1/messages", self.messages),
                web.post("/v1/embeddings", self.embeddings),
                web.get("/v1/models", self.list_models),
                web.put("/control/script", self.put_script),
                web.post("/control/script", self.enqueue_script),
                web.get("/control/script", self.get_script),
                web.get("/control/requests", self.get_requests),
                web.delete("/control/requests", self.delete_requests),
            ]
        )
        return app

    async def embeddings(self, request: web.Request) -> web.Response:
        """POST /v1/embeddings."""
        return await embeddings(request, self.api_key)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        raw = await request.read()
        try:
            body: Any = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = raw.decode(errors="replace")
        record = self.log.open(request.method, request.path_qs, dict(request.headers), body, time.time())
        record.body_sha256 = hashlib.sha256(raw).hexdigest()
        if (refused := self._refused(request, body)) is not None:
            record.status = refused.status
            self.log.close(record, "refused", time.time())
            return refused
        return await self._converse(request, record, body, raw, ChatCompletions())

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages: Anthropic's language, streamed."""
        raw = await request.read()
        record = self.log.open(request.method, request.path_qs, dict(request.headers), orjson.loads(raw), time.time())
        face = Messages()
        if self.api_key is not None and request.headers.get("x-api-key") != self.api_key:
            refusal = REFUSALS[FaultKind.UNAUTHORIZED]
            record.status = refusal.status
            self.log.close(record, "refused", time.time())
            return web.Response(body=face.refusal(refusal), status=refusal.status, content_type="application/json")
        return await self._converse(request, record, as_completion(orjson.loads(raw)), raw, face)

    async def _converse(
        self, request: web.Request, record: ReceivedRequest, body: Any, raw: bytes, face: Face
    ) -> web.StreamResponse:
        count = self.count_for(body["model"])
        try:
            return await self._answer(request, record, body, raw, face)
        except asyncio.CancelledError:
            self._close(record, "disconnected", count)
            raise
        except ConnectionError:
            self._close(record, "disconnected", count)
            return web.Response()
        finally:
            self._close(record, "finished", count)

    async def _answer(
        self, request: web.Request, record: ReceivedRequest, body: Any, raw: bytes, face: Face
    ) -> web.StreamResponse:
        count = self.count_for(body["model"])
        script, self.scripts = self.scripts.take(raw.decode(errors="replace"), body["model"])
        answer = answer_to(script, body, raw, request.headers, count)
        record.script = script.name
        include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        play = Play(request, script, answer, record, include_usage, bool(body.get("logprobs")), face)
        try:
            if (failure := await fail_first(play)) is not None:
                raise FaultedError(failure)
            record.status, record.prompt_tokens = 200, answer.usage.prompt_tokens
            response = await (play_stream(play) if body.get("stream") else play_whole(play))
        except FaultedError as fault:
            if fault.response is not None:
                record.status = fault.response.status
            self._close(record, "fault", count)
            return fault.response or web.Response()
        record.finish_reason = answer.finish_reason
        record.completion_tokens = answer.usage.completion_tokens
        return response

    def _close(self, record: ReceivedRequest, outcome: str, count: Count) -> None:
        """Close the record; what a broken answer had said is counted, as providers bill it."""
        if record.outcome == "running" and outcome != "finished":
            record.completion_tokens = count(record.text_sent)
        self.log.close(record, outcome, time.time())

    def _refused(self, request: web.Request, body: Any) -> web.Response | None:
        if self.api_key is not None and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            refusal = REFUSALS[FaultKind.UNAUTHORIZED]
            return web.Response(body=refusal.body, status=refusal.status, content_type="application/json")
        if (problem := problem_of(body)) is None:
            return None
        text = f"Invalid value for '{problem.param}': {problem.message}."
        refusal_body = error_body(text, "invalid_request_error", "invalid_value", problem.param)
        return web.Response(body=refusal_body, status=400, content_type="application/json")

    async def list_models(self, request: web.Request) -> web.Response:
        """GET /v1/models."""
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "scripted"} for name in self.models]
        return web.json_response({"object": "list", "data": rows})

    async def put_script(self, request: web.Request) -> web.Response:
        """PUT /control/script: a whole programme, or one of its two parts (the other part stays)."""
        return await self._take_programme(request, append=False)

    async def enqueue_script(self, request: web.Request) -> web.Response:
        """POST /control/script: the same, but the queue is added to what waits."""
        return await self._take_programme(request, append=True)

    async def _take_programme(self, request: web.Request, *, append: bool) -> web.Response:
        try:
            value = await request.json()
            new = Scripts.from_json(value)
        except (json.JSONDecodeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        default = new.default if "default" in value else self.scripts.default
        before = self.scripts.queue if append or "queue" not in value else ()
        self.scripts = Scripts(default, (*before, *new.queue))
        return web.json_response(self.scripts.to_json())

    async def get_script(self, request: web.Request) -> web.Response:
        """GET /control/script: what is left of the programme."""
        return web.json_response(self.scripts.to_json())

    async def get_requests(self, request: web.Request) -> web.Response:
        """GET /control/requests: every request and the sums."""
        return web.Response(body=orjson.dumps(self.log.to_json()), content_type="application/json")

    async def delete_requests(self, request: web.Request) -> web.Response:
        """DELETE /control/requests."""
        self.log.reset()
        return web.json_response({})
