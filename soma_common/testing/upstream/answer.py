"""The answer to one request, decided before its first byte: pieces, tool calls, finish reason, usage.

Pure; `chunks.py` gives it the protocol's form, `playing.py` sends it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from soma_common.testing.upstream.records import text_of
from soma_common.testing.upstream.script import Continues, Script, ToolCall, UsageFigures
from soma_common.testing.upstream.text import (
    Count,
    facts,
    limited,
    prompt_tokens,
    split_text,
    until_stop,
    varied_pieces,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What will be said if nothing goes wrong."""

    id: str
    model: str
    reasoning: tuple[str, ...]
    pieces: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: UsageFigures
    interleave: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def answer_to(script: Script, body: Mapping[str, Any], raw: bytes, headers: Mapping[str, str], count: Count) -> Answer:
    """Decide the answer; the same script and request give the same answer."""
    digest = hashlib.sha256(raw).hexdigest()
    prompt = script.usage.prompt_tokens if script.usage else prompt_tokens(body, count)
    calls = _calls(script, body, digest)
    pieces = [] if calls and script.text is None and not script.echo else _pieces(script, body, digest, headers, prompt)
    stops = body.get("stop") or ()
    pieces = until_stop(pieces, (stops,) if isinstance(stops, str) else stops)
    allowed = body.get("max_completion_tokens") or body.get("max_tokens")
    thoughts = varied_pieces(script.seed, f"thought:{digest}", script.reasoning_chunks)
    reasoning, thought, cut_thought = limited(thoughts, count, allowed)
    pieces, said, cut = limited(pieces, count, None if allowed is None else allowed - thought)
    cut = cut or cut_thought
    if cut:
        calls = ()
    called = sum(count(call.name) + count(call.arguments) for call in calls)
    usage = script.usage or UsageFigures(prompt, thought + said + called, reasoning_tokens=thought)
    finish = script.finish_reason or ("length" if cut else "tool_calls" if calls else "stop")
    identifier = f"chatcmpl-{digest[:24]}"
    return Answer(identifier, body["model"], tuple(reasoning), tuple(pieces), calls, finish, usage, script.interleave)


def _calls(script: Script, body: Mapping[str, Any], digest: str) -> tuple[ToolCall, ...]:
    if script.calls_once and body["messages"][-1]["role"] == "tool":
        return ()
    offered = {tool["function"]["name"] for tool in body.get("tools") or ()}
    return tuple(
        ToolCall(call.name, call.arguments, call.id or f"call_{digest[:12]}{position}", call.pieces, call.unoffered)
        for position, call in enumerate(script.tool_calls)
        if call.unoffered or call.name in offered
    )


def continued(script: Script, messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the script, or the rest of it where the request brings its beginning and asks for the rest."""
    text = script.text or ""
    said = [text_of(message) for message in messages if message["role"] == "assistant"][-1:]
    so_far = said[0] if said and messages[-1]["role"] == "user" else ""
    if script.continues is Continues.NOT or not so_far or not text.startswith(so_far):
        return text
    end, core = len(so_far), len(so_far.rstrip())
    last_words = max(core - 40, 0)
    while 0 < last_words < core and not text[last_words - 1].isspace():
        last_words += 1
    begins = {
        Continues.EXACTLY: end,
        Continues.LAST_WORDS: last_words if last_words < core else end,
        Continues.LONGER: end // 2,
        Continues.WHOLE: 0,
    }
    return text[begins[script.continues] :]


def _pieces(script: Script, body: Mapping[str, Any], digest: str, headers: Mapping[str, str], prompt: int) -> list[str]:
    if script.echo:
        return split_text(orjson.dumps(facts(body, headers, prompt)).decode(), script.chunks)
    if script.text is not None:
        text = continued(script, body["messages"])
        return split_text(text, script.chunks) if text else []
    return varied_pieces(script.seed, digest, script.chunks)
