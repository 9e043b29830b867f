"""The protocol's form of an answer: SSE chunks, the whole completion, error bodies.

Pure bytes; nothing here knows scripts, faults or sockets.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

import orjson

from soma_common.testing.upstream.answer import Answer
from soma_common.testing.upstream.script import ToolCall, UsageFigures
from soma_common.testing.upstream.text import split_text

DONE: Final = b"data: [DONE]\n\n"


class ChunkForm:
    """Makes the chunks of one answer; what does not change from chunk to chunk is encoded once."""

    def __init__(self, answer: Answer, created: int, *, include_usage: bool, logprobs: bool) -> None:
        self._answer = answer
        self._include_usage = include_usage
        self._logprobs = logprobs
        head = {"id": answer.id, "object": "chat.completion.chunk", "created": created, "model": answer.model}
        self._head = b"data: " + orjson.dumps(head)[:-1] + b',"system_fingerprint":"fp_scripted","choices":['
        self._tail = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"

    def chunks(self) -> Iterator[tuple[bytes, str]]:
        """Every chunk before `[DONE]`, each with the text it adds for the person."""
        yield self._delta(b'{"role":"assistant","content":""}'), ""
        for piece in self._answer.reasoning:
            yield self._delta(b'{"reasoning_content":' + orjson.dumps(piece) + b"}"), ""
        for piece in self._answer.pieces:
            logprobs = b',"logprobs":' + orjson.dumps(logprobs_of(piece)) if self._logprobs else b""
            yield self._delta(b'{"content":' + orjson.dumps(piece) + b"}", logprobs), piece
        for fragment in tool_fragments(self._answer.tool_calls, interleave=self._answer.interleave):
            yield self._delta(orjson.dumps({"tool_calls": [fragment]})), ""

    def finish(self) -> bytes:
        """The chunk that carries the finish reason."""
        reason = orjson.dumps(self._answer.finish_reason)
        return self._head + b'{"index":0,"delta":{},"finish_reason":' + reason + b"}" + self._tail

    def usage(self) -> bytes | None:
        """The chunk with the usage and no choice, when it was asked for."""
        if not self._include_usage:
            return None
        return self._head + b'],"usage":' + orjson.dumps(usage_json(self._answer.usage)) + b"}\n\n"

    def broken(self) -> bytes:
        """A chunk that stops in the middle of its JSON."""
        return self._head + b'{"index":0,"delta":{"content":"half a\n\n'

    def _delta(self, delta: bytes, extra: bytes = b"") -> bytes:
        return self._head + b'{"index":0,"delta":' + delta + extra + b',"finish_reason":null}' + self._tail


def tool_fragments(calls: tuple[ToolCall, ...], *, interleave: bool) -> Iterator[dict[str, Any]]:
    """The fragments of all calls: id and name first, then pieces of the arguments; one by one, or in turns."""
    queues: list[list[dict[str, Any]]] = []
    for index, call in enumerate(calls):
        function = {"name": call.name, "arguments": ""}
        first: dict[str, Any] = {"index": index, "id": call.id, "type": "function", "function": function}
        pieces = split_text(call.arguments, call.pieces) if call.arguments else []
        queues.append([first, *({"index": index, "function": {"arguments": piece}} for piece in pieces)])
    if not interleave:
        for queue in queues:
            yield from queue
        return
    while any(queues):
        for queue in queues:
            if queue:
                yield queue.pop(0)


def completion(answer: Answer, created: int, *, logprobs: bool, report_usage: bool) -> bytes:
    """The whole answer as one JSON body."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.reasoning:
        message["reasoning_content"] = "".join(answer.reasoning)
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.tool_calls
        ]
    elif answer.text == "":
        message["content"] = ""
    items = [item for piece in answer.pieces for item in logprobs_of(piece)["content"]]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": answer.finish_reason,
        "logprobs": {"content": items, "refusal": None} if logprobs else None,
    }
    body: dict[str, Any] = {
        "id": answer.id,
        "object": "chat.completion",
        "created": created,
        "model": answer.model,
        "system_fingerprint": "fp_scripted",
        "choices": [choice],
    }
    if report_usage:
        body["usage"] = usage_json(answer.usage)
    return orjson.dumps(body)


def usage_json(usage: UsageFigures) -> dict[str, Any]:
    """Usage as the protocol writes it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def logprobs_of(piece: str) -> dict[str, Any]:
    """Made-up log probabilities of one piece: the same for the same text, between -2 and 0."""
    logprob = -2 * random.Random(piece).random() ** 3
    return {"content": [{"token": piece, "logprob": logprob, "bytes": list(piece.encode()), "top_logprobs": []}]}


def error_body(message: str, kind: str, code: str | int | None, param: str | None = None) -> bytes:
    """An error as the protocol writes it."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})
