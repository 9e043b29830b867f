"""The body of a chat completion to a SendMessageRequest; every mistake named by its OpenAI parameter.

Nothing here knows HTTP, agents or models; `model` is resolved elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format

from edge.json_message import fill
from soma.chat.v1 import message_pb2, turn_service_pb2
from soma_common.kernel.errors import SomaError, invalid_field

_PART_BYTES: Final = 65536
_ROLES: Final[Mapping[str, message_pb2.Role.ValueType]] = {
    "system": message_pb2.ROLE_SYSTEM,
    "developer": message_pb2.ROLE_SYSTEM,
    "user": message_pb2.ROLE_USER,
    "assistant": message_pb2.ROLE_ASSISTANT,
    "tool": message_pb2.ROLE_TOOL,
}
_TEXT_PARTS: Final = frozenset(("text", "refusal"))
_MODES: Final = ("auto", "none", "required")
_FORMATS: Final = ("text", "json_object", "json_schema")
# What would change the answer and cannot be had here: each with the values that ask for nothing.
_REFUSED: Final[Mapping[str, tuple[object, ...]]] = {
    "n": (None, 1),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "audio": (None,),
    "modalities": (None, ["text"]),
    "functions": (None, []),
    "function_call": (None,),
    "web_search_options": (None,),
}


@dataclass(frozen=True, slots=True)
class Completion:
    """What was asked: the request without agent and model, the model's name, and how to answer."""

    request: turn_service_pb2.SendMessageRequest
    model: str
    stream: bool
    include_usage: bool


def read_completion(body: Mapping[str, Any]) -> Completion:
    """Reads the body; INVALID_FIELD names the parameter that is wrong, unknown ones are ignored."""
    for name, accepted in _REFUSED.items():
        if body.get(name) not in accepted:
            raise invalid_field(name, "this is not supported here")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid_field("model", "it must be the name of an agent or a model; GET /v1/models lists them")
    request = turn_service_pb2.SendMessageRequest(on_disconnect=turn_service_pb2.ON_DISCONNECT_CANCEL)
    _read_messages(request.transcript, body.get("messages"))
    _read_options(request.options, body)
    _read_tools(request, body)
    _read_tool_choice(request, body.get("tool_choice"))
    stream_options = _object(body.get("stream_options") or {}, "stream_options")
    return Completion(
        request=request,
        model=model,
        stream=_flag(body.get("stream"), "stream"),
        include_usage=_flag(stream_options.get("include_usage"), "stream_options.include_usage"),
    )


def _read_messages(transcript: message_pb2.Transcript, messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise invalid_field("messages", "it must be a list of at least one message")
    for position, item in enumerate(messages):
        where = f"messages[{position}]"
        _read_message(transcript.messages.add(), _object(item, where), where)


def _read_message(message: message_pb2.TranscriptMessage, item: Mapping[str, Any], where: str) -> None:
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise invalid_field(f"{where}.role", f"it must be one of {', '.join(_ROLES)}")
    message.role = _ROLES[role]
    for piece in _pieces(_text_of(item.get("content"), f"{where}.content")):
        message.content.add(text=piece)
    if role == "assistant":
        _read_tool_calls(message, item.get("tool_calls") or [], where)
    if role == "tool":
        call_id = item.get("tool_call_id")
        if not isinstance(call_id, str) or not call_id:
            raise invalid_field(f"{where}.tool_call_id", "a tool message must name the call that it answers")
        message.tool_call_id = call_id
    if not message.content and role in ("user", "system", "developer"):
        raise invalid_field(f"{where}.content", "it must not be empty")


def _text_of(content: object, where: str) -> str:
    """The text of a content; several parts stand on lines of their own."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return _plain(content, where, "text or a list of parts")
    texts: list[str] = []
    for position, part in enumerate(content):
        place = f"{where}[{position}]"
        given = _object(part, place)
        kind = given.get("type")
        if not isinstance(kind, str) or kind not in _TEXT_PARTS:
            raise invalid_field(f"{place}.type", "only text can be sent here")
        texts.append(_plain(given.get(kind), f"{place}.{kind}", "text"))
    return "\n".join(text for text in texts if text)


def _plain(text: object, where: str, form: str) -> str:
    if not isinstance(text, str):
        raise invalid_field(where, f"it must be {form}")
    return text


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces as long as a part of the contract may be, cut at the edges of characters."""
    raw = text.encode()
    start = 0
    while start < len(raw):
        end = min(start + _PART_BYTES, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        yield raw[start:end].decode()
        start = end


def _read_tool_calls(message: message_pb2.TranscriptMessage, calls: object, where: str) -> None:
    if not isinstance(calls, list):
        raise invalid_field(f"{where}.tool_calls", "it must be a list")
    for position, item in enumerate(calls):
        place = f"{where}.tool_calls[{position}]"
        call = _object(item, place)
        function = _object(call.get("function"), f"{place}.function")
        fill(
            message.tool_calls.add(),
            {"call_id": call.get("id"), "name": function.get("name"), "arguments_json": function.get("arguments", "")},
            place,
        )


def _read_options(options: message_pb2.GenerationOptions, body: Mapping[str, Any]) -> None:
    for name in ("temperature", "top_p", "seed"):
        if body.get(name) is not None:
            fill(options, {name: body[name]})
    most = body.get("max_completion_tokens")
    source = "max_tokens" if most is None else "max_completion_tokens"
    if body.get(source) is not None:
        _renamed(lambda: fill(options, {"max_output_tokens": body[source]}), source)
    stop = body.get("stop")
    if stop is not None:
        fill(options, {"stop": [stop] if isinstance(stop, str) else stop})
    _read_format(options, body.get("response_format"))


def _renamed(act: Callable[[], None], name: str) -> None:
    try:
        act()
    except SomaError as error:
        rule = error.violations[0].description if error.violations else error.reason.value
        raise invalid_field(name, rule) from None


def _read_format(options: message_pb2.GenerationOptions, wanted: object) -> None:
    if wanted is None:
        return
    given = _object(wanted, "response_format")
    kind = given.get("type")
    if kind not in _FORMATS:
        raise invalid_field("response_format.type", f"it must be one of {', '.join(_FORMATS)}")
    options.response_format = kind
    if kind == "json_schema":
        schema = _object(given.get("json_schema"), "response_format.json_schema")
        _renamed(lambda: fill(options, {"json_schema": schema}), "response_format.json_schema")


def _read_tools(request: turn_service_pb2.SendMessageRequest, body: Mapping[str, Any]) -> None:
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise invalid_field("tools", "it must be a list")
    for position, item in enumerate(tools):
        place = f"tools[{position}]"
        tool = _object(item, place)
        if tool.get("type", "function") != "function":
            raise invalid_field(f"{place}.type", "only functions are supported")
        function = _object(tool.get("function"), f"{place}.function")
        known = {name: function[name] for name in ("name", "description") if function.get(name) is not None}
        sent = request.tools.add()
        fill(sent, known, f"{place}.function")
        if not sent.name:
            raise invalid_field(f"{place}.function.name", "it must not be empty")
        parameters = _object(function.get("parameters") or {}, f"{place}.function.parameters")
        json_format.ParseDict(dict(parameters), sent.parameters)


def _read_tool_choice(request: turn_service_pb2.SendMessageRequest, choice: object) -> None:
    if choice is None:
        return
    if isinstance(choice, str) and choice in _MODES:
        request.tool_choice.mode = choice
        return
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        name = choice["function"].get("name")
        if isinstance(name, str) and name:
            request.tool_choice.tool_name = name
            return
    raise invalid_field("tool_choice", "it must be auto, none, required or one function by name")


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid_field(where, "it must be an object")
    return value


def _flag(value: object, where: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise invalid_field(where, "it must be true or false")
    return bool(value)
