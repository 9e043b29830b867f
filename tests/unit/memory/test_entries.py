"""Entries come back from their bytes as they were, and nothing else is taken for one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.memory.domain.memory import Kind
from servers.memory.indexing.entries import decode, decode_vector, encode, encode_vector
from servers.memory.view.entry import Entry, Trait

HASH = st.integers(-(2**63), 2**63 - 1)
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def entry(terms: dict[int, int], **fields: Any) -> Entry:
    return Entry(
        memory_id=UUID(int=1),
        kind=Kind.EPISODIC,
        learn_time=NOW,
        valid_from=NOW,
        terms=np.array(list(terms), dtype=np.int64),
        frequencies=np.array(list(terms.values()), dtype=np.uint16),
        **fields,
    )


@given(
    st.dictionaries(HASH, st.integers(1, 65_535), max_size=40),
    st.lists(HASH, max_size=5),
    st.lists(HASH, max_size=5),
    st.integers(0, 31),
)
def test_an_entry_comes_back_as_it_was(terms: dict[int, int], names: list[int], pairs: list[int], traits: int) -> None:
    seen = decode(encode(entry(terms, names=tuple(names), metadata=tuple(pairs), traits=Trait(traits))))
    assert seen.terms.tolist() == list(terms)
    assert seen.frequencies.tolist() == list(terms.values())
    assert (seen.names, seen.metadata, seen.traits) == (tuple(names), tuple(pairs), Trait(traits))


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 17, -1])
def test_bytes_that_are_cut_off_are_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="these bytes"):
        decode(encode(entry({1: 3, 2: 4}))[:cut])


def test_bytes_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match="no entry of this format"):
        decode(b"\x02" + encode(entry({1: 1}))[1:])


def test_a_vector_keeps_its_direction_and_none_stays_none() -> None:
    vector = np.random.default_rng(1).standard_normal(256).astype(np.float32)
    seen = decode_vector(encode_vector(vector))
    assert seen is not None
    cosine = float(vector @ seen) / float(np.linalg.norm(vector) * np.linalg.norm(seen))
    assert cosine == pytest.approx(1.0, abs=1e-3)
    assert decode_vector(encode_vector(None)) is None
