"""The body of a chat completion to a SendMessageRequest; every mistake named by its OpenAI parameter.

Nothing here knows HTTP, agents or models; `model` is resolved elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from edge.json_message import fill
from edge.openai_messages import read_messages
from edge.openai_parameters import as_flag, as_object, demand_known
from soma.chat.v1 import message_pb2, turn_service_pb2
from soma_common.kernel.errors import SomaError, invalid_field

# Parameters that the contract calls as a body does; `wake` is ours, the others are OpenAI's.
_SAME_NAME: Final = (
    "temperature",
    "top_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "parallel_tool_calls",
    "wake",
)
_MODES: Final = ("auto", "none", "required")
_FORMATS: Final = ("text", "json_object", "json_schema")


@dataclass(frozen=True, slots=True)
class Completion:
    """What was asked: the request without agent and model, the model's name, and how to answer.

    `limit_name` is what the client calls the longest answer.
    """

    request: turn_service_pb2.SendMessageRequest
    model: str
    stream: bool
    include_usage: bool
    limit_name: str


def read_completion(body: Mapping[str, Any]) -> Completion:
    """Reads the body; INVALID_FIELD names the parameter that is wrong or unknown."""
    demand_known(body)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid_field("model", "it must be the name of an agent or a model; GET /v1/models lists them")
    request = turn_service_pb2.SendMessageRequest(on_disconnect=turn_service_pb2.ON_DISCONNECT_CANCEL)
    read_messages(request.transcript, body.get("messages"))
    _read_options(request.options, body)
    _read_tools(request, body)
    _read_tool_choice(request, body.get("tool_choice"))
    stream = as_flag(body.get("stream"), "stream")
    return Completion(request, model, stream, _include_usage(body.get("stream_options"), stream), _limit_name(body))


def _include_usage(given: object, stream: bool) -> bool:
    if given is None:
        return False
    options = as_object(given, "stream_options")
    if not stream:
        raise invalid_field("stream_options", "it goes with stream only")
    as_flag(options.get("include_obfuscation"), "stream_options.include_obfuscation")
    return as_flag(options.get("include_usage"), "stream_options.include_usage")


def _limit_name(body: Mapping[str, Any]) -> str:
    return "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"


def _read_options(options: message_pb2.GenerationOptions, body: Mapping[str, Any]) -> None:
    fill(options, {name: body[name] for name in _SAME_NAME if body.get(name) is not None})
    limit = _limit_name(body)
    if body.get(limit) is not None:
        _renamed(lambda: fill(options, {"max_output_tokens": body[limit]}), limit)
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
    given = as_object(wanted, "response_format")
    kind = given.get("type")
    if kind not in _FORMATS:
        raise invalid_field("response_format.type", f"it must be one of {', '.join(_FORMATS)}")
    options.response_format = kind
    if kind == "json_schema":
        schema = as_object(given.get("json_schema"), "response_format.json_schema")
        options.json_schema_text = orjson.dumps(schema).decode()


def _read_tools(request: turn_service_pb2.SendMessageRequest, body: Mapping[str, Any]) -> None:
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise invalid_field("tools", "it must be a list")
    for position, item in enumerate(tools):
        place = f"tools[{position}]"
        tool = as_object(item, place)
        if tool.get("type", "function") != "function":
            raise invalid_field(f"{place}.type", "only functions are supported")
        function = as_object(tool.get("function"), f"{place}.function")
        known = {name: function[name] for name in ("name", "description") if function.get(name) is not None}
        sent = request.tools.add()
        fill(sent, known, f"{place}.function")
        if not sent.name:
            raise invalid_field(f"{place}.function.name", "it must not be empty")
        parameters = as_object(function.get("parameters") or {}, f"{place}.function.parameters")
        sent.parameters_json = orjson.dumps(parameters).decode() if parameters else ""
        sent.strict = as_flag(function.get("strict"), f"{place}.function.strict")


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
