"""The whole OpenAPI document, from the routes that the edge serves.

Nothing here writes a file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from edge.routes import Route, RouteTable, contract_services
from tools.openapi.doors import door_paths, door_schemas, problem_schemas
from tools.openapi.operations import PROBLEM, Operations
from tools.openapi.schemas import Schemas, reference

ROOT: Final = Path(__file__).resolve().parents[2]
_ABOUT: Final = (
    "Every call of SomaStack over HTTP. Names are in snake_case; camelCase is accepted as well. Numbers of 64 bits are "
    "text. Repeats of a mutation under the same `request_id` give the same answer. gRPC serves the same methods, which "
    "`x-soma-method` names."
)
_SCHEMES: Final[Mapping[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`somastack token` prints one.",
    },
}


def document(comments: Mapping[str, str]) -> dict[str, Any]:
    """The document; `comments` are the descriptions of the contracts by full name."""
    table = RouteTable(contract_services())
    routes = sorted(table.routes, key=lambda route: (route.template.text, route.verb))
    schemas = Schemas(comments)
    operations = Operations(schemas, comments)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template.text, {})[route.verb.lower()] = operations.of(route, _name_of(route, paths))
    methods = [route.method for route in routes]
    components = schemas.components([it.input_type for it in methods], [it.output_type for it in methods])
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "SomaStack",
            "version": _version(),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in _SCHEMES],
        "tags": _tags(comments),
        "paths": dict(sorted((paths | door_paths()).items())),
        "components": {
            "securitySchemes": dict(_SCHEMES),
            "responses": {
                PROBLEM: {
                    "description": "A refusal.",
                    "content": {"application/json": {"schema": reference(PROBLEM)}},
                }
            },
            "schemas": problem_schemas() | door_schemas() | components,
        },
    }


def _name_of(route: Route, paths: Mapping[str, Mapping[str, Any]]) -> str:
    """`TurnService_GetTurn`; further routes of the same method are numbered."""
    name = f"{route.method.containing_service.name}_{route.method.name}"
    known = {operation["operationId"] for verbs in paths.values() for operation in verbs.values()}
    number = 1
    while (name if number == 1 else f"{name}_{number}") in known:
        number += 1
    return name if number == 1 else f"{name}_{number}"


def _tags(comments: Mapping[str, str]) -> list[dict[str, str]]:
    ours = [{"name": it.name, "description": comments.get(it.full_name, "")} for it in contract_services()]
    theirs = {"name": "OpenAI", "description": "The form of the OpenAI API, for its clients."}
    return [*ours, theirs, {"name": "Edge", "description": "The gateway itself."}]


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
