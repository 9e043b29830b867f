"""Counts and cuts texts in a model's tokens.

Nothing here knows prompts or budgets. A table is loaded when the first text is counted (0.4 s, 45 MB) and then stays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Final

from soma_common.tokens.models import FALLBACK, encoding_of
from soma_common.tokens.tables import shipped, unpack

if TYPE_CHECKING:
    import tiktoken

_CASED_WORD: Final = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
)
# How each encoding splits a text before its byte pairs are merged; as published by OpenAI.
PATTERNS: Final = {
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
        r"|\s+(?!\S)|\s"
    ),
    "o200k_base": _CASED_WORD + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
# Encodings that differ in their special tokens only, which never come out of a text.
_SAME_TABLE: Final = {"o200k_harmony": "o200k_base"}

# A run of some hundred thousand blanks overflows the stack of the splitter, so a long text is counted in parts: parted
# where every encoding begins a new piece whatever stands around, so that the parts add up to the count of the whole.
_PART: Final = 65_536
_BOUNDARY: Final = re.compile(
    r"""(?<=[^\W\d_])(?=[ \t\n,.;:!?"()\[\]{}<>=/。，、！？：；])"""  # behind a word
    r"|(?<=[0-9])(?=[ \t\nA-Za-z,.;:()\[\]{}])"  # behind a number
    r"|(?<=\S)(?= \S)"
    r"|(?<=\n)(?=[A-Za-z0-9])"
)
# Where all of this has no such place, the text is one run of signs, blanks or letters. It is cut after a number of
# characters that three divides, for that is exact within digits; elsewhere a cut may cost a token more.
_LONGEST_PART: Final = 131_070
_LOOK_BACK: Final = 1_024
# Prompts, tools and transcripts come again with every turn. Only digests are kept: three megabytes when full.
_KEPT_COUNTS: Final = 16_384
_WORTH_KEEPING: Final = 256


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """The tokens of one encoding. `exact` says whether it is the model's own; otherwise counts are an estimate."""

    name: str
    exact: bool

    def count(self, text: str) -> int:
        """How many tokens the text has; names of special tokens in it are text like any other."""
        if len(text) < _WORTH_KEEPING:
            return len(_encoding(self.name).encode_ordinary(text))
        kept = _kept_counts(self.name)
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = kept.find(digest)
        if known is not None:
            return known
        encoding = _encoding(self.name)
        tokens = sum(len(encoding.encode_ordinary(part)) for part in parts(text))
        kept.keep(digest, tokens)
        return tokens

    def truncate(self, text: str, limit: int) -> str:
        """The longest prefix of at most `limit` tokens that ends where a token ends; never half a character."""
        if limit <= 0:
            return ""
        encoding = _encoding(self.name)
        kept, room = 0, limit
        for chunk in parts(text):
            tokens = encoding.encode_ordinary(chunk)
            if len(tokens) > room:
                return text[:kept] + self._cut(chunk, tokens, room)
            kept += len(chunk)
            room -= len(tokens)
        return text

    def _cut(self, chunk: str, tokens: list[int], room: int) -> str:
        """The chunk's first tokens as text. A cut text may split differently, so it is counted again."""
        encoding = _encoding(self.name)
        for amount in range(room, 0, -1):
            part = chunk[: len(encoding.decode_bytes(tokens[:amount]).decode("utf-8", errors="ignore"))]
            if len(encoding.encode_ordinary(part)) <= room:
                return part
        return ""

    def load(self) -> None:
        """Load the table now, so that the first turn does not wait for it."""
        _encoding(self.name)


def tokenizer_for(model: str) -> Tokenizer:
    """The tokenizer of a model by its name; for a model that is not known, a close one with `exact` False."""
    name = encoding_of(model)
    return Tokenizer(name or FALLBACK, exact=name is not None)


@cache
def _encoding(name: str) -> "tiktoken.Encoding":
    same = _SAME_TABLE.get(name)
    if same is not None:
        return _encoding(same)
    import tiktoken

    ranks = {token: rank for rank, token in enumerate(unpack(shipped(name)))}
    encoding = tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})
    ranks.clear()  # the encoder has its own copy; this one is 30 MB
    return encoding


class _Counts:
    """What texts have been counted with an encoding: by their digests, at most so many. Threads count too."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tokens: dict[bytes, int] = {}
        self._lock = Lock()

    def find(self, digest: bytes) -> int | None:
        return self._tokens.get(digest)

    def keep(self, digest: bytes, tokens: int) -> None:
        with self._lock:
            if len(self._tokens) >= self._most:
                del self._tokens[next(iter(self._tokens))]
            self._tokens[digest] = tokens


@cache
def _kept_counts(_name: str) -> _Counts:
    return _Counts(_KEPT_COUNTS)


def parts(text: str, length: int = _PART, longest: int = _LONGEST_PART) -> Iterator[str]:
    """The text in parts of about `length` characters whose counts add up, none longer than `longest`."""
    start = 0
    while len(text) - start > length:
        end = _boundary(text, start, start + length, start + longest)
        yield text[start:end]
        start = end
    yield text[start:]


def _boundary(text: str, start: int, wanted: int, most: int) -> int:
    """The last boundary before the wanted place, else the first one behind it, else the last place there may be."""
    for low in (max(start + 1, wanted - _LOOK_BACK), start + 1):
        found = [boundary.start() for boundary in _BOUNDARY.finditer(text, low, wanted)]
        if found:
            return found[-1]
    behind = _BOUNDARY.search(text, wanted, most)
    return min(len(text), most) if behind is None else behind.start()
