"""Words of a text and their stems: lower case, split at case changes and underscores; and the words that say nothing.

Nothing here knows tools or ranks. English endings only; words of other languages compare as they stand.
"""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_CASE_CHANGE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Longest first; the stem that remains has at least three letters.
_ENDINGS: Final = (
    "ations",
    "ation",
    "ingly",
    "ments",
    "ment",
    "ings",
    "ing",
    "ies",
    "ers",
    "ed",
    "er",
    "es",
    "ly",
    "s",
)
_LEAST_STEM: Final = 3
STOP_WORDS: Final = frozenset(
    """
    a about all also am an and any are as at be been but by can could did do does for from had has have he her
    him his how i if in into is it its just let like may me might my no not of off on or our out please s she
    should so some t than that the their them then there these they this those to too up us use used uses using
    very via was we were what when where which who whom whose why will with would you your
    """.split()
)


def stem(word: str) -> str:
    """The word without its English ending, so that `looks`, `looking` and `look` are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            rest = word[: -len(ending)]
            if rest[-1] == rest[-2] and rest[-1] not in "aeiousl":
                rest = rest[:-1]  # planning, planned: plan
            return (rest + "y" if ending == "ies" else rest).rstrip("e") or rest
    return word.rstrip("e") if len(word) > _LEAST_STEM else word


def split_words(text: str) -> list[str]:
    """The words of a text in lower case; case changes, underscores and all but letters and digits part them."""
    return _WORD.findall(_CASE_CHANGE.sub(" ", text).lower())
