"""What is not worth keeping, and why. Pure.

Without this, most of what is stored is greetings and echoes of what was recalled.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"\w+", re.UNICODE)
_BEFORE: Final = "“”„‘«(["
_BEHIND: Final = ".,;:!?“”’»)]。、"
_PLEASANTRIES: Final = frozenset(
    "hi hello hey thanks thank you please ok okay yes no yep nope sure great good nice cool bye goodbye morning"
    " afternoon evening night welcome sorry lol haha hmm well alright right fine perfect awesome much very so a the"
    " there day have how are is it that this to for again all everyone everybody".split()
)
_BOILERPLATE: Final = re.compile(
    r"^(as an ai( language)? model|i('m| am) (just )?an ai|i cannot assist|how can i (help|assist) you)\b",
    re.IGNORECASE,
)
_MOST_PLEASANT_WORDS: Final = 12


def normalised(text: str) -> str:
    """The form in which two texts count as the same: NFKC, case folded, one space, no punctuation around words.

    Whatever may carry meaning stays: a sign before a number, C# beside C++, the vowel signs of Hindi, emoji.
    """
    plain = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(filter(None, [word.lstrip(_BEFORE).rstrip(_BEHIND) for word in plain.split()]))


def why_noise(text: str, recalled_texts: Iterable[str]) -> str | None:
    """Why a text is not kept, in words that end “This is not kept as a memory: …”; None for one that is."""
    plain = normalised(text)
    words = _WORD.findall(plain)
    if not words:
        return "it has no words"
    if len(words) <= _MOST_PLEASANT_WORDS and all(word in _PLEASANTRIES for word in words):
        return "it only greets or thanks"
    if _BOILERPLATE.match(text.strip()):
        return "it is boilerplate"
    if any(f" {plain} " in f" {normalised(recalled)} " for recalled in recalled_texts):
        return "it was itself recalled in this turn"
    return None
