"""The words of a text as they are indexed and looked for: NFKC, casefolded; scripts without spaces by pairs.

Nothing here knows a store. What changes here changes what is found: texts indexed before keep their old words.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LONGEST_WORD: Final = 64
_SHORTEST_PREFIX: Final = 2
# Vowel signs and accents that stand as characters of their own, which \w leaves out.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u0900-\u0963\u0981-\u0983\u09bc-\u09d7\u0a01-\u0a75"
    "\u0a81-\u0ad0\u0abc-\u0acd\u0b01-\u0b57\u0b82-\u0bd7\u0c00-\u0c56\u0c81-\u0cd6\u0d00-\u0d57\u0d81-\u0ddf"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3"
    "\u200c\u200d\u3099\u309a"
)
_RUN: Final = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
# Scripts that are written without spaces: Thai, Lao, Myanmar, Khmer, kana, bopomofo, hangul, han.
_UNSPACED: Final = (
    "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1100-\u11ff\u1780-\u17d3\u2e80-\u2fd5\u3005-\u3007\u3040-\u30ff"
    "\u3105-\u312f\u3131-\u318e\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufad9"
    "\U00020000-\U0003fffd"
)
_ASCII_RUN: Final = re.compile(r"[a-z0-9]+")
_PIECE: Final = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")
_STAR: Final = "*"
# Neither is part of any word: the first comes before every character of one, the second after.
_BEFORE_ALL: Final = "\x01"
_AFTER_ALL: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A word where it stands: characters of the text, `end` exclusive."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word that must occur, or the beginning of one."""

    word: str
    is_prefix: bool = False

    @property
    def beyond(self) -> str:
        """The words that fit are those from `word` up to this one, in the order of their code points."""
        return self.word + (_AFTER_ALL if self.is_prefix else _BEFORE_ALL)

    @property
    def is_too_short(self) -> bool:
        """Whether so many words begin so that finding them would be a scan; of unspaced scripts few do."""
        return self.is_prefix and len(self.word) < _SHORTEST_PREFIX and not _IS_UNSPACED.match(self.word)

    def fits(self, word: str) -> bool:
        """Whether it is found in this word."""
        return word.startswith(self.word) if self.is_prefix else word == self.word


def occurrences(text: str) -> Iterator[Occurrence]:
    """All words of a text, in order; those of scripts without spaces overlap."""
    for run in _RUN.finditer(text):
        raw, start = run.group(), run.start()
        if raw.isascii():
            yield Occurrence(raw.lower()[:LONGEST_WORD], start, run.end())
        else:
            yield from _folded(raw, start)


def words_of(text: str) -> list[str]:
    """The words alone, in order: a tenth of the work."""
    if text.isascii():
        return [run[:LONGEST_WORD] for run in _ASCII_RUN.findall(text.lower())]
    return [occurrence.word for occurrence in occurrences(text)]


def wanted_words(query: str) -> tuple[Wanted, ...]:
    """What a query asks for, each once; empty where it has no word."""
    found: dict[Wanted, None] = {}
    for run in _RUN.finditer(query):
        is_prefix = query[run.end() : run.end() + 1] == _STAR
        for piece in _pieces(_normal(run.group())):
            found.update(dict.fromkeys(_wanted(piece, is_prefix=is_prefix)))
    return tuple(found)


def _wanted(piece: str, *, is_prefix: bool) -> Iterator[Wanted]:
    if not _IS_UNSPACED.match(piece):
        yield Wanted(piece[:LONGEST_WORD], is_prefix and len(piece) < LONGEST_WORD)
    elif len(piece) == 1:
        # It begins a pair, or ends a run and stands alone.
        yield Wanted(piece, is_prefix=True)
    else:
        yield from (Wanted(piece[place : place + 2]) for place in range(len(piece) - 1))


def _folded(raw: str, start: int) -> Iterator[Occurrence]:
    """The words of one run; where normalising it moved its characters, each stands for the whole run."""
    text = _normal(raw)
    aligned = len(text) == len(raw)
    for run in _RUN.finditer(text):
        for piece in _PIECE.finditer(run.group()):
            first = run.start() + piece.start()
            for word, place, length in _words(piece.group()):
                at = start + first + place
                yield Occurrence(word, at, at + length) if aligned else Occurrence(word, start, start + len(raw))


def _words(piece: str) -> Iterator[tuple[str, int, int]]:
    """The words of a piece of one kind of script, with place and length."""
    if not _IS_UNSPACED.match(piece):
        yield piece[:LONGEST_WORD], 0, len(piece)
        return
    for place in range(len(piece)):
        pair = piece[place : place + 2]
        yield pair, place, len(pair)


def _pieces(text: str) -> Iterator[str]:
    for run in _RUN.finditer(text):
        yield from _PIECE.findall(run.group())


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
