"""A call as another model can take it."""

from dataclasses import replace

import pytest

from servers.chat.answering.call_fitting import call_for
from servers.chat.domain.composing import LEAST_ANSWER_TOKENS
from servers.chat.domain.continuing import instruction
from servers.chat.domain.model import ModelProfile, ModelRequest, PromptMessage, PromptTool, ToolCallPart
from servers.chat.domain.sizes import MESSAGE_TOKENS, REPLY_TOKENS
from servers.chat.models.bodies import sealed
from soma_common.tokens import tokenizer_for

MAIN = ModelProfile("main", "custom", "main", "http://main/v1", 32_768, 4_096, tokenizer="o200k_base")
SPARE = replace(MAIN, profile_id="spare", window_tokens=8_192, max_output_tokens=1_024, tokenizer="cl100k_base")
LOOK_UP = PromptTool("look_up", "Looks a bird up.", {"type": "object"})
SAID = (PromptMessage("system", "You know birds."), PromptMessage("user", "What do herons eat? " * 20))
REQUEST = ModelRequest(MAIN, SAID, 2_000, input_tokens=123, tools=(LOOK_UP,), tool_choice="auto")
SO_FAR = "Herons eat fish, frogs and small mammals. "


def count(profile: ModelProfile, text: str) -> int:
    return tokenizer_for(profile.tokenizer).count(text)


async def test_the_model_of_the_request_gets_it_as_it_is() -> None:
    assert await call_for(REQUEST, MAIN, "") == sealed(REQUEST)
    uncounted = await call_for(replace(REQUEST, input_tokens=0), MAIN, "")
    assert uncounted is not None
    assert uncounted.input_tokens > sum(count(MAIN, message.content) for message in SAID)
    assert replace(uncounted, input_tokens=REQUEST.input_tokens) == sealed(REQUEST)


async def test_another_model_is_measured_with_its_own_tokenizer_and_limits() -> None:
    call = await call_for(replace(REQUEST, tools=()), SPARE, "")
    assert call is not None
    texts = sum(MESSAGE_TOKENS + count(SPARE, message.content) for message in SAID)
    assert (call.profile, call.input_tokens) == (SPARE, texts + REPLY_TOKENS)
    assert call.max_output_tokens == SPARE.max_output_tokens


async def test_what_is_written_counts_as_sent_and_as_said() -> None:
    plain, going_on = [await call_for(REQUEST, SPARE, so_far) for so_far in ("", SO_FAR)]
    assert plain is not None
    assert going_on is not None
    added = 2 * MESSAGE_TOKENS + count(SPARE, SO_FAR) + count(SPARE, instruction(SO_FAR))
    assert going_on.input_tokens == plain.input_tokens + added
    assert going_on.so_far == SO_FAR
    short = await call_for(replace(REQUEST, max_output_tokens=100), SPARE, SO_FAR)
    assert short is not None
    assert short.max_output_tokens == 100 - count(SPARE, SO_FAR)


async def test_where_all_is_written_nothing_is_left_to_ask_for() -> None:
    call = await call_for(replace(REQUEST, max_output_tokens=5), MAIN, SO_FAR)
    assert call is not None
    assert call.max_output_tokens == 0


async def test_a_window_without_room_for_an_answer_is_too_small() -> None:
    call = await call_for(REQUEST, SPARE, "")
    assert call is not None
    tight = replace(SPARE, window_tokens=call.input_tokens + LEAST_ANSWER_TOKENS)
    fits = await call_for(REQUEST, tight, "")
    assert fits is not None
    assert fits.max_output_tokens == LEAST_ANSWER_TOKENS
    assert await call_for(REQUEST, replace(tight, window_tokens=tight.window_tokens - 1), "") is None


@pytest.mark.parametrize(
    ("change", "goes"),
    [
        ({}, True),
        ({"tool_choice": "required"}, False),
        ({"tool_choice": "name:look_up"}, False),
        ({"tool_choice": "none"}, True),
        ({"messages": (*SAID, PromptMessage("assistant", "", (ToolCallPart("1", "look_up", "{}"),)))}, False),
        ({"tools": ()}, True),
    ],
)
async def test_who_cannot_call_tools_is_asked_without_where_that_is_the_same(
    change: dict[str, object], goes: bool
) -> None:
    call = await call_for(replace(REQUEST, **change), replace(SPARE, tools=False), "")  # type: ignore[arg-type]
    assert (call is not None) is goes
    if call is not None:
        assert (call.tools, call.tool_choice) == ((), None)
