"""The words of a text as the lexical index keeps them: lower case, without accents and stop words, stemmed.

What a word weighs is decided by BM25 where it is searched; nothing here counts a corpus.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import Stemmer

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
# Scripts that put no space between words: each pair of neighbouring characters is a term.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_ASCII_WORD: Final = re.compile(r"[a-z']+")
_MOST_CHARACTERS: Final = 64
_KNOWN_WORDS: Final = 32_768
_STOP_WORDS: Final = frozenset(
    "a about an and are as at be been but by can could did do does for from had has have he her him his how i if in"
    " into is it its just me my no not of on or our she should so than that the their them then there these they this"
    " to too up us was we were what when where which who why will with would you your".split()
)


class Words:
    """Turns text into terms; one object a process, as the stemmer keeps a cache."""

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("english").stemWord
        self._term = lru_cache(_KNOWN_WORDS)(self._term_of)

    def terms(self, text: str) -> Counter[str]:
        """Each term with how often it stands in the text."""
        return Counter(term for _, term in self.split(text))

    def split(self, text: str) -> Iterator[tuple[str, str]]:
        """The words that count, in order, each with its term; only words in plain letters are stemmed."""
        if text.isascii():
            for word in _WORD.findall(text.lower()):
                if word not in _STOP_WORDS:
                    yield word, self._term(word)
            return
        flat = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
        for word in _WORD.findall(unicodedata.normalize("NFC", flat)):
            if _UNSPACED.search(word):
                yield from ((pair, pair) for pair in _pairs(word))
                continue
            word = word.replace("’", "'")
            if word not in _STOP_WORDS:
                yield word, self._term(word)

    def _term_of(self, word: str) -> str:
        cut = word[:_MOST_CHARACTERS]
        return self._stem(cut) if _ASCII_WORD.fullmatch(cut) else cut


def _pairs(word: str) -> Iterator[str]:
    behind = 0
    for run in _UNSPACED.finditer(word):
        if run.start() > behind:
            yield word[behind : run.start()]
        characters = run[0]
        yield from (characters[place : place + 2] for place in range(max(1, len(characters) - 1)))
        behind = run.end()
    if behind < len(word):
        yield word[behind:]
