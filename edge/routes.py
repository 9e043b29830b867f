"""The table of REST routes, read from the `google.api.http` options of the contracts.

Nothing here answers a request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

from edge.json_message import field_named
from edge.templates import PathTemplate
from soma.chat.v1 import agent_service_pb2, conversation_service_pb2, model_service_pb2, turn_service_pb2
from soma.cognitive.v1 import (
    act_service_pb2,
    adaptation_service_pb2,
    modulation_service_pb2,
    neuromodulator_service_pb2,
    sleep_service_pb2,
    thread_service_pb2,
)
from soma.control.v1 import (
    admin_service_pb2,
    api_key_service_pb2,
    dlq_service_pb2,
    event_service_pb2,
    feature_service_pb2,
    saga_service_pb2,
    tenant_service_pb2,
    usage_service_pb2,
)
from soma.governor.v1 import governor_service_pb2
from soma.memory.v1 import memory_service_pb2

CONTRACTS: Final = (
    agent_service_pb2,
    conversation_service_pb2,
    model_service_pb2,
    turn_service_pb2,
    modulation_service_pb2,
    neuromodulator_service_pb2,
    adaptation_service_pb2,
    sleep_service_pb2,
    thread_service_pb2,
    act_service_pb2,
    admin_service_pb2,
    api_key_service_pb2,
    feature_service_pb2,
    saga_service_pb2,
    dlq_service_pb2,
    event_service_pb2,
    usage_service_pb2,
    tenant_service_pb2,
    governor_service_pb2,
    memory_service_pb2,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP method and path template of an RPC. `body` is a field's name, `*` for all fields, or empty for none."""

    verb: str
    template: PathTemplate
    body: str
    method: MethodDescriptor

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return bool(self.method.server_streaming)


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the values in the path."""

    route: Route
    values: dict[str, str]


class RouteTable:
    """All routes; templates that end in a verb are tried first."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        routes = [route for service in services for route in _routes_of(service)]
        self.routes: Final = tuple(sorted(routes, key=lambda route: not route.template.has_verb))

    def match(self, verb: str, raw_path: str) -> Match | frozenset[str]:
        """The route of a request, else the HTTP methods that this path does have (none: an unknown path)."""
        others: set[str] = set()
        for route in self.routes:
            values = route.template.match(raw_path)
            if values is None:
                continue
            if route.verb == verb:
                return Match(route, values)
            others.add(route.verb)
        return frozenset(others)


def contract_services() -> Iterator[ServiceDescriptor]:
    """Every service of the contracts that the edge can call."""
    for contract in CONTRACTS:
        yield from contract.DESCRIPTOR.services_by_name.values()


def _routes_of(service: ServiceDescriptor) -> Iterator[Route]:
    for method in service.methods:
        # The extension's types are not known to the checker: the library has no stubs.
        options: Any = method.GetOptions()
        if not options.HasExtension(annotations_pb2.http):
            continue
        rule: http_pb2.HttpRule = options.Extensions[annotations_pb2.http]
        for each in (rule, *rule.additional_bindings):
            yield _route(each, method)


def _route(rule: http_pb2.HttpRule, method: MethodDescriptor) -> Route:
    verb = rule.WhichOneof("pattern") or ""
    if verb in ("", "custom"):
        raise ValueError(f"{method.full_name} has an HTTP rule of a form that is not supported")
    template = PathTemplate.parse(getattr(rule, verb))
    for name in (*template.fields, *([rule.body] if rule.body not in ("", "*") else [])):
        if not _has_field(method.input_type, name):
            raise ValueError(f"the HTTP rule of {method.full_name} names {name}, which its request does not have")
    return Route(verb.upper(), template, rule.body, method)


def _has_field(message: Descriptor | None, path: str) -> bool:
    for part in path.split("."):
        field = None if message is None else field_named(message, part)
        if field is None:
            return False
        message = field.message_type
    return True
