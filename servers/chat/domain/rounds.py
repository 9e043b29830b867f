"""Rounds of tools as values: what the model asked for, what came of it, and what it said before.

Nothing here runs a tool or knows a message of the wire.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from servers.chat.domain.model import PromptMessage, ToolCallPart
from servers.chat.domain.sizes import MESSAGE_TOKENS, Tokenizer, calls_tokens, cut


class CallStatus(StrEnum):
    """How a call ended."""

    DONE = "done"  # it ran; the content is its result
    FAILED = "failed"  # it ran and failed, or could not run; the content says why
    DENIED = "denied"  # a person or the agent's policy refused it
    UNKNOWN = "unknown"  # it was sent, and nobody knows whether it had its effect


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of one call; `content` is what the model reads."""

    call_id: str
    name: str
    status: CallStatus
    content: str
    duration_milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A call as it was told: in which round, who runs it, and how many characters of the answer stood before it."""

    call: ToolCallPart
    round: int = 1
    by_client: bool = False
    text_before: int = 0


@dataclass(frozen=True, slots=True)
class ToolRound:
    """One finished round: what the model said before its calls, the calls, and their results in the same order."""

    number: int
    text: str
    calls: tuple[ToolCallPart, ...]
    results: tuple[CallResult, ...]


# What parts the texts of two rounds, for whoever reads them as one answer.
SEAM: Final = "\n\n"


def wire_name(name: str) -> str:
    """A name as providers allow it: letters, digits, `_` and `-`. It stands on their wire only."""
    return name.replace(".", "_")


def round_messages(done: ToolRound) -> tuple[PromptMessage, ...]:
    """A round as the model reads it again; a call without a result is left out."""
    results = {result.call_id: result for result in done.results}
    calls = tuple(call for call in done.calls if call.call_id in results)
    if not calls:
        return (PromptMessage("assistant", done.text),) if done.text else ()
    said = PromptMessage("assistant", done.text, calls)
    return (said, *(PromptMessage("tool", results[it.call_id].content, tool_call_id=it.call_id) for it in calls))


def rounds_of(
    text: str, calls: Sequence[ToldCall], results: Mapping[str, CallResult]
) -> tuple[tuple[ToolRound, ...], str]:
    """An answer as the rounds it was made of, and the text that was said after the last of them."""
    rounds: list[ToolRound] = []
    begin = 0
    for number in sorted({call.round for call in calls}):
        asked = [call for call in calls if call.round == number]
        end = max(begin, asked[-1].text_before)
        parts = tuple(call.call for call in asked)
        found = tuple(results[part.call_id] for part in parts if part.call_id in results)
        rounds.append(ToolRound(number, text[begin:end].strip(), parts, found))
        begin = end
    return tuple(rounds), text[begin:].strip()


def unique_id(wished: str, taken: Iterable[str], round_number: int) -> str:
    """A call's id that no other call of the turn has; providers count anew in every round."""
    used = set(taken)
    wished = wished or "call"
    if wished not in used and len(wished) <= _LONGEST_ID:
        return wished
    stem = f"{wished[:_LONGEST_ID]}-r{round_number}"
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(used) + 2))
    return next(candidate for candidate in candidates if candidate not in used)


_LONGEST_ID: Final = 96


LEAST_RESULT_TOKENS: Final = 64
_CUT: Final = "\n(The rest was left out, for it does not fit.)"


def fitted(rounds: Sequence[ToolRound], room: int, tokenizer: Tokenizer) -> tuple[ToolRound, ...]:
    """The rounds with their results cut to what there is room for: the newest whole before the older ones."""
    left = room
    kept: list[ToolRound] = []
    for each in reversed(rounds):
        results: list[CallResult] = []
        for number, result in enumerate(each.results):
            share = max(LEAST_RESULT_TOKENS, left // (len(each.results) - number))
            content = result.content
            if tokenizer.count(content) > share:
                content = cut(content, share - tokenizer.count(_CUT), tokenizer) + _CUT
            left -= tokenizer.count(content)
            results.append(replace(result, content=content))
        kept.append(replace(each, results=tuple(results)))
    return tuple(reversed(kept))


def rounds_tokens(rounds: Sequence[ToolRound], tokenizer: Tokenizer, *, results: bool = True) -> int:
    """How large rounds are in the window, with or without their results."""
    total = 0
    for message in (message for each in rounds for message in round_messages(each)):
        total += MESSAGE_TOKENS + calls_tokens(message.tool_calls, tokenizer)
        total += tokenizer.count(message.content) if results or message.role != "tool" else 0
    return total
