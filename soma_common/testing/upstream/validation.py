"""What a strict provider refuses in a request, as OpenAI's own API does.

Pure: a request's JSON goes in, the first problem comes out; a client that passes here passes there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_ROLES: Final = frozenset(("system", "developer", "user", "assistant", "tool"))
_NAME: Final = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (1, 10_000_000),
    "max_completion_tokens": (1, 10_000_000),
    "top_logprobs": (0, 20),
    "n": (1, 1),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing wrong: a sentence and the parameter it is about."""

    message: str
    param: str


def problem_of(body: Any) -> Problem | None:
    """The first problem of a chat request, or None."""
    if not isinstance(body, dict):
        return Problem("the body must be a JSON object", "body")
    if not isinstance(body.get("model"), str) or not body["model"]:
        return Problem("you must provide a model parameter", "model")
    return _options(body) or _tools(body) or _messages(body)


def _options(body: Mapping[str, Any]) -> Problem | None:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            return Problem(f"{value!r} is not between {low} and {high}", name)
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > 4:
        return Problem("at most 4 stop sequences", "stop")
    if body.get("stream_options") is not None and not body.get("stream"):
        return Problem("stream_options is only allowed when stream is set", "stream_options")
    return None


def _tools(body: Mapping[str, Any]) -> Problem | None:
    tools = body.get("tools")
    if tools is None:
        return Problem("tool_choice is only allowed with tools", "tool_choice") if body.get("tool_choice") else None
    if not isinstance(tools, list) or not tools:
        return Problem("an empty array is too short", "tools")
    seen: set[str] = set()
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not _NAME.match(name):
            return Problem(f"{name!r} does not match {_NAME.pattern}", f"tools[{position}].function.name")
        if name in seen:
            return Problem(f"{name!r} is there twice", f"tools[{position}].function.name")
        seen.add(name)
    return None


def _messages(body: Mapping[str, Any]) -> Problem | None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return Problem("an empty array is too short", "messages")
    waiting: set[str] = set()
    for position, message in enumerate(messages):
        path = f"messages[{position}]"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return Problem("a message needs a role of: " + ", ".join(sorted(_ROLES)), f"{path}.role")
        if message["role"] == "tool":
            call = message.get("tool_call_id")
            if call not in waiting:
                return Problem("messages with role 'tool' must answer a preceding tool call", f"{path}.tool_call_id")
            waiting.discard(call)
        elif waiting:
            return Problem(f"no tool message answers the calls {sorted(waiting)}", path)
        if problem := _content(message, path):
            return problem
        for call in message.get("tool_calls") or ():
            if not isinstance(call, dict) or not call.get("id") or not isinstance(call.get("function"), dict):
                return Problem("a tool call needs an id and a function", f"{path}.tool_calls")
            waiting.add(str(call["id"]))
    if waiting:
        return Problem(f"no tool message answers the calls {sorted(waiting)}", "messages")
    return None


def _content(message: Mapping[str, Any], path: str) -> Problem | None:
    content = message.get("content")
    if content is None:
        if message["role"] == "assistant" and message.get("tool_calls"):
            return None
        return Problem("content must be a string or an array of parts", f"{path}.content")
    if isinstance(content, str):
        return None
    if isinstance(content, list) and content and all(isinstance(part, dict) and part.get("type") for part in content):
        return None
    return Problem("content must be a string or an array of parts", f"{path}.content")
