"""How alike tools and what was said are, by the built-in embedder: what the planner cannot compute, for it is pure.

Equal texts give equal numbers on every machine, so a plan can be made again. What they weigh stands in
`domain/relevance.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from servers.governor.domain.relevance import ToolText, read_ends, text_of
from servers.governor.domain.request import PlanRequest, ToolCandidate
from servers.governor.domain.words import split_words
from soma_common.embedding import StaticEmbedder
from soma_common.embedding.likeness import Likeness, Vector

_KEPT_TOOLS: Final = 4096
_KEPT_SETS: Final = 32


class ToolSimilarity:
    """Compares tools with a query; vectors of tools are kept by what is read of them, for tools repeat."""

    def __init__(self, likeness: Likeness | None = None) -> None:
        self._likeness = likeness or Likeness(StaticEmbedder())
        self._vector = lru_cache(_KEPT_TOOLS)(self._new_vector)
        self._matrix = lru_cache(_KEPT_SETS)(self._new_matrix)

    def added_to(self, request: PlanRequest) -> PlanRequest:
        """The request with the similarity of each of its tools."""
        tools = request.candidates.tools
        if not tools:
            return request
        found = tuple(self.similarities(tools, request.query))
        return replace(request, candidates=replace(request.candidates, tool_similarities=found))

    def similarities(self, tools: Sequence[ToolCandidate], query: str) -> list[float]:
        """The similarity of each tool and the query, −1 to 1."""
        said = self._likeness.vector(read_ends(query))
        return self._likeness.similarities(said, self._matrix(tuple(text_of(tool) for tool in tools)))

    def load(self) -> None:
        """Load what the first comparison would load."""
        self._likeness.load()

    def _new_matrix(self, texts: tuple[ToolText, ...]) -> npt.NDArray[np.float64]:
        return np.stack([self._vector(*text) for text in texts])

    def _new_vector(self, name: str, description: str, parameter_names: tuple[str, ...]) -> Vector:
        said = " ".join(split_words(" ".join(parameter_names)))
        return self._likeness.vector(f"{' '.join(split_words(name))}. {description} {said}")
