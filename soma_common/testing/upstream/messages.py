"""Anthropic's messages: a request as the scripts understand it, and an answer as that protocol streams it.

Pure; `app.py` has the route.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from soma_common.testing.upstream.answer import Answer
from soma_common.testing.upstream.faces import Form
from soma_common.testing.upstream.faults import REFUSALS, Refusal
from soma_common.testing.upstream.script import FaultKind
from soma_common.testing.upstream.text import split_text

_STOPS: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
# The error of the same fault as this provider words it.
_WORDS: Final = {
    FaultKind.RATE_LIMITED: ("rate_limit_error", "This request would exceed your rate limit."),
    FaultKind.SERVER_ERROR: ("api_error", "Internal server error"),
    FaultKind.OVERLOADED: ("overloaded_error", "Overloaded"),
    FaultKind.UNAUTHORIZED: ("authentication_error", "invalid x-api-key"),
    FaultKind.CONTEXT_LENGTH: ("invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    FaultKind.CONTENT_FILTER: ("invalid_request_error", "Output blocked by content filtering policy"),
}
_KINDS: Final = {refusal: kind for kind, refusal in REFUSALS.items()}


class Messages:
    """The language."""

    done = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def form(self, answer: Answer, created: int, *, include_usage: bool, logprobs: bool) -> Form:
        """As the protocol; usage always comes, probabilities never."""
        return MessageForm(answer)

    def refusal(self, refusal: Refusal) -> bytes:
        """As the protocol."""
        kind, message = _WORDS[_KINDS[refusal]]
        return orjson.dumps({"type": "error", "error": {"type": kind, "message": message}})

    def event(self, refusal: Refusal) -> bytes:
        """As the protocol."""
        return b"event: error\ndata: " + self.refusal(refusal) + b"\n\n"


class MessageForm:
    """One answer: thinking, text and calls of tools, each a block of its own."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._index = -1
        self._open = ""

    def chunks(self) -> Iterator[tuple[bytes, str]]:
        """Every event before the end of the last block."""
        yield self._begin(), ""
        for piece in self._answer.reasoning:
            thought = {"type": "thinking", "thinking": "", "signature": ""}
            yield self._delta("thinking", thought, {"type": "thinking_delta", "thinking": piece}), ""
        for piece in self._answer.pieces:
            yield self._delta("text", {"type": "text", "text": ""}, {"type": "text_delta", "text": piece}), piece
        for number, call in enumerate(self._answer.tool_calls):
            block: dict[str, object] = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            for piece in split_text(call.arguments, call.pieces):
                yield self._delta(f"tool {number}", block, {"type": "input_json_delta", "partial_json": piece}), ""

    def finish(self) -> bytes:
        """The end of the last block, the reason to stop, and the output tokens."""
        delta = {"stop_reason": _STOPS.get(self._answer.finish_reason, "end_turn"), "stop_sequence": None}
        usage = {"output_tokens": self._answer.usage.completion_tokens}
        return self._close() + _event("message_delta", {"delta": delta, "usage": usage})

    def usage(self) -> bytes | None:
        """It comes with the reason to stop."""
        return None

    def broken(self) -> bytes:
        """An event that stops in the middle of its JSON."""
        return b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"half a\n\n'

    def _begin(self) -> bytes:
        usage = self._answer.usage
        message: dict[str, object] = {
            "id": self._answer.id,
            "type": "message",
            "role": "assistant",
            "model": self._answer.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": usage.prompt_tokens - usage.cached_tokens,
                "cache_read_input_tokens": usage.cached_tokens,
                "cache_creation_input_tokens": 0,
                "output_tokens": 1,
            },
        }
        return _event("message_start", {"message": message})

    def _delta(self, name: str, block: Mapping[str, object], delta: Mapping[str, object]) -> bytes:
        before = b""
        if self._open != name:
            before = self._close()
            self._index, self._open = self._index + 1, name
            before += _event("content_block_start", {"index": self._index, "content_block": block})
        return before + _event("content_block_delta", {"index": self._index, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._index})


def _event(name: str, fields: Mapping[str, object]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps({"type": name, **fields}) + b"\n\n"


def as_completion(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the scripts understand it. Raises KeyError or TypeError for what is none."""
    system = body.get("system")
    messages = [{"role": "system", "content": _text(system)}] if system else []
    for message in body["messages"]:
        results = [part for part in _parts(message["content"]) if part["type"] == "tool_result"]
        role = "tool" if results else message["role"]
        messages.append({"role": role, "content": _text(message["content"])})
    tools = [{"type": "function", "function": {"name": tool["name"]}} for tool in body.get("tools") or ()]
    return {
        "model": body["model"],
        "messages": messages,
        "max_tokens": body["max_tokens"],
        "stop": body.get("stop_sequences") or [],
        "stream": body.get("stream", False),
        **({"tools": tools} if tools else {}),
    }


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _text(content: Any) -> str:
    parts = (part.get("text", part.get("content", "")) for part in _parts(content))
    return "".join(part if isinstance(part, str) else _text(part) for part in parts)
