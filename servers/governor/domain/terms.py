"""Terms: what a text speaks of, as stems and phrases with the senses they may have.

Nothing here knows tools or ranks. What a word may mean stands in `thesaurus.py`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from servers.governor.domain.thesaurus import SENSES, SIGNS
from servers.governor.domain.words import STOP_WORDS, split_words, stem

# A term and the numbers of its senses; a word of no sense has none.
Terms = Mapping[str, tuple[int, ...]]

_LONGEST_PHRASE: Final = 4
# Writing without blanks between words begins here: kana, han, hangul.
_UNSPACED: Final = "\u2e80"


def terms(text: str) -> Terms:
    """The distinct terms of a text: its stems without stop words, and the phrases that have a sense."""
    senses, words = _senses(), split_words(text)
    stems = [stem(word) for word in words]
    found: dict[str, tuple[int, ...]] = {}
    for length in range(2, _LONGEST_PHRASE + 1):
        for phrase in _phrases(stems, length):
            if phrase in senses:
                found[phrase] = senses[phrase]
    for word, its_stem in zip(words, stems, strict=True):
        if len(word) > 1 and word not in STOP_WORDS:
            found[its_stem] = senses.get(its_stem, ())
    if any(letter >= _UNSPACED for letter in text):
        found.update({word: senses[word] for word in _unspaced() if word in text})
    return found


def asked_terms(query: str) -> Terms:
    """The terms of what somebody says, with those that signs in it stand for."""
    found = dict(terms(query))
    senses = _senses()
    for sign, words in SIGNS:
        if sign.search(query):
            for word in words.split():
                found.setdefault(stem(word), senses.get(stem(word), ()))
    return found


def _phrases(stems: Sequence[str], length: int) -> list[str]:
    return ["_".join(stems[start : start + length]) for start in range(len(stems) - length + 1)]


@cache
def _senses() -> Mapping[str, tuple[int, ...]]:
    """The senses of each stem and phrase."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(SENSES.strip().replace("\n  ", " ").splitlines()):
        for word in line.split():
            senses = found.setdefault("_".join(stem(part) for part in word.split("_")), [])
            if number not in senses:
                senses.append(number)
    return {word: tuple(senses) for word, senses in found.items()}


@cache
def _unspaced() -> tuple[str, ...]:
    return tuple(word for word in _senses() if word[0] >= _UNSPACED)
