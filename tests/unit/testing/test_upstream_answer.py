"""Answers of the model upstream and their form on the wire."""

import json
from typing import Any

from soma_common.testing.upstream import Script, ToolCall, UsageFigures
from soma_common.testing.upstream.answer import Answer, answer_to
from soma_common.testing.upstream.chunks import ChunkForm, completion, tool_fragments
from soma_common.testing.upstream.text import simple_count

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("look", "listen")]
CALLS = (ToolCall("look", '{"at":"sky"}'), ToolCall("listen", '{"to":"rain"}'))


def answer(script: Script, **options: Any) -> Answer:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **options}
    return answer_to(script, body, json.dumps(body).encode(), {"traceparent": "00-ab-cd-01"}, simple_count)


def test_the_same_request_gets_the_same_answer() -> None:
    assert answer(Script()) == answer(Script())
    assert answer(Script()).text != answer(Script(seed=1)).text
    assert answer(Script()).text != answer(Script(), user="other").text


def test_the_token_limit_is_kept_and_named() -> None:
    cut = answer(Script(text="one two three four"), max_tokens=3)
    assert (cut.text, cut.finish_reason, cut.usage.completion_tokens) == ("one two three", "length", 3)
    assert answer(Script(reasoning_chunks=50), max_completion_tokens=5).pieces == ()


def test_an_echo_tells_what_was_received() -> None:
    facts = json.loads(answer(Script(echo=True), temperature=0.3, tools=TOOLS).text)
    assert facts["last_user"] == "hello"
    assert facts["tools"] == ["look", "listen"]
    assert facts["options"] == {"temperature": 0.3}
    assert facts["traceparent"] == "00-ab-cd-01"
    assert facts["prompt_tokens"] == answer(Script(echo=True), temperature=0.3, tools=TOOLS).usage.prompt_tokens


def test_only_offered_tools_are_called_unless_the_script_insists() -> None:
    assert answer(Script(tool_calls=CALLS)).tool_calls == ()
    offered = answer(Script(tool_calls=CALLS), tools=TOOLS[:1])
    assert [call.name for call in offered.tool_calls] == ["look"]
    assert (offered.finish_reason, offered.text) == ("tool_calls", "")
    insisting = answer(Script(tool_calls=(ToolCall("ghost", unoffered=True),)), tools=TOOLS)
    assert [call.name for call in insisting.tool_calls] == ["ghost"]


def test_tools_are_not_called_again_after_their_result() -> None:
    after = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "seen"},
    ]
    assert answer(Script(tool_calls=CALLS), tools=TOOLS, messages=after).tool_calls == ()
    assert len(answer(Script(tool_calls=CALLS, calls_once=False), tools=TOOLS, messages=after).tool_calls) == 2


def test_fragments_join_to_the_arguments() -> None:
    for interleave in (False, True):
        joined: dict[int, str] = {0: "", 1: ""}
        order = []
        for fragment in tool_fragments(CALLS, interleave=interleave):
            joined[fragment["index"]] += fragment["function"]["arguments"]
            order.append(fragment["index"])
        assert [joined[0], joined[1]] == [call.arguments for call in CALLS]
        assert (order == sorted(order)) is not interleave


def test_chunks_say_what_the_whole_completion_says() -> None:
    given = answer(Script(chunks=5, reasoning_chunks=2, usage=UsageFigures(3, 4)))
    form = ChunkForm(given, 1, include_usage=True, logprobs=True)
    events = [json.loads(chunk.removeprefix(b"data: ")) for chunk, _ in form.chunks()]
    whole = json.loads(completion(given, 1, logprobs=True, report_usage=True))
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "".join(given.reasoning)
    assert all(event["usage"] is None for event in events)
    usage = form.usage()
    assert usage is not None
    assert json.loads(usage.removeprefix(b"data: "))["usage"] == whole["usage"]
    assert whole["usage"]["total_tokens"] == 7
