"""REST by generic transcoding: a route of the contracts in, the RPC called, JSON or a stream out.

Nothing here knows a particular RPC, except that turns are counted and can be resumed by Last-Event-ID.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.requests import Request
from starlette.responses import Response

from edge.bridge import Mesh, Turns, path_of
from edge.exchange import Exchange, exchange_of
from edge.identity import Identities
from edge.json_input import read_object
from edge.json_message import fill, to_object
from edge.problems import json_response, problem_response, to_problem
from edge.query import add_path_values, add_query, refuse_query
from edge.rates import Allowances
from edge.replies import Headers, LiveForm, LiveResponse
from edge.routes import Match, Route, RouteTable
from edge.sse import MEDIA_TYPE, read_last_event_id, to_event, wants_events
from soma.chat.v1 import turn_event_pb2, turn_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason

LINES: Final = "application/x-ndjson"
_NO_BODY: Final = frozenset(("GET", "DELETE", "HEAD"))
_MOST_PARAMETERS: Final = 200
_MASK: Final = "google.protobuf.FieldMask"
# What a person says or asks again, and what counts as a message therefore.
_MESSAGES: Final = (
    turn_service_pb2.SendMessageRequest,
    turn_service_pb2.EditMessageRequest,
    turn_service_pb2.RegenerateMessageRequest,
)
# What names a resource or guards it, and is not a change of it.
_NOT_CHANGES: Final = frozenset(("etag",))


@dataclass(frozen=True, slots=True)
class RestTools:
    """What the REST door works with."""

    mesh: Mesh
    turns: Turns
    identities: Identities
    allowances: Allowances
    ids: Ids
    clock: Clock


class Rest:
    """Answers every path of the contracts."""

    def __init__(self, table: RouteTable, tools: RestTools) -> None:
        self._table = table
        self._tools = tools

    async def answer(self, request: Request) -> Response:
        """One request; SomaError for everything that is wrong with it."""
        exchange = exchange_of(request)
        raw_path = bytes(request.scope.get("raw_path", b"")).decode("latin-1") or request.url.path
        match = self._table.match(request.method, raw_path)
        if not isinstance(match, Match):
            return _no_route(request, match)
        exchange.route = match.route.template.text
        exchange.identity = await self._tools.identities.of_request(request)
        message = await self._message(request, match)
        self._mint(request, message, match.route, exchange)
        seen = read_last_event_id(request.headers.get("last-event-id")) if _tells_a_turn(match.route) else None
        if seen is not None:
            message = turn_service_pb2.ResumeTurnRequest(turn_id=seen[0], after_sequence=seen[1])
        self._count(message, exchange)
        if match.route.streams:
            return self._live(request, match.route, message, exchange)
        with exchange.acting():
            return json_response(to_object(await self._tools.mesh.call(match.route.method, message)))

    async def _message(self, request: Request, match: Match) -> Message:
        """The request message, filled from body, query and path."""
        route = match.route
        descriptor = route.method.input_type
        message: Message = GetMessageClass(descriptor)()
        tree = await _tree_of_body(request, route)
        pairs = _query_of(request)
        if route.body == "*":
            refuse_query(pairs)
        add_query(tree, descriptor, pairs, match.values)
        if route.verb == "PATCH":
            _default_mask(tree, route, match.values)
        add_path_values(tree, descriptor, match.values)
        fill(message, tree)
        return message

    def _mint(self, request: Request, message: Message, route: Route, exchange: Exchange) -> None:
        """Gives a mutation a request id: its own, the Idempotency-Key, or a new one; a turn's is its correlation id."""
        if "request_id" not in message.DESCRIPTOR.fields_by_name:
            return
        key = request.headers.get("idempotency-key", "")
        own: str = getattr(message, "request_id")  # noqa: B009 - the field exists, as was seen
        if key and not _is_uuid(key):
            raise invalid_field("Idempotency-Key", "it must be a UUID")
        if key and own and key.lower() != own.lower():
            raise invalid_field("request_id", "it differs from the header Idempotency-Key")
        minted = own or key or str(self._tools.ids.uuid7())
        setattr(message, "request_id", minted)  # noqa: B010 - as above
        if route.streams and _is_uuid(minted):
            exchange.correlation_id = minted

    def _count(self, message: Message, exchange: Exchange) -> None:
        if not isinstance(message, _MESSAGES):
            return
        count_message(self._tools.allowances, exchange, self._tools.clock)

    def _live(self, request: Request, route: Route, message: Message, exchange: Exchange) -> Response:
        events = wants_events(request.headers.get("accept"))
        form = LiveForm(
            MEDIA_TYPE if events else LINES, events, problem_response, _broken_event if events else _broken_line
        )
        if _tells_a_turn(route):
            return LiveResponse(self._turn(message, events), form, exchange)
        return LiveResponse(self._stream(route, message, events), form, exchange)

    async def _turn(self, message: Any, events: bool) -> AsyncGenerator[Headers | bytes, None]:
        async with aclosing(self._tools.turns.follow(message)) as news:
            async for piece in _pieces(news, turn_event_pb2.TurnEvent, events):
                yield piece

    async def _stream(self, route: Route, message: Message, events: bool) -> AsyncGenerator[Headers | bytes, None]:
        reply = GetMessageClass(route.method.output_type)
        async with self._tools.mesh.stream(path_of(route.method), message) as replies:
            async for piece in _pieces(replies, reply, events):
                yield piece


async def _pieces(
    replies: AsyncIterator[bytes], kind: type[Message], events: bool
) -> AsyncGenerator[Headers | bytes, None]:
    first = True
    async for raw in replies:
        if first:
            yield {}
        yield _written(kind.FromString(raw), events, first)
        first = False


def _tells_a_turn(route: Route) -> bool:
    return bool(route.method.output_type.full_name == turn_event_pb2.TurnEvent.DESCRIPTOR.full_name)


def count_message(allowances: Allowances, exchange: Exchange, clock: Clock) -> None:
    """Takes one message off the caller's allowance; raises RATE_LIMITED when there is none left."""
    caller = exchange.caller
    wait = allowances.take((caller.tenant_id, caller.sub), clock.monotonic())
    if wait is not None:
        raise SomaError(Reason.RATE_LIMITED, {"limit": allowances.sentence}, retry_after_seconds=wait)


async def _tree_of_body(request: Request, route: Route) -> dict[str, Any]:
    if not route.body or request.method in _NO_BODY:
        return {}
    body = read_object(await request.body(), route.method.input_type.full_name)
    return dict(body) if route.body == "*" else {route.body: body}


def _query_of(request: Request) -> list[tuple[str, str]]:
    try:
        text = bytes(request.scope.get("query_string", b"")).decode("ascii")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict")
    except ValueError:
        raise invalid_field("(query)", f"it must be at most {_MOST_PARAMETERS} parameters of name=value") from None


def _default_mask(tree: dict[str, Any], route: Route, in_path: Mapping[str, str]) -> None:
    """A PATCH changes what its body names and nothing else, so its mask, if absent, is the names in the resource."""
    field = route.method.input_type.fields_by_name.get("update_mask")
    is_mask = field is not None and field.message_type is not None and field.message_type.full_name == _MASK
    if not is_mask or any(name in tree for name in ("update_mask", "updateMask")):
        return
    resource = next((name.partition(".")[0] for name in in_path if "." in name), "")
    body = tree.get(resource)
    if not isinstance(body, dict):
        return
    identifiers = {name.partition(".")[2] for name in in_path} | _NOT_CHANGES
    known = cast(Descriptor, route.method.input_type.fields_by_name[resource].message_type)
    names = [_plain_name(known.fields_by_camelcase_name, name) for name in body]
    changed = [name for name in names if name not in identifiers]
    if not changed:
        raise invalid_field(resource, "it names nothing to change")
    tree["update_mask"] = ",".join(changed)


def _plain_name(by_camel: Mapping[str, FieldDescriptor], name: str) -> str:
    return by_camel[name].name if name in by_camel else name


def _written(message: Message, events: bool, first: bool) -> bytes:
    data = orjson.dumps(to_object(message))
    if not events:
        return data + b"\n"
    group = next((group.name for group in message.DESCRIPTOR.oneofs), None)
    name = message.WhichOneof(group) if group is not None else None
    turn_id, sequence = getattr(message, "turn_id", ""), getattr(message, "sequence", 0)
    return to_event(data, name or "message", f"{turn_id}:{sequence}" if turn_id else "", first=first)


def _broken_event(error: SomaError) -> bytes:
    return to_event(orjson.dumps(to_problem(error)), "error")


def _broken_line(error: SomaError) -> bytes:
    return orjson.dumps(to_problem(error)) + b"\n"


def _no_route(request: Request, methods: frozenset[str]) -> Response:
    error = SomaError(Reason.METHOD_UNKNOWN, {"method": f"{request.method} {request.url.path}"[:200]})
    if not methods:
        return problem_response(error)
    response = problem_response(error, 405)
    response.headers["allow"] = ", ".join(sorted(methods))
    return response


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
