"""The JSON schemas of a request as values, each judged, whichever of the two forms of the contract it came in.

Nothing here knows what a schema is for beyond the fields of the contract.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from servers.chat.domain.model import PromptTool
from servers.chat.domain.schema import flaw_of
from soma.chat.v1 import message_pb2
from soma_common.kernel.errors import invalid_field

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NO_PARAMETERS: Final[Mapping[str, object]] = {"type": "object", "properties": {}}


def read_tools(tools: Sequence[message_pb2.ClientTool]) -> tuple[PromptTool, ...]:
    """The tools that the client runs. Raises INVALID_FIELD."""
    names = [tool.name for tool in tools]
    if len(set(names)) != len(names):
        raise invalid_field("tools", "the names of the tools must differ")
    return tuple(
        PromptTool(tool.name, tool.description, _parameters(tool, f"tools[{position}].parameters"), tool.strict)
        for position, tool in enumerate(tools)
    )


def read_answer_schema(options: message_pb2.GenerationOptions) -> Mapping[str, object] | None:
    """The schema that the answer shall have, in OpenAI's form; None where there is none. Raises INVALID_FIELD."""
    field = "options.json_schema"
    described = _object(field, options.json_schema_text, options.json_schema)
    if options.response_format != "json_schema":
        return described or None
    name = described.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid_field(f"{field}.name", "it must be 1 to 64 letters, digits, underscores or hyphens")
    if not isinstance(described.get("strict"), bool | None):
        raise invalid_field(f"{field}.strict", "it must be true or false")
    if not isinstance(described.get("schema"), Mapping):
        raise invalid_field(f"{field}.schema", "it must be a JSON schema, which is an object")
    _judge(described["schema"], f"{field}.schema")
    return described


def _parameters(tool: message_pb2.ClientTool, field: str) -> Mapping[str, object]:
    parameters = _object(field, tool.parameters_json, tool.parameters)
    _judge(parameters, field)
    if parameters.get("type", "object") != "object":
        raise invalid_field(f"{field}.type", "the parameters of a tool are an object")
    return parameters or _NO_PARAMETERS


def _judge(schema: object, field: str) -> None:
    flaw = flaw_of(schema)
    if flaw is not None:
        raise invalid_field(f"{field}{flaw.path}", flaw.rule)


def _object(field: str, text: str, struct: Struct) -> Mapping[str, object]:
    """The object of either form; only the text knows an order."""
    if not text:
        return cast("Mapping[str, object]", _whole(MessageToDict(struct)))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid_field(field, "it must be JSON") from None
    if not isinstance(found, dict):
        raise invalid_field(field, "it must be an object")
    return found


def _whole(value: object) -> object:
    """Struct has doubles only: 3.0 in a schema was an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value
