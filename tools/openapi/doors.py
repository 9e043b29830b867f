"""What the edge answers besides the contracts: the OpenAI form, health, the session of a browser, this document.

Nothing here is read from descriptors; a test holds it against the routes of the app.
"""

from typing import Any, Final

from soma_common.kernel.reasons import REASONS, Kind, Reason
from tools.openapi.schemas import Schema, reference

_OPENAI: Final = "OpenAI"
_EDGE: Final = "Edge"
OPENAI_PROBLEM: Final = "OpenAiProblem"
NO_ONE_ASKED: Final[list[Any]] = []


def _object(description: str, properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "description": description, "properties": properties, "required": required}


def _text(description: str = "") -> Schema:
    return {"type": "string", "description": description} if description else {"type": "string"}


def problem_schemas() -> dict[str, Schema]:
    """The two forms of an error, and the reasons."""
    violation = _object("A rule that was broken.", {"field": _text(), "description": _text()}, ["field", "description"])
    quota = _object(
        "A limit that is used up.", {"subject": _text(), "description": _text()}, ["subject", "description"]
    )
    error = _object(
        "Decide by `code`, show `message`.",
        {
            "code": {"type": "string", "enum": [reason.value for reason in Reason], "description": _reasons()},
            "message": _text("What happened and what to do next, for a person."),
            "kind": {"type": "string", "enum": [kind.value for kind in Kind], "description": "The gRPC status code."},
            "details": {"type": "object", "additionalProperties": _text(), "description": "The reason's metadata."},
            "violations": {"type": "array", "items": violation},
            "quota": {"type": "array", "items": quota},
            "retry_after": {"type": "number", "description": "Seconds after which trying again may help."},
        },
        ["code", "message", "kind", "details", "violations"],
    )
    theirs = _object(
        "An error as the OpenAI API words it; `message` is the same sentence.",
        {
            "message": _text(),
            "type": _text(),
            "param": {"type": ["string", "null"]},
            "code": {"type": ["string", "null"]},
        },
        ["message", "type", "param", "code"],
    )
    return {
        "Problem": _object("An error of REST.", {"error": error}, ["error"]),
        OPENAI_PROBLEM: _object("An error of the OpenAI doors.", {"error": theirs}, ["error"]),
    }


def _reasons() -> str:
    rows = (f"- `{reason}`: {REASONS[reason].sentence}" for reason in Reason)
    return "\n".join(("Why it failed, and the sentence of each:", "", *rows))


def door_schemas() -> dict[str, Schema]:
    """The bodies of these doors."""
    states = {"type": "object", "additionalProperties": {"type": "string", "enum": ["up", "down", "unknown"]}}
    status = {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]}
    model = {"id": _text("The name to send as `model`."), "object": {"const": "model"}, "created": {"type": "integer"}}
    return {
        "Health": _object(
            "How the mesh is.",
            {"status": status, "mode": _text(), "version": _text(), "services": states},
            ["status", "mode", "version", "services"],
        ),
        "OpenAiModel": _object(
            "An agent or a model.", {**model, "owned_by": _text()}, ["id", "object", "created", "owned_by"]
        ),
        "OpenAiModels": _object(
            "All of them.",
            {"object": {"const": "list"}, "data": {"type": "array", "items": reference("OpenAiModel")}},
            ["object", "data"],
        ),
        "ChatCompletionRequest": _completion_request(),
        "ChatCompletion": _completion(),
    }


def _completion_request() -> Schema:
    optional: dict[str, Schema] = {
        "stream": {"type": "boolean"},
        "stream_options": {"type": "object"},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "top_p": {"type": "number", "minimum": 0, "maximum": 1},
        "max_completion_tokens": {"type": "integer", "minimum": 1},
        "max_tokens": {"type": "integer", "minimum": 1},
        "stop": {"oneOf": [_text(), {"type": "array", "items": _text(), "maxItems": 4}]},
        "seed": {"type": "integer"},
        "response_format": {"type": "object"},
        "tools": {"type": "array", "items": {"type": "object"}},
        "tool_choice": {"oneOf": [_text(), {"type": "object"}]},
        "parallel_tool_calls": {"type": "boolean"},
        "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "reasoning_effort": _text(),
        "user": _text("Accepted and not used, as are metadata, store, service_tier and what steers caches."),
    }
    messages = {"type": "array", "minItems": 1, "items": {"type": "object"}}
    words = "A chat completion as the OpenAI API has it; what would change the answer and is not named here is refused."
    return _object(
        words, {"model": _text("An agent or a model."), "messages": messages, **optional}, ["model", "messages"]
    )


def _completion() -> Schema:
    usage = {name: {"type": "integer"} for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    message = _object(
        "", {"role": {"const": "assistant"}, "content": {"type": ["string", "null"]}}, ["role", "content"]
    )
    choice = _object(
        "",
        {"index": {"type": "integer"}, "message": message, "finish_reason": _text()},
        ["index", "message", "finish_reason"],
    )
    fields = {
        "id": _text(),
        "object": {"const": "chat.completion"},
        "created": {"type": "integer"},
        "model": _text(),
        "choices": {"type": "array", "items": choice},
        "usage": _object("", usage, list(usage)),
    }
    return _object("The whole answer.", fields, list(fields))


def door_paths() -> dict[str, dict[str, Any]]:
    """The operations of these doors."""
    completion: dict[str, Schema] = {
        "200": {
            "description": "The answer, or with `stream` its chunks. The header `x-soma-receipt-id` names its receipt.",
            "content": {
                "application/json": {"schema": reference("ChatCompletion")},
                "text/event-stream": {"schema": {"type": "object"}},
            },
        }
    }
    name = {"name": "model", "in": "path", "required": True, "schema": _text()}
    return {
        "/v1/models": {"get": _theirs("listOpenAiModels", "The agents by name, then the models", "OpenAiModels")},
        "/v1/models/{model}": {
            "get": _theirs("getOpenAiModel", "One agent or model", "OpenAiModel") | {"parameters": [name]}
        },
        "/v1/chat/completions": {
            "post": _operation("createChatCompletion", _OPENAI, "Answers a list of messages")
            | {"requestBody": _json(reference("ChatCompletionRequest")) | {"required": True}}
            | {"responses": completion | _their_refusals()}
        },
        "/api/v1/health": {"get": _open("getHealth", "How the mesh is, for everybody", reference("Health"))},
        "/openapi.json": {"get": _open("getOpenApi", "This document", {"type": "object"})},
        "/api/v1/auth/session": {"get": _session(), "delete": _logout()},
        "/api/v1/auth/ticket": {"post": _ticket()},
    }


def _operation(name: str, tag: str, summary: str) -> dict[str, Any]:
    return {"operationId": name, "tags": [tag], "summary": summary}


def _json(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _theirs(name: str, summary: str, schema: str) -> dict[str, Any]:
    answers = {"200": {"description": "Done.", **_json(reference(schema))}, **_their_refusals()}
    return _operation(name, _OPENAI, summary) | {"responses": answers}


def _their_refusals() -> dict[str, Schema]:
    return {"default": {"description": "A refusal.", **_json(reference(OPENAI_PROBLEM))}}


def _open(name: str, summary: str, schema: Schema) -> dict[str, Any]:
    answers = {"200": {"description": "Done.", **_json(schema)}}
    return _operation(name, _EDGE, summary) | {"security": NO_ONE_ASKED, "responses": answers}


def _session() -> dict[str, Any]:
    renewed = _object("", {"renewed": {"type": "boolean"}}, ["renewed"])
    words = "Renews the session of a browser on this machine, as opening the page does"
    answers = {
        "200": {"description": "The session's cookies are set anew.", **_json(renewed)},
        "401": {"$ref": "#/components/responses/Problem", "description": "There are no such sessions here."},
    }
    return _operation("renewSession", _EDGE, words) | {"security": NO_ONE_ASKED, "responses": answers}


def _logout() -> dict[str, Any]:
    answers = {
        "204": {"description": "The session is ended at every edge, and its cookies are removed."},
        "401": {"$ref": "#/components/responses/Problem", "description": "There is no session in a cookie."},
        "403": {"$ref": "#/components/responses/Problem", "description": "The origin or the CSRF token is missing."},
    }
    return _operation("endSession", _EDGE, "Ends the session of a browser") | {"responses": answers}


def _ticket() -> dict[str, Any]:
    fields = {
        "ticket": _text("The ticket."),
        "subprotocol": _text("What to offer as a subprotocol of the WebSocket: `soma-ticket.` and the ticket."),
        "expire_time": {"type": "string", "format": "date-time", "description": "Until when it opens a socket."},
    }
    answers = {
        "200": {"description": "A ticket for one WebSocket.", **_json(_object("", fields, list(fields)))},
        "401": {"$ref": "#/components/responses/Problem", "description": "Nobody is known by what was sent."},
    }
    words = "Makes a ticket that opens one WebSocket for the caller within 30 seconds"
    return _operation("makeTicket", _EDGE, words) | {"responses": answers}
