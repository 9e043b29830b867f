"""The seam of an answer that two calls wrote: whatever is repeated at it stands there once, and nothing is lost."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from servers.chat.domain.continuing import ANCHOR_CHARACTERS, LEAST_OVERLAP, Seam, anchor, instruction, repeated

# Words that are all different: what is the same at two places of it was repeated.
DISTINCT = st.integers(0, 10_000).flatmap(
    lambda first: st.lists(st.sampled_from([" ", ". ", ",\n", "\n\n", "é ", "—"]), min_size=1, max_size=40).map(
        lambda parts: "".join(f"w{(first + number) * 7919 % 104729:x}{part}" for number, part in enumerate(parts))
    )
)
LETTERS = st.sampled_from("ab ,\n0漢")
# Text that repeats itself as well: a table of numbers, a refrain.
ANY = st.text(LETTERS, min_size=1, max_size=300) | st.builds(
    lambda unit, times, end: unit * times + end,
    st.text(LETTERS, min_size=1, max_size=9),
    st.integers(10, 60),
    st.text(LETTERS, max_size=20),
)
PIECES = st.lists(st.integers(1, 30), min_size=1, max_size=30)


def streamed(so_far: str, continuation: str, sizes: list[int]) -> str:
    """The whole answer, the continuation coming in pieces of these sizes."""
    seam, told, position = Seam(so_far), [so_far], 0
    for size in (*sizes, len(continuation) + 1):
        told.append(seam.feed(continuation[position : position + size]))
        position += size
    told.append(seam.rest())
    return "".join(told)


@given(text=ANY, place=st.integers(0, 300), sizes=PIECES)
def test_a_model_that_does_as_it_is_told_joins_any_text_exactly(text: str, place: int, sizes: list[int]) -> None:
    so_far = text[:place]
    begin = so_far.rstrip().rfind(anchor(so_far)) if anchor(so_far) else len(so_far)
    assert streamed(so_far, text[begin:], sizes) == text


@given(text=DISTINCT, place=st.integers(0, 400), back=st.integers(0, 400), sizes=PIECES)
def test_whatever_is_repeated_of_the_end_stands_there_once(text: str, place: int, back: int, sizes: list[int]) -> None:
    so_far = text[:place]
    back = min(back, len(so_far))
    core = len(so_far.rstrip())
    kept = core - (len(so_far) - back)
    # A few letters are no repetition: they may well be meant. What is repeated reaches the last word.
    assume(back == 0 or kept >= LEAST_OVERLAP or back == len(so_far))
    assume(not so_far.strip() or back == 0 or so_far[len(so_far) - back :].strip())
    assert streamed(so_far, text[len(so_far) - back :], sizes) == text


@given(text=DISTINCT, place=st.integers(0, 400), space=st.sampled_from(["\n", " ", "\n\n"]), sizes=PIECES)
def test_white_space_before_what_is_repeated_does_not_hide_it(
    text: str, place: int, space: str, sizes: list[int]
) -> None:
    so_far = text[:place]
    assume(so_far.strip())
    assert streamed(so_far, space + text, sizes) == text


@given(text=DISTINCT, place=st.integers(0, 400), sizes=PIECES)
def test_what_repeats_nothing_passes_whole(text: str, place: int, sizes: list[int]) -> None:
    assert streamed(text[:place], text[place:], sizes) == text


@given(so_far=ANY, continuation=ANY, sizes=PIECES)
def test_how_it_comes_in_pieces_changes_nothing(so_far: str, continuation: str, sizes: list[int]) -> None:
    whole = streamed(so_far, continuation, sizes)
    assert whole == so_far + continuation[repeated(so_far, continuation) :]
    assert whole.startswith(so_far)


def test_a_beginning_anew_that_goes_another_way_leaves_its_common_words_out() -> None:
    so_far = "Herons eat fish, frogs and small mammals. They hunt at daw"
    anew = "Herons eat fish, frogs and small mammals. They wait without moving."
    assert streamed(so_far, anew, [5] * 20) == f"{so_far}wait without moving."


@pytest.mark.parametrize(
    ("so_far", "continuation", "whole"),
    [
        ("I like the cat and the do", "g very much.", "I like the cat and the dog very much."),
        ("It is very", " very good.", "It is very very good."),
        ("The", "The heron eats.", "The heron eats."),
        ("one\n\n", "\n\ntwo", "one\n\n\n\ntwo"),
        ("   ", "word", "   word"),
        ("", "word", "word"),
    ],
)
def test_seams_as_models_make_them(so_far: str, continuation: str, whole: str) -> None:
    assert streamed(so_far, continuation, [1] * 40) == whole


def test_the_anchor_begins_with_a_whole_word_and_is_short() -> None:
    text = "It was a long sentence with many words in it, " * 5
    mark = anchor(text)
    assert len(mark) <= ANCHOR_CHARACTERS
    assert text.rstrip().endswith(f" {mark}")
    assert mark in instruction(text)
