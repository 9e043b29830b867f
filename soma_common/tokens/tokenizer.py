"""Counts and cuts texts in a model's tokens.

Nothing here knows prompts or budgets. A table is loaded when the first text is counted (0.4 s, 45 MB) and then stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
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

# A long run of blanks overflows the stack of the splitter, and long runs of anything cost more than their length.
_CHUNK: Final = 16_384
_LOOK_BACK: Final = 2_048


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """The tokens of one encoding. `exact` says whether it is the model's own; otherwise counts are an estimate."""

    name: str
    exact: bool

    def count(self, text: str) -> int:
        """How many tokens the text has."""
        encoding = _encoding(self.name)
        return sum(len(encoding.encode_ordinary(chunk)) for chunk in _chunks(text))

    def truncate(self, text: str, limit: int) -> str:
        """The longest prefix of at most `limit` tokens that ends where a token ends; never half a character."""
        if limit <= 0:
            return ""
        encoding = _encoding(self.name)
        kept, room = 0, limit
        for chunk in _chunks(text):
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


def _chunks(text: str) -> Iterator[str]:
    """The text in parts that are safe to split on their own, parted where a word begins, if there is such a place."""
    start = 0
    while len(text) - start > _CHUNK:
        end = start + _CHUNK
        for place in range(end, end - _LOOK_BACK, -1):
            if text[place] == " " and not text[place - 1].isspace() and not text[place + 1 : place + 2].isspace():
                end = place
                break
        yield text[start:end]
        start = end
    yield text[start:]
