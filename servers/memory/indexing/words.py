"""The words of a text as the lexical index keeps them: lower case, without accents and stop words, stemmed.

What a word weighs is decided in SQL by BM25; nothing here counts a corpus.
"""

import re
import unicodedata
from collections import Counter
from typing import Final

import Stemmer

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_MOST_CHARACTERS: Final = 64
_STOP_WORDS: Final = frozenset(
    "a about an and are as at be been but by can could did do does for from had has have he her him his how i if in"
    " into is it its just me my no not of on or our she should so than that the their them then there these they this"
    " to too up us was we were what when where which who why will with would you your".split()
)


class Words:
    """Turns text into terms; one object a process, as the stemmer keeps a cache."""

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("english").stemWord

    def terms(self, text: str) -> Counter[str]:
        """Each term with how often it stands in the text."""
        flat = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
        words = (word.replace("’", "'") for word in _WORD.findall(flat))
        return Counter(self._stem(word[:_MOST_CHARACTERS]) for word in words if word not in _STOP_WORDS)
