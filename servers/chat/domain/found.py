"""What was found in texts: how well it fits, and the place that is shown. Pure.

Nothing here knows a store or how candidates were found.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from servers.chat.domain.words import Occurrence, Wanted, occurrences, words_of

LONGEST_SNIPPET: Final = 240
# BM25 (Robertson and Zaragoza, 2009): how soon repeats stop counting, and how much a long text is held against itself.
_K1: Final = 1.2
_B: Final = 0.75
_USUAL_WORDS: Final = 120.0
# What is a month old counts three quarters of what is new; the oldest half.
_HALF_LIFE_DAYS: Final = 30.0
_AGELESS_SHARE: Final = 0.5
_BEFORE_MATCH: Final = 48
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text with the words that were found in it, as spans of characters, `end` exclusive."""

    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much each word of a query says: of `messages` messages, `frequencies` have them."""

    messages: int
    frequencies: tuple[int, ...]

    def weights(self) -> tuple[float, ...]:
        """One weight a word; a rare one weighs more."""
        return tuple(math.log1p((max(self.messages, n) - n + 0.5) / (n + 0.5)) for n in self.frequencies)


def matches(text: str, wanted: Sequence[Wanted]) -> bool:
    """Whether every word occurs."""
    there = frozenset(words_of(text))
    return all(each.word in there if not each.is_prefix else any(map(each.fits, there)) for each in wanted)


def score(text: str, wanted: Sequence[Wanted], weights: Sequence[float], age_days: float) -> float:
    """How well a text fits: BM25, by how new it is."""
    there = Counter(words_of(text))
    counts = [
        sum(amount for word, amount in there.items() if each.fits(word)) if each.is_prefix else there[each.word]
        for each in wanted
    ]
    saturation = _K1 * (1 - _B + _B * there.total() / _USUAL_WORDS)
    fit = sum(weight * count * (_K1 + 1) / (count + saturation) for weight, count in zip(weights, counts, strict=True))
    age = max(0.0, age_days)
    return fit * (_AGELESS_SHARE + (1 - _AGELESS_SHARE) * math.exp2(-age / _HALF_LIFE_DAYS))


def snippet(text: str, wanted: Sequence[Wanted]) -> Snippet:
    """The part of a text in which most of the words are close together, or its beginning."""
    hits = [found for found in occurrences(text) if any(word.fits(found.word) for word in wanted)]
    room = LONGEST_SNIPPET - 2 * len(_CUT)
    start = max(0, _best_start(hits, room) - _BEFORE_MATCH) if len(text) > LONGEST_SNIPPET else 0
    start = _word_border(text, start)
    end = start + room if start or len(text) > LONGEST_SNIPPET else len(text)
    before, after = _CUT if start else "", _CUT if end < len(text) else ""
    body = "".join(" " if character.isspace() else character for character in text[start:end])
    shift = len(before) - start
    spans = _joined([(hit.start + shift, hit.end + shift) for hit in hits if start <= hit.start and hit.end <= end])
    return Snippet(before + body + after, spans)


def _best_start(hits: Sequence[Occurrence], room: int) -> int:
    """Where the window begins that has most different words; the first one of those that are equal."""
    best, best_words = (hits[0].start if hits else 0), 0
    for place, first in enumerate(hits):
        inside = {hit.word for hit in hits[place : place + 64] if hit.end <= first.start + room - _BEFORE_MATCH}
        if len(inside) > best_words:
            best, best_words = first.start, len(inside)
    return best


def _word_border(text: str, start: int) -> int:
    """The beginning of a word at or soon after a place, so that none is cut there."""
    for place in range(start, min(start + 16, len(text))):
        if place == 0 or text[place - 1].isspace():
            return place
    return start


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)
