"""How alike texts are, in whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soma_common.embedding import StaticEmbedder
from soma_common.embedding.likeness import Likeness

pytestmark = pytest.mark.unit

EMBEDDER = StaticEmbedder()
LIKENESS = Likeness(EMBEDDER)
TEXTS = (
    "the weather in Paris",
    "is it raining in France?",
    "merge the pull request",
    "Der Hund schläft.",
    "long " * 5000,
)


def of_floats(one: str, other: str) -> float:
    """The same cosine from the vectors of floats."""
    common = EMBEDDER.common_direction.astype(np.float64)
    rows = EMBEDDER.encode([one, other]).astype(np.float64)
    rest = rows - np.outer(rows @ common, common)
    return float(rest[0] @ rest[1] / (np.linalg.norm(rest[0]) * np.linalg.norm(rest[1])))


@pytest.mark.parametrize("one", TEXTS)
def test_likeness_is_the_cosine_without_what_all_texts_share(one: str) -> None:
    found = LIKENESS.similarities(LIKENESS.vector(one), [LIKENESS.vector(other) for other in TEXTS])
    assert found == pytest.approx([of_floats(one, other) for other in TEXTS], abs=1e-3)


def test_texts_of_one_subject_are_more_alike() -> None:
    vectors = [LIKENESS.vector(text) for text in TEXTS[:3]]
    same, near, far = LIKENESS.similarities(vectors[0], vectors)
    assert same == pytest.approx(1, abs=1e-4)
    assert near > far + 0.2


@pytest.mark.parametrize("text", ["", "你", " \n"])
def test_a_text_without_known_pieces_is_like_nothing(text: str) -> None:
    vector = LIKENESS.vector(text)
    assert not vector.any()
    assert LIKENESS.similarities(vector, [LIKENESS.vector("hello")]) == [0.0]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_every_sum_is_of_whole_numbers_so_its_order_does_not_matter(texts: list[str]) -> None:
    text = " ".join(texts)
    vector = LIKENESS.vector(text)
    assert np.array_equal(vector, np.rint(vector))
    assert np.abs(vector).max() <= 2**15
    other = LIKENESS.vector("the weather in Paris")
    exact = sum(int(a) * int(b) for a, b in zip(vector, other, strict=True))
    assert vector @ other == vector[::-1] @ other[::-1] == exact
