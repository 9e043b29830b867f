"""What the model upstream refuses, as a strict provider does."""

from typing import Any

import pytest

from soma_common.testing.upstream.validation import problem_of

USER = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "seen"}


def body(*messages: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages) or [USER], **options}


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize(
    "request_body",
    [
        body(),
        body(USER, CALLING, RESULT),
        body({"role": "user", "content": [{"type": "text", "text": "hi"}]}),
        body(temperature=0.7, top_p=1, max_tokens=5, stop=["a"], tools=[tool("look")], tool_choice="auto"),
        body(stream=True, stream_options={"include_usage": True}),
    ],
)
def test_a_proper_request_has_no_problem(request_body: dict[str, Any]) -> None:
    assert problem_of(request_body) is None


@pytest.mark.parametrize(
    ("request_body", "param"),
    [
        ("not json", "body"),
        ({"messages": [USER]}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        (body({"role": "robot", "content": "hi"}), "messages[0].role"),
        (body({"role": "user", "content": 3}), "messages[0].content"),
        (body({"role": "user"}), "messages[0].content"),
        (body(USER, RESULT), "messages[1].tool_call_id"),
        (body(USER, CALLING, USER), "messages[2]"),
        (body(USER, CALLING), "messages"),
        (body(temperature=2.5), "temperature"),
        (body(temperature=True), "temperature"),
        (body(max_tokens=0), "max_tokens"),
        (body(stop=list("abcde")), "stop"),
        (body(stream_options={"include_usage": True}), "stream_options"),
        (body(tool_choice="auto"), "tool_choice"),
        (body(tools=[]), "tools"),
        (body(tools=[tool("memory.recall")]), "tools[0].function.name"),
        (body(tools=[tool("look"), tool("look")]), "tools[1].function.name"),
    ],
)
def test_the_first_problem_is_named(request_body: Any, param: str) -> None:
    problem = problem_of(request_body)
    assert problem is not None
    assert problem.param == param
