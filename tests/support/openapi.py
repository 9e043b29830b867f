"""The OpenAPI document as a judge of real answers: what is sent must be declared, to the last field.

Nothing here asks a server.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parents[2] / "gen/soma/openapi.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
ADDRESS = "urn:soma:openapi"


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON tree."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every path and verb with its operation."""
    for path, verbs in DOCUMENT["paths"].items():
        yield from ((path, verb.upper(), operation) for verb, operation in verbs.items())


def _closed() -> dict[str, Any]:
    """The document with objects that allow nothing but what they declare."""
    copy: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    for node in nodes(copy["components"]["schemas"]):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
    return copy


_REGISTRY: Registry[Any] = Registry().with_resource(
    ADDRESS, Resource.from_contents(_closed(), default_specification=DRAFT202012)
)


def schema_of(operation_id: str, status: str = "200", media_type: str = "application/json") -> dict[str, Any]:
    """The schema of an answer, with its references made absolute."""
    operation = next(found for _, _, found in operations() if found["operationId"] == operation_id)
    answer = operation["responses"].get(status) or operation["responses"]["default"]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer["content"][media_type]["schema"]
    return {**schema, "$ref": ADDRESS + schema["$ref"]} if "$ref" in schema else schema


def conform(value: Any, operation_id: str, status: str = "200", media_type: str = "application/json") -> None:
    """Fails with every place where a value is not what the operation declares."""
    schema = schema_of(operation_id, status, media_type)
    validator = Draft202012Validator(schema, registry=_REGISTRY, format_checker=FormatChecker())
    wrong = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]
    assert not wrong, "\n".join((f"{operation_id} {status}", *wrong))
