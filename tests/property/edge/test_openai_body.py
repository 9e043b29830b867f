"""Whatever stands in a chat completion's body, it is read or refused with a reason."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.openai_request import read_completion
from soma_common.kernel.errors import SomaError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """An object with any of these fields, each right or anything else; or no object."""
    return st.fixed_dictionaries({}, optional={name: value | ANYTHING for name, value in fields.items()}) | ANYTHING


FUNCTION = _some({"name": st.just("look"), "description": st.text(), "arguments": st.text(), "parameters": ANYTHING})
PART = _some({"type": st.sampled_from(["text", "refusal", "image_url"]), "text": st.text()})
CALL = _some({"id": st.text(max_size=4), "type": st.just("function"), "function": FUNCTION})
MESSAGE = _some(
    {
        "role": st.sampled_from(["user", "system", "assistant", "tool"]),
        "content": st.text() | st.lists(PART, max_size=3),
        "tool_calls": st.lists(CALL, max_size=2),
        "tool_call_id": st.text(max_size=4),
    }
)
BODY = st.fixed_dictionaries(
    {"model": st.just("soma"), "messages": st.lists(MESSAGE, max_size=3)},
    optional={
        "n": ANYTHING,
        "stop": ANYTHING,
        "seed": ANYTHING,
        "temperature": ANYTHING,
        "max_tokens": ANYTHING,
        "stream_options": ANYTHING,
        "logprobs": ANYTHING,
        "modalities": ANYTHING,
        "tools": st.lists(_some({"type": st.just("function"), "function": FUNCTION}), max_size=2) | ANYTHING,
        "tool_choice": _some({"type": st.just("function"), "function": FUNCTION}),
        "response_format": _some({"type": st.sampled_from(["text", "json_schema"]), "json_schema": ANYTHING}),
    },
)


@given(BODY)
def test_any_body(body: dict[str, Any]) -> None:
    try:
        sent = orjson.loads(orjson.dumps(body))
    except (TypeError, ValueError):
        return
    with suppress(SomaError):
        read_completion(sent)


@pytest.mark.parametrize("size", [65_536, 65_537, 200_000])
def test_a_long_text_arrives_whole(size: int) -> None:
    text = ("ä" * size)[: size // 2] + "b" * (size % 2)
    parts = [{"type": "text", "text": text}, {"type": "text", "text": "and this"}]
    for content, meant in ((text, text), (parts, f"{text}\nand this")):
        body = {"model": "soma", "messages": [{"role": "user", "content": content}]}
        (message,) = read_completion(body).request.transcript.messages
        assert "".join(part.text for part in message.content) == meant
        assert all(len(part.text.encode()) <= 65_536 for part in message.content)
