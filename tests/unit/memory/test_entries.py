"""Entries come back from their bytes as they were, and nothing else is taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.memory.indexing.entries import Content, decode, decode_vector, encode, encode_vector

HASH = st.integers(-(2**63), 2**63 - 1)


@given(
    st.dictionaries(HASH, st.integers(1, 65_535), max_size=40),
    st.lists(HASH, max_size=5),
    st.lists(HASH, max_size=5),
    st.integers(0, 255),
)
def test_an_entry_comes_back_as_it_was(terms: dict[int, int], names: list[int], pairs: list[int], traits: int) -> None:
    hashes = np.array(list(terms), dtype=np.int64)
    counts = np.array(list(terms.values()), dtype=np.uint16)
    seen = decode(encode(Content(hashes, counts, tuple(names), tuple(pairs), traits)))
    assert seen.terms.tolist() == list(terms)
    assert seen.frequencies.tolist() == list(terms.values())
    assert (seen.names, seen.metadata, seen.traits) == (tuple(names), tuple(pairs), traits)


def test_a_word_said_more_often_than_can_be_counted_is_counted_as_often_as_can_be() -> None:
    content = Content(np.array([7], dtype=np.int64), np.array([70_000], dtype=np.uint32))  # type: ignore[arg-type]
    assert decode(encode(content)).frequencies.tolist() == [65_535]


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 17, -1])
def test_bytes_that_are_cut_off_are_refused(cut: int) -> None:
    whole = encode(Content(np.array([1, 2], dtype=np.int64), np.array([3, 4], dtype=np.uint16)))
    with pytest.raises(ValueError, match="these bytes"):
        decode(whole[:cut])


def test_bytes_of_another_format_are_refused() -> None:
    whole = encode(Content(np.array([1], dtype=np.int64), np.array([1], dtype=np.uint16)))
    with pytest.raises(ValueError, match="no entry of this format"):
        decode(b"\x02" + whole[1:])


def test_more_pairs_than_an_entry_holds_are_refused() -> None:
    none = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="at most 65535"):
        encode(Content(none, none.astype(np.uint16), metadata=tuple(range(65_536))))


def test_a_vector_keeps_its_direction() -> None:
    vector = np.random.default_rng(1).standard_normal(256).astype(np.float32)
    vector /= np.linalg.norm(vector)
    assert float(vector @ decode_vector(encode_vector(vector))) == pytest.approx(1.0, abs=1e-3)
