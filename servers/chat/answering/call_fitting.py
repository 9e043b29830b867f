"""A model call as another model can take it: measured with its tokenizer, within its window, going on from a text.

Nothing here chooses a model or calls one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from servers.chat.aside import aside
from servers.chat.domain.continuing import instruction
from servers.chat.domain.model import ModelProfile, ModelRequest, PromptMessage, PromptTool
from servers.chat.domain.sizes import MESSAGE_TOKENS, REPLY_TOKENS, Tokenizer, calls_tokens, tool_tokens
from soma_common.tokens import tokenizer_for

# A window that leaves less for an answer than this, and than was asked for, is too small.
LEAST_ANSWER_TOKENS: Final = 256


async def call_for(request: ModelRequest, profile: ModelProfile, so_far: str) -> ModelRequest | None:
    """The request for this model, going on from the text so far; None where it cannot take it.

    Where all that was allowed is written, nothing is left to ask for: `max_output_tokens` is 0.
    """
    as_it_is = profile.profile_id == request.profile.profile_id and not so_far
    if as_it_is and request.input_tokens:
        return request
    tools = request.tools if profile.tools else ()
    if len(tools) < len(request.tools) and _needs_tools(request):
        return None
    size = sum(len(message.content) for message in request.messages) + len(so_far)
    tokenizer = tokenizer_for(profile.tokenizer)
    needed, written = await aside(size, _measured, request.messages, tools, so_far, tokenizer)
    if as_it_is:
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
