"""The words of the model upstream: varied, repeatable, countable."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from soma_common.testing.upstream.text import (
    limited,
    prompt_tokens,
    simple_count,
    split_text,
    until_stop,
    varied_pieces,
)


@given(st.integers(0, 1000), st.text(max_size=20), st.integers(0, 300))
def test_varied_text_never_repeats_a_neighbour_and_is_repeatable(seed: int, request: str, count: int) -> None:
    pieces = varied_pieces(seed, request, count)
    assert len(pieces) == count
    assert pieces == varied_pieces(seed, request, count)
    plain = [piece.strip(" .").lower() for piece in pieces]
    assert all(left != right for left, right in itertools.pairwise(plain))


def test_varied_text_differs_by_seed_and_by_request() -> None:
    texts = {"".join(varied_pieces(seed, request, 30)) for seed in range(5) for request in ("a", "b")}
    assert len(texts) == 10


@given(st.text(max_size=200), st.integers(1, 50))
def test_split_text_joins_again(text: str, count: int) -> None:
    pieces = split_text(text, count)
    assert "".join(pieces) == text
    assert len(pieces) <= count
    assert all(pieces)


def test_split_text_gives_as_many_pieces_as_asked_for() -> None:
    assert split_text("one two three four", 4) == ["one", " two", " three", " four"]
    assert len(split_text("abcdef", 3)) == 3


def test_limited_keeps_what_fits() -> None:
    assert limited(["one", " two", " three"], simple_count, 2) == (["one", " two"], 2, True)
    assert limited(["one", " two"], simple_count, None) == (["one", " two"], 2, False)


def test_a_stop_sequence_cuts_also_across_pieces() -> None:
    assert "".join(until_stop(["one tw", "o three"], ["two"])) == "one "
    assert until_stop(["one", " two"], ["x"]) == ["one", " two"]


def test_prompt_tokens_count_text_tools_and_framing() -> None:
    body = {"messages": [{"role": "user", "content": "one two"}]}
    plain = prompt_tokens(body, simple_count)
    assert plain == 3 + 3 + 2
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "one two"}]}]}
    assert prompt_tokens(parts, simple_count) == plain
    tool = {"type": "function", "function": {"name": "look", "description": "Looks around."}}
    assert prompt_tokens({**body, "tools": [tool]}, simple_count) == plain + simple_count("look Looks around.")
