"""An error of the contract with its field named as a client of the OpenAI API knows it.

Nothing here knows HTTP.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from soma_common.kernel.errors import SomaError

_NAMES: Final[Mapping[str, str]] = {
    "transcript.messages": "messages",
    "model_profile_id": "model",
    "options.response_format": "response_format.type",
    "options.json_schema_text": "response_format.json_schema",
}
_BEGINNINGS: Final = (
    ("transcript.messages[", "messages["),
    ("options.json_schema.", "response_format.json_schema."),
    ("options.", ""),
)
_OF_TOOL: Final = re.compile(r"^(tools\[[0-9]+\])\.(.*)$")
_OF_CALL: Final = re.compile(r"^(messages\[[0-9]+\]\.tool_calls\[[0-9]+\])\.([a-z_]+)$")
_CALL_NAMES: Final[Mapping[str, str]] = {
    "call_id": "id",
    "name": "function.name",
    "arguments_json": "function.arguments",
}


def in_their_words(error: SomaError, limit_name: str = "max_completion_tokens") -> SomaError:
    """The error as that client reads it; `limit_name` is what it calls the longest answer."""
    if "field" not in error.metadata:
        return error
    metadata = {**error.metadata, "field": _their_name(error.metadata["field"], limit_name)}
    violations = tuple(replace(it, field=_their_name(it.field, limit_name)) for it in error.violations)
    return SomaError(error.reason, metadata, retry_after_seconds=error.retry_after_seconds, violations=violations)


def _their_name(field: str, limit_name: str) -> str:
    if field == "options.max_output_tokens":
        return limit_name
    if field in _NAMES:
        return _NAMES[field]
    for ours, theirs in _BEGINNINGS:
        if field.startswith(ours):
            field = theirs + field.removeprefix(ours)
            break
    if of_tool := _OF_TOOL.match(field):
        inner = of_tool[2].replace("parameters_json", "parameters")
        return field if inner.startswith("function") or inner == "type" else f"{of_tool[1]}.function.{inner}"
    if of_call := _OF_CALL.match(field):
        return f"{of_call[1]}.{_CALL_NAMES.get(of_call[2], of_call[2])}"
    return field
