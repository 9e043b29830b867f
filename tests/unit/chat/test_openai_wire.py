"""What a provider may send that is no chunk as the API has it, and what becomes of it."""

from typing import Any

import pytest

from servers.chat.adapters.openai_wire import ChunkReader, DataLines
from servers.chat.domain.model import (
    ModelProfile,
    ModelRequest,
    PromptMessage,
    PromptTool,
    ReasoningChunk,
    StreamBegin,
    StreamEnd,
    StreamItem,
    TextChunk,
    ToolCallPart,
)
from servers.chat.domain.request_body import request_body


def _delta(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


def _read(*chunks: dict[str, Any]) -> list[StreamItem]:
    """What the chunks say, after the one word that it begins."""
    reader = ChunkReader()
    items = [item for chunk in chunks for item in reader.read(chunk)]
    assert isinstance(items[0], StreamBegin)
    return [*items[1:], *reader.finish()]


def _call(**fragment: Any) -> dict[str, Any]:
    return _delta(tool_calls=[fragment])


def test_a_name_is_on_the_wire_as_providers_allow_it_wherever_it_stands() -> None:
    said = PromptMessage("assistant", "", (ToolCallPart("c1", "time.now", "{}"),))
    body = _asked(messages=(said,), tools=(PromptTool("time.now", "", {}),), tool_choice="name:time.now")
    (asked,) = body["messages"][0]["tool_calls"]
    offered, chosen = body["tools"][0]["function"], body["tool_choice"]["function"]
    assert {asked["function"]["name"], offered["name"], chosen["name"]} == {"time_now"}


def test_the_character_that_no_database_keeps_is_replaced() -> None:
    text, reasoning, call, _ = _read(
        _delta(content="a\x00b"),
        _delta(reasoning_content="c\x00d"),
        _call(index=0, id="e\x00", function={"name": "f\x00", "arguments": '"\x00"'}),
    )
    assert text == TextChunk("a\ufffdb")
    assert reasoning == ReasoningChunk("c\ufffdd")
    assert call == ToolCallPart("e\ufffd", "f\ufffd", '"\ufffd"')


@pytest.mark.parametrize("figure", [-1, 2**31, 10**12, 1e300])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_a_usage_that_nobody_can_have_had_is_none(name: str, figure: float) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, name: figure}
    (end,) = _read({"choices": [], "usage": usage})
    assert isinstance(end, StreamEnd)
    assert end.usage is None


def test_parts_of_a_usage_that_exceed_the_whole_are_cut_to_it() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": -3}, "completion_tokens_details": {"reasoning_tokens": 900}}
    (end,) = _read({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5, **details}})
    assert isinstance(end, StreamEnd)
    assert end.usage is not None
    assert (end.usage.cached_input_tokens, end.usage.reasoning_tokens) == (0, 5)


def test_arguments_may_come_as_an_object() -> None:
    call, _ = _read(_call(index=0, id="c", function={"name": "look", "arguments": {"a": 1}}))
    assert call == ToolCallPart("c", "look", '{"a":1}')


@pytest.mark.parametrize(
    "fragment",
    [
        {"index": [], "id": "c", "function": {"name": "look"}},
        {"index": "0", "id": "c", "function": {"name": "look"}},
        {"index": 0, "id": 5, "function": {"name": "look"}},
        {"index": 0, "id": "c", "function": {"name": 5}},
        {"index": 0, "id": "c", "function": {"name": "look", "arguments": 5}},
        {"index": 0, "id": "c", "function": "look"},
        {"index": 0, "id": "c"},
    ],
)
def test_a_call_that_is_none_breaks_the_protocol_and_nothing_else(fragment: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        _read(_call(**fragment))


@pytest.mark.parametrize("logprob", [1000.0, 1e308])
def test_a_probability_above_one_counts_as_one(logprob: float) -> None:
    (end,) = _read({"choices": [{"delta": {}, "logprobs": {"content": [{"logprob": logprob}]}}]})
    assert isinstance(end, StreamEnd)
    assert end.confidence == 1.0


STREAM = b': hello\r\n\r\ndata: {"a":1}\r\n\r\nevent: x\ndata:{"b":2}\n\ndata: \ndata: [DONE]\n\ndata: {"late":3}\n'


@pytest.mark.parametrize("size", [1, 2, 7, 13, 4096])
def test_lines_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    lines = DataLines()
    blocks = [STREAM[begin : begin + size] for begin in range(0, len(STREAM), size)]
    found = [data for block in blocks if not lines.done for data in lines.feed(block)]
    assert found == [b'{"a":1}', b'{"b":2}']
    assert lines.done


def test_a_line_that_has_no_end_yet_is_kept_and_measured() -> None:
    lines = DataLines()
    assert lines.feed(b"data: {") == []
    assert lines.waiting_bytes == 7
    assert lines.feed(b"}\n") == [b"{}"]
    assert lines.waiting_bytes == 0
    assert not lines.done


def _asked(**wishes: Any) -> dict[str, Any]:
    profile = ModelProfile("p", "other", "m", "http://127.0.0.1:1", 1000, 100)
    fields = {"messages": (PromptMessage("user", "hi"),)} | wishes
    return request_body(ModelRequest(profile, max_output_tokens=10, **fields))


def test_what_is_not_wished_is_not_sent() -> None:
    assert sorted(_asked()) == ["max_tokens", "messages", "model", "stream", "stream_options"]
    # The provider refuses it without tools.
    assert "parallel_tool_calls" not in _asked(parallel_tool_calls=False)


def test_every_wish_is_sent_in_the_providers_words() -> None:
    tool = PromptTool("look", "Looks.", {"type": "object"}, strict=True)
    body = _asked(
        tools=(tool,),
        tool_choice="name:look",
        parallel_tool_calls=False,
        presence_penalty=0.0,
        frequency_penalty=-1.5,
        reasoning_effort="low",
        stop=("END",),
        response_format="json_schema",
        json_schema={"name": "a", "schema": {"type": "object"}, "strict": True},
    )
    assert body["tools"][0]["function"]["strict"] is True
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert body["parallel_tool_calls"] is False
    assert (body["presence_penalty"], body["frequency_penalty"], body["reasoning_effort"]) == (0.0, -1.5, "low")
    assert body["stop"] == ["END"]
    assert body["response_format"]["json_schema"] == {"name": "a", "schema": {"type": "object"}, "strict": True}


def test_a_model_that_declines_is_heard() -> None:
    text, end = _read(_delta(refusal="I cannot help with that."))
    assert text == TextChunk("I cannot help with that.")
    assert isinstance(end, StreamEnd)
