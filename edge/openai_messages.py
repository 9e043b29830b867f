"""The messages of a chat completion to a Transcript; every mistake named by its OpenAI parameter.

Nothing here knows HTTP, options or tools on offer.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edge.json_message import fill
from edge.openai_parameters import as_object
from soma.chat.v1 import message_pb2
from soma_common.kernel.errors import invalid_field

_PART_BYTES: Final = 65536
_ROLES: Final[Mapping[str, message_pb2.Role.ValueType]] = {
    "system": message_pb2.ROLE_SYSTEM,
    "developer": message_pb2.ROLE_SYSTEM,
    "user": message_pb2.ROLE_USER,
    "assistant": message_pb2.ROLE_ASSISTANT,
    "tool": message_pb2.ROLE_TOOL,
}
_GONE: Final = {"function_call": "send it as one of tool_calls", "audio": "only text can be sent here"}
_TEXT_PARTS: Final = frozenset(("text", "refusal"))


def read_messages(transcript: message_pb2.Transcript, messages: object) -> None:
    """Adds the messages; raises INVALID_FIELD."""
    if not isinstance(messages, list) or not messages:
        raise invalid_field("messages", "it must be a list of at least one message")
    for position, item in enumerate(messages):
        where = f"messages[{position}]"
        _read_message(transcript.messages.add(), as_object(item, where), where)


def _read_message(message: message_pb2.TranscriptMessage, item: Mapping[str, Any], where: str) -> None:
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise invalid_field(f"{where}.role", f"it must be one of {', '.join(_ROLES)}")
    message.role = _ROLES[role]
    said = "content" if item.get("content") is not None or role != "assistant" else "refusal"
    for piece in _pieces(_text_of(item.get(said), f"{where}.{said}")):
        message.content.add(text=piece)
    for gone, instead in _GONE.items():
        if item.get(gone) is not None:
            raise invalid_field(f"{where}.{gone}", instead)
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
        given = as_object(part, place)
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
        call = as_object(item, place)
        function = as_object(call.get("function"), f"{place}.function")
        fill(
            message.tool_calls.add(),
            {"call_id": call.get("id"), "name": function.get("name"), "arguments_json": function.get("arguments", "")},
            place,
        )
