"""The static embedder: its formula, its sense of likeness, its edges."""

import hashlib
import json
import struct
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from soma_common.embedding import StaticEmbedder
from soma_common.embedding.table import read_table

pytestmark = pytest.mark.unit

DATA = Path(str(files("soma_common.embedding") / "data"))
EMBEDDER = StaticEmbedder()


def reference(text: str) -> npt.NDArray[np.float64]:
    """The formula of the data's own page, row by row: raw row times SIF weight, mean, unit length."""
    blob = (DATA / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", blob[:8])[0]
    header, body = json.loads(blob[8 : 8 + length]), blob[8 + length :]
    parts = {name: body[slice(*entry["data_offsets"])] for name, entry in header.items()}
    rows = np.frombuffer(parts["embeddings"], np.int8).reshape(-1, 256).astype(np.float64)
    weights = np.frombuffer(parts["weights"], np.float32).astype(np.float64)
    harmonic = (1 / (np.arange(len(weights)) + 2)).sum()
    sif = 1e-4 / (1e-4 + 1 / (np.arange(len(weights)) + 2) / harmonic)
    pieces = Tokenizer.from_file(str(DATA / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    raw = [rows[piece] * weights[piece] / sif[piece] * sif[piece] for piece in pieces if piece > 1]
    mean = np.mean(raw, axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.mark.parametrize(
    "text",
    [
        "The cat sat on the mat.",
        "Ünïcödé accents, naïve café!",
        "antidisestablishmentarianism",
        "我喜欢猫",
        "a a a a b",
    ],
)
def test_vectors_follow_the_formula(text: str) -> None:
    assert np.allclose(EMBEDDER.encode([text])[0], reference(text), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("My dog loves to run in the park", "The puppy plays outside on the grass", "Interest rates rose last quarter"),
        ("How do I reset my password?", "I cannot log in to my account", "The recipe needs two eggs and flour"),
        ("We fly to Lisbon in June", "Our trip to Portugal is this summer", "The database index is corrupted"),
        ("I am allergic to peanuts", "Nuts make me sick", "The train leaves at nine"),
    ],
)
def test_related_texts_are_nearer(text: str, near: str, far: str) -> None:
    base, one, other = EMBEDDER.encode([text, near, far])
    assert float(base @ one) > float(base @ other) + 0.1


def test_shape_and_version() -> None:
    vectors = EMBEDDER.encode(["one", "two words", ""])
    assert vectors.shape == (3, EMBEDDER.dimensions)
    assert vectors.dtype == np.float32
    assert EMBEDDER.encode([]).shape == (0, EMBEDDER.dimensions)
    digest = hashlib.sha256((DATA / "model.safetensors").read_bytes()).hexdigest()
    assert digest.startswith(EMBEDDER.version)
    assert "Apache-2.0" in (DATA / "NOTICE.txt").read_text()


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "[PAD]", "[UNK] [PAD]", "x" * 500])
def test_a_text_without_known_pieces_has_a_row_of_zeros(text: str) -> None:
    assert not EMBEDDER.encode([text]).any()


@given(st.text(max_size=80))
def test_rows_have_length_one_or_zero(text: str) -> None:
    length = float(np.linalg.norm(EMBEDDER.encode([text])[0]))
    assert length == 0 or abs(length - 1) < 1e-5


def test_case_and_accents_do_not_matter() -> None:
    one, other = EMBEDDER.encode(["CAFÉ au LAIT", "cafe au lait"])
    assert np.array_equal(one, other)


def test_it_is_quick_and_takes_long_texts() -> None:
    texts = [f"the quick brown fox number {n} jumps over the lazy dog" for n in range(2_000)]
    start = time.perf_counter()
    EMBEDDER.encode(texts)
    EMBEDDER.encode(["word " * 200_000])
    assert time.perf_counter() - start < 5


def test_a_broken_table_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "model.safetensors"
    broken.write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match="not a safetensors file"):
        read_table(broken)
