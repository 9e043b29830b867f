"""Turns texts into vectors with the static table: the weighted mean of their word pieces, of length one.

Nothing here knows memories, tools or an index.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from soma_common.embedding.table import Table, read_table

_DATA: Final = Path(str(files("soma_common.embedding") / "data"))
# [PAD] and [UNK] say nothing about a text.
_FIRST_PIECE: Final = 2


class StaticEmbedder:
    """256 dimensions, cosine space, tens of thousands of short texts a second. Loads on first use (20 ms, 10 MB)."""

    name: Final = "static-minilm-256"
    # The first 12 hex digits of the SHA-256 of the table: a vector is comparable only with those of its own version.
    version: Final = "227343b505c1"
    dimensions: Final = 256

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit rows, float32 [len(texts), 256].

        A text without any known word piece has a row of zeros: it is like nothing, callers skip it.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        table = self.table
        for row, text in enumerate(texts):
            pieces = self.pieces(text)
            if not pieces:
                continue
            # Each piece once with its count: a long text needs no more room than the table has rows.
            numbers, counts = np.unique(np.asarray(pieces, dtype=np.intp), return_counts=True)
            total = (table.weights[numbers] * counts.astype(np.float32)) @ table.embeddings[numbers].astype(np.float32)
            length = float(np.linalg.norm(total))
            if length > 0:
                vectors[row] = total / length
        return vectors

    @cached_property
    def common_direction(self) -> npt.NDArray[np.float32]:
        """The direction that all texts share, a unit vector [256]: the mean of the pieces by how often they are used.

        The table is not centred, so any two texts are alike along it: two unit vectors a, b that have nothing else in
        common have a cosine near (a·c)(b·c), c being this direction. Piece frequencies follow Zipf's law of the table.
        """
        table = self.table
        frequency = 1.0 / (np.arange(len(table.weights), dtype=np.float32) + 2.0)
        mean = (frequency * table.weights) @ table.embeddings.astype(np.float32)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def pieces(self, text: str) -> list[int]:
        """The numbers of the text's word pieces, in its order."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return [number for number in encoded.ids if number >= _FIRST_PIECE]

    def vocabulary(self) -> list[str]:
        """The word pieces by number; those inside a word begin with ##."""
        by_piece = self._tokenizer.get_vocab()
        return sorted(by_piece, key=by_piece.__getitem__)

    @cached_property
    def table(self) -> Table:
        """The rows of all word pieces."""
        return read_table(_DATA / "model.safetensors")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(_DATA / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
