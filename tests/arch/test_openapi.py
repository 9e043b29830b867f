"""The OpenAPI document is whole in itself and says what the edge serves: no route more, none less."""

import ast
import re
from collections import Counter

from google.protobuf.descriptor import FieldDescriptor
from jsonschema import Draft202012Validator

from edge.bridge import path_of
from edge.problems import status_of
from edge.routes import RouteTable, contract_services
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import REASONS, Reason
from tests.arch.source import need, sources
from tests.support.openapi import DOCUMENT, nodes, operations

ROUTES = RouteTable(contract_services()).routes


def test_every_route_of_the_contracts_is_there_and_no_other() -> None:
    served = {(route.template.text, route.verb): path_of(route.method) for route in ROUTES}
    declared = {(path, verb): it["x-soma-method"] for path, verb, it in operations() if "x-soma-method" in it}
    assert declared == served
    assert len(served) > 30


def test_every_other_door_of_the_app_is_there_and_no_more() -> None:
    [app] = [source for source in sources("edge") if source.path == "edge/app.py"]
    calls = [node for node in app.nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Route"]
    paths = {re.sub(r":\w+}", "}", str(ast.literal_eval(call.args[0]))) for call in calls}
    declared = {path for path, _, operation in operations() if "x-soma-method" not in operation}
    assert declared == paths - {"/", "/static/{name}", "/{path}", "/v1/{path}"}


def test_every_reference_leads_somewhere() -> None:
    wrong = []
    for node in nodes(DOCUMENT):
        place = node.get("$ref")
        if isinstance(place, str):
            found: object = DOCUMENT
            for part in place.removeprefix("#/").split("/"):
                found = found.get(part) if isinstance(found, dict) else None
            wrong += [place] if found is None else []
    need(wrong, "references that lead nowhere")


def test_every_schema_is_used() -> None:
    used = {str(node["$ref"]).rpartition("/")[2] for node in nodes(DOCUMENT) if "$ref" in node}
    need([name for name in DOCUMENT["components"]["schemas"] if name not in used], "schemas that nothing refers to")


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for _, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            Draft202012Validator.check_schema(parameter["schema"])


def test_what_may_be_empty_is_empty_in_its_own_type() -> None:
    choices = [node["anyOf"] for node in nodes(DOCUMENT) if "const" in node.get("anyOf", [{}])[0]]
    assert choices
    for empty, full in choices:
        assert Draft202012Validator({"type": full["type"]}).is_valid(empty["const"]), full


def test_operations_have_names_of_their_own_and_parameters_for_their_paths() -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations())
    need([name for name, count in names.items() if count > 1], "names used twice")
    for path, _, operation in operations():
        in_path = {it["name"] for it in operation.get("parameters", ()) if it["in"] == "path"}
        assert in_path == set(re.findall(r"\{([^}]+)\}", path)), path
        places = Counter((it["in"], it["name"]) for it in operation.get("parameters", ()))
        assert set(places.values()) <= {1}, path


def test_every_operation_and_field_is_described() -> None:
    need([name for _, _, it in operations() if not it["summary"] for name in (it["operationId"],)], "bare operations")
    bare = [
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if name.startswith("soma.")
        for field, it in schema.get("properties", {}).items()
        if not it.get("description")
    ]
    need(bare, "fields without a description")


def test_fields_of_a_query_are_those_of_the_request() -> None:
    declared = {(path, verb): operation for path, verb, operation in operations()}
    for route in ROUTES:
        operation = declared[route.template.text, route.verb]
        names = {it["name"].partition(".")[0] for it in operation.get("parameters", ()) if it["in"] != "header"}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        names |= set(body.get("properties", {})) | ({route.body} - {"", "*"})
        long = {field.name for field in route.method.input_type.fields if _cannot_stand_in_an_address(field)}
        assert names | (long if not route.body else set()) == set(route.method.input_type.fields_by_name.keys())


def _cannot_stand_in_an_address(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.name == "Struct"


def test_streams_are_offered_as_lines_and_as_events() -> None:
    declared = {(path, verb): operation for path, verb, operation in operations()}
    for route in ROUTES:
        kinds = set(declared[route.template.text, route.verb]["responses"]["200"]["content"])
        assert kinds == ({"application/x-ndjson", "text/event-stream"} if route.streams else {"application/json"})


def test_every_refusal_stands_under_its_status() -> None:
    for _, _, operation in operations():
        for status, answer in operation["responses"].items():
            for word in re.findall(r"\b[A-Z_]{4,}\b", answer.get("description", "")):
                if word in Reason.__members__:
                    assert str(status_of(SomaError(Reason[word]))) == status, (operation["operationId"], word)


def test_the_sentences_are_those_of_the_table() -> None:
    code = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["error"]["properties"]["code"]
    assert code["enum"] == [reason.value for reason in Reason]
    assert all(f"- `{reason}`: {REASONS[reason].sentence}" in code["description"] for reason in Reason)
