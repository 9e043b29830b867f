"""Every HTTP rule of the contracts: what goes out as path, query and body comes in as the same request."""

import importlib
import pkgutil
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

import soma
from edge.json_message import fill, to_object
from edge.query import add_path_values, add_query
from edge.routes import Match, Route, RouteTable, contract_services
from edge.templates import PathTemplate
from soma_common.kernel.errors import SomaError

TABLE = RouteTable(contract_services())
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(allow_nan=False, allow_infinity=False, width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PATH_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def values_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return messages(field.message_type, depth - 1)
    if field.enum_type is not None:
        return st.sampled_from(sorted(field.enum_type.values_by_number))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=12)
    return SCALARS.get(field.cpp_type, TEXT)


@st.composite
def messages(draw: Any, descriptor: Descriptor, depth: int = 3) -> Message:
    made: Message = GetMessageClass(descriptor)()
    if descriptor.full_name == "google.protobuf.Timestamp":
        return GetMessageClass(descriptor)(seconds=draw(st.integers(0, 4_000_000_000)))
    if descriptor.full_name == "google.protobuf.Duration":
        return GetMessageClass(descriptor)(seconds=draw(st.integers(0, 100_000)))
    if descriptor.full_name.startswith("google.protobuf."):
        return made
    for field in descriptor.fields:
        if (field.message_type is not None and depth <= 0) or not draw(st.booleans()):
            continue
        set_field(draw, made, field, depth)
    return made


def set_field(draw: Any, made: Message, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        if value.message_type is None:
            getattr(made, field.name)[draw(values_of(key, depth))] = draw(values_of(value, depth))
    elif field.is_repeated:
        items = draw(st.lists(values_of(field, depth), max_size=2))
        getattr(made, field.name).extend(items)
    elif field.message_type is not None:
        getattr(made, field.name).CopyFrom(draw(values_of(field, depth)))
    else:
        setattr(made, field.name, draw(values_of(field, depth)))


@pytest.mark.parametrize("route", TABLE.routes, ids=lambda route: f"{route.verb} {route.template.text}")
@given(data=st.data())
def test_a_request_goes_through_json_and_comes_out_the_same(route: Route, data: Any) -> None:
    request = data.draw(messages(route.method.input_type))
    if not route.body:
        drop_empty_messages(request)
    values = {name: data.draw(PATH_TEXT) for name in route.template.fields}
    for name, value in values.items():
        set_path(request, name, value)
    found = TABLE.match(route.verb, route.template.fill(values))
    assert isinstance(found, Match)
    assert found.route.method.full_name == route.method.full_name
    assert found.values == values
    tree: dict[str, Any] = to_object(request)
    if not route.body:
        query = list(flattened(tree, route, request))
        tree = {}
        add_query(tree, route.method.input_type, query, values)
    add_path_values(tree, route.method.input_type, values)
    again = GetMessageClass(route.method.input_type)()
    fill(again, tree)
    assert again == request


def drop_empty_messages(request: Message) -> None:
    """A query cannot say of a message that it is there and empty."""
    for field, value in request.ListFields():
        if field.message_type is not None and not field.is_repeated and not value.ListFields():
            request.ClearField(field.name)


def set_path(message: Message, name: str, value: str) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        message = getattr(message, parent)
    setattr(message, last, value)


def flattened(tree: dict[str, Any], route: Route, request: Message) -> Any:
    """The tree as query parameters, what is inside another message by dotted names."""
    for name, value in tree.items():
        if name in route.template.fields:
            continue
        if isinstance(value, dict):
            inside = getattr(request, name)
            yield from ((f"{name}.{inner}", text) for inner, text in flattened(value, route, inside))
            continue
        for item in value if isinstance(value, list) else [value]:
            yield name, str(item).lower() if isinstance(item, bool) else str(item)


def test_every_http_rule_of_the_contracts_has_a_route() -> None:
    expected = set()
    for found in pkgutil.walk_packages(soma.__path__, "soma."):
        if not found.name.endswith("_service_pb2"):
            continue
        for service in importlib.import_module(found.name).DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                if method.GetOptions().HasExtension(annotations_pb2.http):
                    expected.add(method.full_name)
    assert expected == {route.method.full_name for route in TABLE.routes}
    assert len(expected) > 30


@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]))
def test_any_path_is_matched_or_not(path: str, verb: str) -> None:
    found = TABLE.match(verb, path)
    assert isinstance(found, Match | frozenset)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5))
@pytest.mark.parametrize(
    "route", [route for route in TABLE.routes if not route.body][:6], ids=lambda it: it.method.name
)
def test_any_query_is_taken_or_named(route: Route, pairs: list[tuple[str, str]]) -> None:
    tree: dict[str, Any] = {}
    try:
        add_query(tree, route.method.input_type, pairs, ())
        fill(GetMessageClass(route.method.input_type)(), tree)
    except SomaError as error:
        broken = error
    else:
        return
    assert broken.violations


@pytest.mark.parametrize("text", ["/a/*", "/a/{b=**}", "/a/{b", "/a/{b}/{c=x/*}"])
def test_forms_that_are_not_supported_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not supported"):
        PathTemplate.parse(text)
