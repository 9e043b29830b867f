"""A message taken apart: the sentences that the person says themselves, without code, quotes and what was pasted.

What of them is worth keeping is not known here.
"""

import re
from collections.abc import Iterator
from typing import Final

# Behind this much of a message stands what was pasted, not what somebody says.
LOOKED_AT_CHARACTERS: Final = 16_384
# A sentence or paragraph longer than this was written elsewhere.
_LONGEST_SENTENCE: Final = 400
_LONGEST_PARAGRAPH: Final = 900
_MOST_SENTENCES: Final = 12
_FENCED: Final = re.compile(r"(```|~~~).*?(\1|\Z)", re.DOTALL)
_LONG_QUOTE: Final = re.compile(r"[\"“„«][^\"”“»\n]{25,}[\"”“»]")
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.!?](?=[^\s.!?])[^.!?\n]*)*[.!?]*")
_SHORTENED: Final = re.compile(r"\b(?:dr|mr|mrs|ms|prof|st|vs|etc|approx|no|e\.g|i\.e|z\.b)\.$", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# After such words stands what somebody else wrote.
_INTRODUCES: Final = re.compile(
    r"\b(translate|summari[sz]e|proofread|rewrite|rephrase|fix|correct|review|explain|improve|shorten|analy[sz]e|"
    r"here(?:'s| is| are)|the following|this (?:text|article|email|e-mail|letter|paragraph|page|code|log|"
    r"error|message)|below)\b"
    r"[^\n]{0,120}:\s*$",
    re.IGNORECASE,
)
_INTRODUCED: Final = re.compile(
    r"^\W*(?:please\s+|can you\s+|could you\s+)?(translate|summari[sz]e|proofread|rewrite|rephrase|repeat|"
    r"say|correct|"
    r"improve|shorten|analy[sz]e|übersetze|traduis|traduce)\b[^:\n]{0,80}:\s*\S",
    re.IGNORECASE,
)
_CODE_LINE: Final = re.compile(
    r"^\s*(?:>|\||#{1,6}\s|\$ |>>> |import |from \w+ import |def |class |return\b|const |let |var |"
    r"function\b|select\s.+\sfrom\b|"
    r"</?\w+[^>]*>|traceback |file \"|at \w+[.(]|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|(?:from|to|cc|subject|"
    r"sent|date): )|[{};]\s*$|\w+\([^)]*\)\s*[:;{]?$",
    re.IGNORECASE,
)
_LIST_SIGN: Final = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)])\s+")


def words(text: str) -> list[str]:
    """The words of a text."""
    return _WORD.findall(text)


def sentences(text: str) -> list[str]:
    """What the person says, in order; nothing where the message is mostly something pasted."""
    found: list[str] = []
    for line in _own_lines(_FENCED.sub("\n", text[:LOOKED_AT_CHARACTERS])):
        found += _split(line)
    return found


def _own_lines(text: str) -> Iterator[str]:
    """The lines until something is introduced that others wrote."""
    for line in text.splitlines():
        if _INTRODUCED.match(line):
            return
        if not _CODE_LINE.search(line) and len(line) <= _LONGEST_PARAGRAPH:
            yield _LIST_SIGN.sub("", line)
        if _INTRODUCES.search(line):
            return


def _split(line: str) -> list[str]:
    parts: list[str] = []
    for part in _SENTENCE.findall(line):
        if parts and _SHORTENED.search(parts[-1]):
            parts[-1] += part
        else:
            parts.append(part)
    bare = [part.strip() for part in parts if _WORD.search(part)]
    if len(bare) > _MOST_SENTENCES:
        return []
    return [part for part in bare if len(part) <= _LONGEST_SENTENCE and not _LONG_QUOTE.search(part)]
