"""The OpenAI chat completions wire: the chunks of a stream as items. Pure.

Nothing here opens a connection; what is sent stands in `domain/request_body.py`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from servers.chat.domain.model import (
    ReasoningChunk,
    StreamBegin,
    StreamEnd,
    StreamItem,
    TextChunk,
    ToolCallPart,
)
from soma_common.kernel.money import Usage

# More tokens than a column counts are nobody's usage.
_MOST_TOKENS: Final = 2**31 - 1
_FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class DataLines:
    """Cuts an event stream into the data of its lines, however the bytes come; `done` once `[DONE]` was among them."""

    def __init__(self) -> None:
        self.done = False
        self._rest = b""

    @property
    def waiting_bytes(self) -> int:
        """The length of the line that has no end yet."""
        return len(self._rest)

    def feed(self, block: bytes) -> list[bytes]:
        """The data of the lines that this block completes."""
        lines = (self._rest + block if self._rest else block).split(b"\n")
        self._rest = lines.pop()
        found: list[bytes] = []
        for line in lines:
            data = line[5:].strip() if line.startswith(b"data:") else b""
            if data == b"[DONE]":
                self.done = True
                break
            if data:
                found.append(data)
        return found


@dataclass(slots=True)
class _CallFragments:
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ChunkReader:
    """Turns decoded chunks into items; tool calls are held until they are complete."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self._begun = False
        self._calls: dict[int, _CallFragments] = {}
        self._log_probabilities: list[float] = []

    def read(self, chunk: dict[str, Any]) -> Iterator[StreamItem]:
        """The items of one chunk. Raises KeyError, TypeError, ValueError or AttributeError for what is no chunk."""
        if not self._begun:
            self._begun = True
            yield StreamBegin()
        usage = chunk.get("usage")
        if usage:
            self.usage = _usage(usage)
        for choice in chunk["choices"] or ():
            yield from self._read_delta(choice.get("delta") or {})
            self._read_log_probabilities(choice)
            if choice.get("finish_reason"):
                self.finish_reason = _FINISH_REASONS.get(choice["finish_reason"], "stop")

    def finish(self) -> Iterator[StreamItem]:
        """The held tool calls in the order of their index, then the end. Raises ValueError for a call of nothing."""
        for index in sorted(self._calls):
            call = self._calls[index]
            if not call.name:
                raise ValueError("a tool call without a name")
            yield ToolCallPart(call.call_id or f"call_{index}", call.name, "".join(call.arguments) or "{}")
        probabilities = self._log_probabilities
        confidence = sum(map(math.exp, probabilities)) / len(probabilities) if probabilities else None
        finish_reason = "tool_calls" if self._calls else self.finish_reason or "stop"
        yield StreamEnd(finish_reason, self.usage, confidence)

    def _read_delta(self, delta: dict[str, Any]) -> Iterator[StreamItem]:
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            yield ReasoningChunk(_text(reasoning))
        # A model that declines says so in a field of its own; a person should read it where the answer would be.
        text = delta.get("content") or delta.get("refusal")
        if text:
            yield TextChunk(_text(text))
        for fragment in delta.get("tool_calls") or ():
            self._read_fragment(fragment)

    def _read_fragment(self, fragment: dict[str, Any]) -> None:
        index = fragment.get("index", 0)
        if not isinstance(index, int):
            raise TypeError("the index of a call is not a number")
        call = self._calls.setdefault(index, _CallFragments())
        call.call_id = _text(fragment.get("id") or call.call_id)
        function = fragment.get("function") or {}
        call.name += _text(function.get("name") or "")
        arguments = function.get("arguments") or ""
        # Some servers send the object itself.
        call.arguments.append(_text(orjson.dumps(arguments).decode() if isinstance(arguments, dict) else arguments))

    def _read_log_probabilities(self, choice: dict[str, Any]) -> None:
        for token in (choice.get("logprobs") or {}).get("content") or ():
            self._log_probabilities.append(min(0.0, float(token["logprob"])))


def _text(value: object) -> str:
    """The text, without the one character that no database keeps."""
    if not isinstance(value, str):
        raise TypeError("content is not text")
    return value.replace("\x00", "\ufffd")


def _usage(usage: dict[str, Any]) -> Usage | None:
    """The provider's figures, or None for figures that nobody can have had."""
    prompt, completion = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
    if not (0 <= prompt <= _MOST_TOKENS and 0 <= completion <= _MOST_TOKENS):
        return None
    cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    reasoning = int((usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0)
    return Usage(
        input_tokens=prompt,
        cached_input_tokens=min(max(0, cached), prompt),
        output_tokens=completion,
        reasoning_tokens=min(max(0, reasoning), completion),
    )
