"""The words the upstream says and how it counts them: pure, the same for the same seed and request.

Nothing here knows chunks of the protocol or time.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from soma_common.testing.upstream.records import text_of

Count = Callable[[str], int]

# Framing tokens of a chat prompt, as OpenAI documents them: 3 a message and 3 that prime the answer.
_MESSAGE_TOKENS: Final = 3
_PRIMING_TOKENS: Final = 3
_TOKEN: Final = re.compile(r"\w{1,6}|[^\w\s]")

_OPTIONS: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "tool_choice",
    "response_format",
)
_WORDS: Final = (
    "river stone lantern quiet morning bridge copper garden window paper mountain signal harbour thread winter "
    "orchard engine candle market northern silver meadow ladder basket shallow whisper granite compass feather "
    "island velvet station amber kettle horizon pocket willow thunder marble ribbon canyon saddle ember "
    "lattice puzzle saffron timber beacon cradle drizzle echo fable glacier hollow ivory jasmine kernel legend "
    "mosaic nectar oasis pebble quarry raven summit tunnel umber valley wander yarrow zephyr anchor bramble "
    "cobalt delta elm fjord grove hazel inlet juniper"
).split()


def simple_count(text: str) -> int:
    """Tokens by a plain rule (six letters or one sign each): close enough for tests, no tables."""
    return len(_TOKEN.findall(text))


def varied_pieces(seed: int, request: str, count: int) -> list[str]:
    """`count` pieces of text, never two neighbours alike, the same for the same seed and request."""
    source = random.Random(f"{seed}:{request}")
    pieces: list[str] = []
    start, previous = True, ""
    while len(pieces) < count:
        word = source.choice(_WORDS)
        if word == previous:
            continue
        previous = word
        stop = source.random() < 0.12 and not start
        piece = (word.capitalize() if start else word) + ("." if stop else "")
        pieces.append(piece if not pieces else f" {piece}")
        start = stop
    return pieces


def split_text(text: str, count: int) -> list[str]:
    """`text` in at most `count` pieces, at word borders (a single word at any letter); joined they are `text` again."""
    words = re.findall(r"\s*\S+\s*?(?=\s|$)|\s+", text)
    if len(words) == 1:
        words = list(text)
    count = max(1, min(count, len(words)))
    size, extra = divmod(len(words), count)
    pieces: list[str] = []
    position = 0
    for number in range(count):
        end = position + size + (number < extra)
        pieces.append("".join(words[position:end]))
        position = end
    return [piece for piece in pieces if piece]


def limited(pieces: Sequence[str], count: Count, max_tokens: int | None) -> tuple[list[str], int, bool]:
    """The pieces that fit in `max_tokens`, their tokens, and whether something was cut off."""
    kept: list[str] = []
    total = 0
    for piece in pieces:
        tokens = count(piece)
        if max_tokens is not None and total + tokens > max_tokens:
            return kept, total, True
        kept.append(piece)
        total += tokens
    return kept, total, False


def until_stop(pieces: Sequence[str], stops: Sequence[str]) -> list[str]:
    """The pieces up to the first stop sequence, which is left out."""
    text = "".join(pieces)
    ends = [position for stop in stops if stop and (position := text.find(stop)) >= 0]
    if not ends:
        return list(pieces)
    kept: list[str] = []
    rest = min(ends)
    for piece in pieces:
        if rest <= 0:
            break
        kept.append(piece[:rest])
        rest -= len(piece)
    return kept


def prompt_tokens(body: Mapping[str, Any], count: Count) -> int:
    """Tokens of a prompt: text, tool schemas and framing."""
    total = _PRIMING_TOKENS
    for message in body["messages"]:
        total += _MESSAGE_TOKENS + count(text_of(message)) + count(str(message.get("name") or ""))
        for call in message.get("tool_calls") or ():
            total += count(str(call["function"]["name"])) + count(str(call["function"].get("arguments", "")))
    for tool in body.get("tools") or ():
        function = tool["function"]
        total += count(str(function["name"])) + count(str(function.get("description", "")))
        total += count(str(function.get("parameters", "")))
    return total


def facts(body: Mapping[str, Any], headers: Mapping[str, str], tokens: int) -> dict[str, Any]:
    """What an echo answers: the facts of the request that came."""
    messages = body["messages"]
    users = [text_of(message) for message in messages if message["role"] == "user"]
    return {
        "model": body["model"],
        "stream": bool(body.get("stream")),
        "messages": len(messages),
        "roles": [message["role"] for message in messages],
        "characters": sum(len(text_of(message)) for message in messages),
        "prompt_tokens": tokens,
        "last_user": users[-1] if users else None,
        "tools": [tool["function"]["name"] for tool in body.get("tools") or ()],
        "options": {name: body[name] for name in _OPTIONS if name in body},
        "traceparent": headers.get("traceparent"),
    }
