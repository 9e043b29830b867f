"""A model call in the words of OpenAI's chat completions: the whole request, and what it says beside its texts. Pure.

Nothing here makes bytes or opens a connection.
"""

from collections.abc import Mapping
from typing import Any, Final

from servers.chat.domain.continuing import instruction
from servers.chat.domain.model import ModelRequest, PromptMessage, PromptTool, ToolCallPart
from servers.chat.domain.rounds import wire_name

# Larger whole numbers are not whole any more where numbers are floating.
_MOST_EXACT: Final = 2**53


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The body of `POST /chat/completions`, streaming, with usage."""
    messages = [_message(message) for message in (*request.messages, *continuation(request.so_far))]
    body: dict[str, Any] = {
        "model": request.profile.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_numbers(request),
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request.tool_choice)
        if request.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.so_far:
        # A form that is enforced begins at its beginning; the rest of a text has to keep to it by itself.
        return body
    if request.response_format == "json_object":
        body["response_format"] = {"type": "json_object"}
    elif request.response_format == "json_schema":
        body["response_format"] = {"type": "json_schema", "json_schema": dict(request.json_schema or {})}
    return body


def parameters(request: ModelRequest) -> Mapping[str, str | float | bool]:
    """What the body says beside messages and tools, without a text of anybody: of `stop` only how many there are."""
    found: dict[str, str | float | bool] = {"model": request.profile.model, **_numbers(request)}
    seed = request.seed
    if seed is not None and abs(seed) > _MOST_EXACT:
        found["seed"] = str(seed)
    if request.stop:
        found["stop"] = len(request.stop)
    if request.tools:
        found["tools"] = len(request.tools)
        found["tool_choice"] = (request.tool_choice or "auto").removeprefix("name:")
        if request.parallel_tool_calls is not None:
            found["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format and not request.so_far:
        found["response_format"] = request.response_format
    return found


def continuation(so_far: str) -> tuple[PromptMessage, ...]:
    """The messages that ask for the rest of an answer: its beginning, and after it what to do."""
    if not so_far:
        return ()
    return (PromptMessage("assistant", so_far), PromptMessage("user", instruction(so_far)))


def _numbers(request: ModelRequest) -> dict[str, Any]:
    most = "max_completion_tokens" if request.profile.provider == "openai" else "max_tokens"
    optional = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "reasoning_effort": request.reasoning_effort or None,
    }
    chosen = {name: value for name, value in optional.items() if value is not None}
    return {most: request.max_output_tokens, **chosen}


def _tool(tool: PromptTool) -> dict[str, Any]:
    strict = {"strict": True} if tool.strict else {}
    parameters = dict(tool.parameters)
    function = {"name": wire_name(tool.name), "description": tool.description, "parameters": parameters, **strict}
    return {"type": "function", "function": function}


def _tool_choice(choice: str | None) -> object:
    if choice and choice.startswith("name:"):
        return {"type": "function", "function": {"name": wire_name(choice.removeprefix("name:"))}}
    return choice or "auto"


def _call(call: ToolCallPart) -> dict[str, Any]:
    function = {"name": wire_name(call.name), "arguments": call.arguments_json}
    return {"id": call.call_id, "type": "function", "function": function}


def _message(message: PromptMessage) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire
