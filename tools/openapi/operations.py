"""Routes of the contracts as operations of OpenAPI: parameters, bodies, answers, streams, refusals.

Nothing here knows how a message looks; `schemas.py` does.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from edge.bridge import path_of
from edge.problems import status_of
from edge.query import TENANT
from edge.routes import Route
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.security.methods import METHODS
from tools.contracts.rules import needed_fields, sentences_of
from tools.openapi.schemas import Schema, Schemas, is_well_known, reference

Operation = dict[str, Any]

PROBLEM: Final = "Problem"
_REASON: Final = re.compile(r"\b[A-Z][A-Z_]{3,}\b")
_MINTED: Final = "request_id"
_TURN_EVENT: Final = "soma.chat.v1.TurnEvent"
# What any call can be refused for, whatever it does.
_EVERYWHERE: Final = (
    Reason.INVALID_FIELD,
    Reason.MISSING_CREDENTIALS,
    Reason.INVALID_TOKEN,
    Reason.EXPIRED_TOKEN,
    Reason.SCOPE_MISSING,
    Reason.CALLER_NOT_ALLOWED,
    Reason.ORIGIN_NOT_ALLOWED,
    Reason.RATE_LIMITED,
    Reason.DEPENDENCY_DOWN,
    Reason.DATABASE_UNAVAILABLE,
    Reason.SHUTTING_DOWN,
    Reason.DEADLINE_EXCEEDED,
    Reason.INTERNAL,
)
_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The repeat key of the mutation, in place of `request_id`. The same key gives the same answer.",
    "schema": {"type": "string", "format": "uuid"},
}
_LAST_EVENT: Final[Schema] = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "`<turn_id>:<sequence>` of the last event that was seen: the stream goes on behind it.",
    "schema": {"type": "string", "pattern": "^[0-9a-fA-F-]{36}:[0-9]{1,10}$"},
}


class Operations:
    """Makes the operations; `comments` are the descriptions by full name."""

    def __init__(self, schemas: Schemas, comments: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._comments = comments

    def of(self, route: Route, name: str) -> Operation:
        """The operation of one route under a name of its own."""
        comment = self._comments.get(route.method.full_name, "")
        rule = METHODS[path_of(route.method)]
        made: Operation = {
            "operationId": name,
            "tags": [route.method.containing_service.name],
            "summary": comment.partition(". ")[0].removesuffix("."),
            "description": comment,
            "x-soma-method": path_of(route.method),
            "x-soma-scope": rule.scope,
            "x-soma-role": rule.role,
        }
        parameters = [*self._in_path(route), *self._in_query(route), *_in_headers(route)]
        made |= {"parameters": parameters} if parameters else {}
        made |= {"requestBody": self._body(route)} if route.body else {}
        return made | {"responses": {**_answers(route), **_refusals(route, comment)}}

    def _in_path(self, route: Route) -> Iterator[Schema]:
        for path in route.template.fields:
            yield self._parameter(path, _field(route.method.input_type, path), "path") | {"required": True}

    def _in_query(self, route: Route) -> Iterator[Schema]:
        if route.body == "*":
            tenant = route.method.input_type.fields_by_name.get(TENANT)
            if tenant is not None and TENANT not in route.template.fields:
                yield self._parameter(TENANT, tenant, "query")
            return
        needed = needed_fields(route.method.input_type)
        for path, field in _leaves(route.method.input_type, ""):
            if path in route.template.fields or path.partition(".")[0] == route.body:
                continue
            required = {"required": True} if path in needed and path != _MINTED else {}
            yield self._parameter(path, field, "query") | required

    def _parameter(self, path: str, field: FieldDescriptor, place: str) -> Schema:
        schema = self._schemas.field(field)
        described = {"description": text} if (text := schema.pop("description", "")) else {}
        return {"name": path, "in": place, **described, "schema": schema}

    def _body(self, route: Route) -> Schema:
        message = route.method.input_type
        if route.body != "*":
            schema = self._schemas.field(_field(message, route.body))
            return {"required": True, "content": {"application/json": {"schema": schema}}}
        in_path = {path for path in route.template.fields if "." not in path}
        needed = [name for name in needed_fields(message) if name != _MINTED]
        schema = self._schemas.message(message, needed, without=in_path)
        return {"required": bool(needed or sentences_of(message)), "content": {"application/json": {"schema": schema}}}


def _field(message: Descriptor, path: str) -> FieldDescriptor:
    first, _, rest = path.partition(".")
    field = message.fields_by_name[first]
    return _field(cast(Descriptor, field.message_type), rest) if rest else field


def _leaves(message: Descriptor, prefix: str) -> Iterator[tuple[str, FieldDescriptor]]:
    """The fields that can stand in a query: scalars, lists of them, and what is one word in JSON."""
    for field in message.fields:
        if field.message_type is None or (is_well_known(field.message_type) and field.message_type.name != "Struct"):
            yield prefix + field.name, field
        elif not field.is_repeated and field.message_type.name != "Struct":
            yield from _leaves(field.message_type, f"{prefix}{field.name}.")


def _in_headers(route: Route) -> Iterator[Schema]:
    if _MINTED in route.method.input_type.fields_by_name:
        yield _KEY
    if _resumes(route):
        yield _LAST_EVENT


def _resumes(route: Route) -> bool:
    return bool(route.method.output_type.full_name == _TURN_EVENT)


def _answers(route: Route) -> dict[str, Schema]:
    schema = reference(route.method.output_type.full_name)
    if not route.streams:
        return {"200": {"description": "Done.", "content": {"application/json": {"schema": schema}}}}
    found = {
        "200": {
            "description": (
                "A stream of messages, as they come: one a line, or with `Accept: text/event-stream` one an event, "
                "whose name is the case that is set. A failure after the first one is the last line, or the event "
                "`error`, in the form of a Problem."
            ),
            "content": {"application/x-ndjson": {"schema": schema}, "text/event-stream": {"schema": schema}},
        }
    }
    return found | (
        {"204": {"description": "Nothing more comes: the stream had ended there."}} if _resumes(route) else {}
    )


def _refusals(route: Route, comment: str) -> dict[str, Schema]:
    by_status: dict[str, list[str]] = {}
    for reason in _reasons(route, comment):
        by_status.setdefault(str(status_of(SomaError(reason))), []).append(reason.value)
    return {
        status: {"$ref": f"#/components/responses/{PROBLEM}", "description": ", ".join(reasons)}
        for status, reasons in sorted(by_status.items())
    }


def _reasons(route: Route, comment: str) -> list[Reason]:
    fields: Collection[str] = route.method.input_type.fields_by_name.keys()
    found = {*_EVERYWHERE, *(Reason[word] for word in _REASON.findall(comment) if word in Reason.__members__)}
    found |= {Reason.MALFORMED_MESSAGE, Reason.PAYLOAD_TOO_LARGE} if route.body else set()
    found |= {Reason.RESOURCE_NOT_FOUND} if route.template.fields else set()
    found |= {Reason.REQUEST_ID_REUSED, Reason.CONFLICT} if _MINTED in fields else set()
    return [reason for reason in Reason if reason in found]
