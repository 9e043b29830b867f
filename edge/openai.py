"""The doors of the OpenAI API: chat completions and the list of models.

Nothing here reads a body or words an answer; `openai_request.py` and `openai_reply.py` do.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from edge.bridge import Turns
from edge.directory import Directory
from edge.exchange import Exchange, exchange_of
from edge.identity import Identities
from edge.json_input import read_object
from edge.openai_names import in_their_words
from edge.openai_reply import Answer
from edge.openai_request import Completion, read_completion
from edge.problems import json_response, problem_response, to_openai_problem
from edge.rates import Allowances
from edge.replies import Headers, LiveForm, LiveResponse, until_gone
from edge.rest import count_message
from edge.sse import MEDIA_TYPE, to_event
from soma.chat.v1 import turn_event_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason

_RECEIPT: Final = "x-soma-receipt-id"
# Schemas of tools and answers are nested more deeply than what people write.
_DEEPEST: Final = 96
_DONE: Final = b"data: [DONE]\n\n"
_PATHS: Final = frozenset(("/v1/models", "/v1/chat/completions"))
_QUIET_EVENTS: Final = frozenset(("started", "notice"))


def _form(limit_name: str) -> LiveForm:
    def refuse(error: SomaError) -> Response:
        return _refuse(error, limit_name)

    def break_off(error: SomaError) -> bytes:
        return to_event(orjson.dumps(to_openai_problem(in_their_words(error, limit_name))))

    return LiveForm(MEDIA_TYPE, keeps_alive=True, refuse=refuse, break_off=break_off)


def _refuse(error: SomaError, limit_name: str = "max_completion_tokens") -> Response:
    return problem_response(in_their_words(error, limit_name), openai=True)


@dataclass(frozen=True, slots=True)
class OpenAi:
    """The handlers."""

    turns: Turns
    directory: Directory
    identities: Identities
    allowances: Allowances
    ids: Ids
    clock: Clock

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`: the agents by name, then the model profiles."""
        exchange = await self._enter(request)
        with exchange.acting():
            return json_response({"object": "list", "data": await self._listed(fresh=True)})

    async def model(self, request: Request) -> Response:
        """`GET /v1/models/{model}`."""
        exchange = await self._enter(request, "/v1/models/{model}")
        raw = bytes(request.scope["raw_path"]).decode("latin-1")
        name = unquote(raw.partition("/v1/models/")[2])
        with exchange.acting():
            found = next((it for it in await self._listed(fresh=True) if it["id"] == name), None)
        return json_response(found) if found is not None else _refuse(not_found("model", name[:200]))

    async def completions(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        exchange = await self._enter(request)
        body = read_object(await request.body(), "the body of a chat completion", _DEEPEST)
        completion = read_completion(body)
        count_message(self.allowances, exchange, self.clock)
        completion.request.request_id = str(self.ids.uuid7())
        exchange.correlation_id = completion.request.request_id
        with exchange.acting():
            await self._resolve(completion)
        if completion.stream:
            return LiveResponse(self._chunks(completion), _form(completion.limit_name), exchange)
        whole = await until_gone(request.receive, self._whole(completion, exchange))
        return whole if whole is not None else Response(status_code=499)

    async def unknown(self, request: Request) -> Response:
        """Every other path and method of the OpenAI API: a plain word that it is not served here."""
        asked = {"method": f"{request.method} {request.url.path}"[:200]}
        served = {"GET"} if request.url.path.startswith("/v1/models") else {"POST"}
        known = request.url.path in _PATHS or request.url.path.startswith("/v1/models/")
        if not known:
            return _refuse(SomaError(Reason.METHOD_UNKNOWN, asked))
        response = problem_response(SomaError(Reason.METHOD_UNKNOWN, asked), 405, openai=True)
        response.headers["allow"] = ", ".join(served)
        return response

    async def _enter(self, request: Request, route: str = "") -> Exchange:
        exchange = exchange_of(request)
        exchange.route = route or request.url.path
        exchange.identity = await self.identities.of_request(request)
        return exchange

    async def _listed(self, *, fresh: bool) -> list[dict[str, Any]]:
        agents, models = await self.directory.agents(fresh=fresh), await self.directory.models(fresh=fresh)
        found = [_model(agent.name, agent.create_time.seconds, "soma") for agent in agents if not agent.archived]
        names = {it["id"] for it in found}
        return found + [
            _model(model.model_profile_id, 0, model.provider) for model in models if model.model_profile_id not in names
        ]

    async def _resolve(self, completion: Completion) -> None:
        """Sets the agent or the model that the name means; asks anew before it says that there is none."""
        for fresh in (False, True):
            for agent in await self.directory.agents(fresh=fresh):
                if completion.model in (agent.name, agent.agent_id) and not agent.archived:
                    completion.request.agent_id = agent.agent_id
                    return
            for model in await self.directory.models(fresh=fresh):
                if completion.model == model.model_profile_id:
                    completion.request.model_profile_id = model.model_profile_id
                    return
        raise not_found("model", completion.model[:200])

    def _answer(self, completion: Completion) -> Answer:
        return Answer(completion.model, int(self.clock.now().timestamp()), completion.include_usage)

    async def _whole(self, completion: Completion, exchange: Exchange) -> Response:
        answer = self._answer(completion)
        with exchange.acting():
            try:
                async with aclosing(self.turns.follow(completion.request)) as events:
                    async for raw in events:
                        answer.take(turn_event_pb2.TurnEvent.FromString(raw))
            except SomaError as error:
                return _refuse(error, completion.limit_name)
        return json_response(answer.completion(), headers={_RECEIPT: answer.receipt_id})

    async def _chunks(self, completion: Completion) -> AsyncGenerator[Headers | bytes, None]:
        """The headers once the model begins, so that a refusal before it has its own status; then the chunks.

        The role goes with the first words and the end with the last ones: each piece is a write of its own.
        """
        answer = self._answer(completion)
        begun, ready = False, b""
        async with aclosing(self.turns.follow(completion.request)) as events:
            async for raw in events:
                event = turn_event_pb2.TurnEvent.FromString(raw)
                chunk = answer.take(event)
                if not begun and event.WhichOneof("event") not in _QUIET_EVENTS:
                    begun = True
                    yield {_RECEIPT: answer.receipt_id}
                    ready = to_event(orjson.dumps(answer.first_chunk()))
                if chunk is not None:
                    ready += to_event(orjson.dumps(chunk))
                if ready and event.WhichOneof("event") != "completed":
                    yield ready
                    ready = b""
        if completion.include_usage:
            ready += to_event(orjson.dumps(answer.usage_chunk()))
        yield ready + _DONE


def _model(name: str, created: int, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": owner}
