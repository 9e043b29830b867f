"""How relevant each tool is to what was said: its words, what they mean, and how alike the texts are.

Nothing here embeds a text; how alike texts are is handed in. Relevance is absolute, 0-1, because AIQ counts only tools
above a floor:

    relevance = 1 − (1 − alike · focus) · Π over terms t of the query of (1 − strength(t) · specificity(t) · focus)
      strength      0.60 in the name, 0.35 in a parameter's name, 0.30 in the description, the strongest counts; half of
                    it where only a sense is shared, as by "mail" and "inbox"
      specificity   1 − 0.8 · log₁₀₀(tools that share t), at least 0.2: what fits every tool does not tell one
      focus         min(1, √(12 / terms of the query)): in a long text any tool finds a word by chance
      alike         0.7 · (similarity − 0.2) / 0.8, at least 0

The numbers were chosen by the labelled queries in `bench/ranking`; decision 0041 says how far each set of them may be
trusted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Final, TypeAlias

from servers.governor.domain.request import ToolCandidate
from servers.governor.domain.terms import asked_terms, terms

NAME: Final = 0.60
PARAMETER: Final = 0.35
DESCRIPTION: Final = 0.30
SHARED_SENSE: Final = 0.5
LEAST_SPECIFICITY: Final = 0.2
FOCUSED_QUERY_TERMS: Final = 12
ALIKE: Final = 0.7
# Any two texts are as alike as this.
UNLIKE: Final = 0.2
# A long query is read at both its ends: the question stands at one of them.
QUERY_END_CHARACTERS: Final = 2048
# What a tool is for stands at the beginning of its description.
DESCRIPTION_CHARACTERS: Final = 1024

ToolText: TypeAlias = tuple[str, str, tuple[str, ...]]
Strengths: TypeAlias = Mapping[str | int, float]


@dataclass(frozen=True, slots=True)
class _Index:
    """Who has each term (by its text) and each sense (by its number), and how strongly."""

    postings: Mapping[str | int, Sequence[tuple[int, float]]]
    count: int

    def sharing(self, term: str, senses: Iterable[int]) -> Mapping[int, float]:
        """The tools that share a term or one of its senses, with their strengths."""
        found = dict(self.postings.get(term, ()))
        for sense in senses:
            for tool, strength in self.postings.get(sense, ()):
                found[tool] = max(found.get(tool, 0.0), SHARED_SENSE * strength)
        return found


def read_ends(query: str) -> str:
    """The query, or its beginning and its end when it is long."""
    if len(query) <= 2 * QUERY_END_CHARACTERS:
        return query
    return f"{query[:QUERY_END_CHARACTERS]} {query[-QUERY_END_CHARACTERS:]}"


def text_of(tool: ToolCandidate) -> ToolText:
    """What is read of a tool."""
    return tool.name, tool.description[:DESCRIPTION_CHARACTERS], tool.parameter_names


def relevances(tools: Sequence[ToolCandidate], query: str, similarities: Sequence[float] = ()) -> list[float]:
    """The relevance of each tool to the query, 0-1; without similarities by words and senses only."""
    asked = asked_terms(read_ends(query))
    focus = min(1.0, sqrt(FOCUSED_QUERY_TERMS / len(asked))) if asked else 1.0
    index = _index(tuple(text_of(tool) for tool in tools))
    missed = [1.0 - ALIKE * max(0.0, (value - UNLIKE) / (1.0 - UNLIKE)) * focus for value in similarities]
    missed = missed or [1.0] * index.count
    for term in sorted(asked):  # the last bit of a product depends on its order
        found = index.sharing(term, asked[term])
        if found:
            weight = _specificity(len(found)) * focus
            for tool, strength in found.items():
                missed[tool] *= 1.0 - strength * weight
    return [1.0 - value for value in missed]


def _specificity(users: int) -> float:
    return max(LEAST_SPECIFICITY, 1.0 - (1.0 - LEAST_SPECIFICITY) * log(users) / log(100))


@lru_cache(maxsize=32)
def _index(texts: tuple[ToolText, ...]) -> _Index:
    """The index of a set of tools; sets repeat from turn to turn."""
    postings: dict[str | int, list[tuple[int, float]]] = {}
    for number, text in enumerate(texts):
        for key, strength in _strengths(*text).items():
            postings.setdefault(key, []).append((number, strength))
    return _Index(postings, len(texts))


@lru_cache(maxsize=4096)
def _strengths(name: str, description: str, parameter_names: tuple[str, ...]) -> Strengths:
    """Each term and each sense of a tool with the strength of its strongest field."""
    found: dict[str | int, float] = {}
    for text, strength in ((description, DESCRIPTION), (" ".join(parameter_names), PARAMETER), (name, NAME)):
        found.update(dict.fromkeys(_keys(text), strength))
    return found


def _keys(text: str) -> Iterator[str | int]:
    for term, senses in terms(text).items():
        yield term
        yield from senses
