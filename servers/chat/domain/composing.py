"""From what could be sent to the model call that is: one pure way, for whoever sends it and whoever makes it again.

The first call of a turn, then what the rounds of tools add, then what another model, or a text so far, makes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from servers.chat.domain.context import build
from servers.chat.domain.continuing import instruction
from servers.chat.domain.model import ModelProfile, ModelRequest, PromptMessage, PromptTool
from servers.chat.domain.rounds import ToolRound, fitted, round_messages, rounds_tokens
from servers.chat.domain.sizes import MESSAGE_TOKENS, REPLY_TOKENS, Tokenizer, calls_tokens, tool_tokens
from servers.chat.domain.sources import Context, Offer, Sources

# An answer after tools is never cut shorter than this for their results' sake, unless less was asked for; and a window
# that leaves less for an answer, and less than was asked for, is too small.
LEAST_ANSWER_TOKENS: Final = 256


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a turn's calls may take of a window, in tokens, and how many rounds of tools it may have."""

    capacity_tokens: int
    most_rounds: int


def first_call(
    sources: Sources, offer: Offer, terms: ModelRequest, tokenizer: Tokenizer
) -> tuple[Context, ModelRequest]:
    """The window filled under a plan, and the call that sends it; `terms` is the call without messages and tools."""
    context = build(sources, offer, tokenizer)
    offered = {tool.name for tool in context.tools}
    call = replace(
        terms,
        messages=context.messages,
        tools=context.tools,
        tool_choice=_tool_choice(terms.tool_choice, offered),
        input_tokens=context.input_tokens,
    )
    return context, call


def _tool_choice(wished: str | None, offered: set[str]) -> str | None:
    """The wish, as far as the tools that are left allow it."""
    if wished is None or not offered:
        return None
    if wished.startswith("name:") and wished.removeprefix("name:") not in offered:
        return None
    return wished


def after_rounds(
    first: ModelRequest, rounds: Sequence[ToolRound], bounds: Bounds, tokenizer: Tokenizer
) -> tuple[ModelRequest, tuple[ToolRound, ...]]:
    """The first call with what was said and done since, and the rounds as they fit.

    The answer gives way to results, and these to the window. Once the rounds are used up it offers no tools.
    """
    before = first.input_tokens + rounds_tokens(rounds, tokenizer, results=False)
    least = min(first.max_output_tokens, LEAST_ANSWER_TOKENS)
    kept = fitted(rounds, bounds.capacity_tokens - before - least, tokenizer)
    needed = first.input_tokens + rounds_tokens(kept, tokenizer)
    call = replace(
        first,
        messages=(*first.messages, *(message for each in kept for message in round_messages(each))),
        input_tokens=needed,
        max_output_tokens=max(least, min(first.max_output_tokens, bounds.capacity_tokens - needed)),
        body=b"",
    )
    if len(rounds) >= bounds.most_rounds:
        return replace(call, tools=(), tool_choice=None), kept
    if call.tool_choice not in (None, "none"):
        # What had to be called was called.
        call = replace(call, tool_choice="auto")
    return call, kept


def goes_as_it_is(request: ModelRequest, profile: ModelProfile, so_far: str) -> bool:
    """Whether nothing has to be changed or measured for this model."""
    return profile.profile_id == request.profile.profile_id and not so_far and bool(request.input_tokens)


def call_by(request: ModelRequest, profile: ModelProfile, so_far: str, tokenizer: Tokenizer) -> ModelRequest | None:
    """The request for this model, whose tokenizer it is, going on from the text so far; None where it cannot take it.

    Where all that was allowed is written, nothing is left to ask for: `max_output_tokens` is 0.
    """
    if goes_as_it_is(request, profile, so_far):
        return request
    tools = request.tools if profile.tools else ()
    if len(tools) < len(request.tools) and _needs_tools(request):
        return None
    needed, written = _measured(request.messages, tools, so_far, tokenizer)
    if profile.profile_id == request.profile.profile_id and not so_far:
        return replace(request, input_tokens=needed)
    left = max(0, request.max_output_tokens - written)
    room = profile.window_tokens - needed
    if room < min(LEAST_ANSWER_TOKENS, left):
        return None
    return replace(
        request,
        profile=profile,
        tools=tools,
        tool_choice=request.tool_choice if tools else None,
        max_output_tokens=min(left, room, profile.max_output_tokens),
        input_tokens=needed,
        so_far=so_far,
        body=b"",
    )


def _needs_tools(request: ModelRequest) -> bool:
    """Whether an answer without tools would be another one than was asked for."""
    forced = request.tool_choice is not None and request.tool_choice not in ("auto", "none")
    return forced or any(message.tool_calls or message.role == "tool" for message in request.messages)


def _measured(
    messages: Sequence[PromptMessage], tools: Sequence[PromptTool], so_far: str, tokenizer: Tokenizer
) -> tuple[int, int]:
    """The tokens of the whole prompt, and of the text so far alone."""
    total = REPLY_TOKENS + sum(tool_tokens(tool, tokenizer) for tool in tools)
    for message in messages:
        total += MESSAGE_TOKENS + tokenizer.count(message.content) + calls_tokens(message.tool_calls, tokenizer)
    if not so_far:
        return total, 0
    written = tokenizer.count(so_far)
    return total + 2 * MESSAGE_TOKENS + written + tokenizer.count(instruction(so_far)), written
