"""What of one text stands in another: names, numbers, whether something is denied, and the other words. Pure.

It holds facts to their sources both ways: a fact may say nothing that no source says, and a source may rest only where
the fact says what it said.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"[^\W_]+(?:['’.,:/-][^\W_]+)*", re.UNICODE)
_PART: Final = re.compile(r"[^\W_]+", re.UNICODE)
_ADDRESS: Final = re.compile(r"[\w.+-]+(?:://|@)[^\s,;)\"'”]+")
_SENTENCE_END: Final = re.compile(r"[.!?…:;\n]\s*[\"'”’»)]*\s*$")
_MOST_CHARACTERS: Final = 64
# Words that turn what is said into its opposite, or end it.
_DENIALS: Final = frozenset(
    "not no never none nobody nothing neither nor without cannot cant wont dont doesnt didnt isnt arent wasnt werent"
    " hasnt havent hadnt shouldnt wouldnt couldnt aint stopped quit quitting gave formerly longer anymore unlike hates"
    " hate dislikes dislike refuses refused except instead nicht kein keine keinen nie niemals ohne pas jamais sans"
    " sin nunca".split()
)
_STOP_WORDS: Final = frozenset(
    "a about an and are as at be been but by can could did do does for from had has have he her him his how i if in"
    " into is it its just me my of on or our she should so than that the their them then there these they this to"
    " too up us was we were what when where which who why will with would you your user users person said says say"
    " told also very really".split()
)
# What may begin a sentence without being a name; any other word there may be one.
_OPENERS: Final = frozenset(
    "after all although because before both currently during each every however many most once previously recently"
    " since some such these this those though when while".split()
)
# Of the other words of a source, how much a fact must share with it to stand for it.
LEAST_SHARED: Final = 0.6


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says, as far as it can be compared: everything in lower case, without accents.

    `openers` are the capitalised words that begin sentences: names or not, nobody can tell.
    """

    names: frozenset[str]
    numbers: frozenset[str]
    words: frozenset[str]
    openers: frozenset[str]
    denies: bool


def said(text: str) -> Said:
    """What a text says."""
    names, numbers, words, openers = set[str](), set[str](), set[str](), set[str]()
    denies = False
    for found in _TOKEN.finditer(text):
        token = found.group()
        denies = denies or _plain(token).replace("'", "") in _DENIALS or _plain(token).endswith("n't")
        for part in _PART.findall(token):
            plain = _plain(part)[:_MOST_CHARACTERS]
            if any(letter.isdigit() for letter in plain):
                numbers.add(plain)
                continue
            if len(plain) < 2 or plain in _STOP_WORDS:
                continue
            words.add(_stem(plain))
            if part[0].isupper():
                (openers if _begins_sentence(text, found.start()) else names).add(plain)
    return Said(frozenset(names), frozenset(numbers), frozenset(words), frozenset(openers), denies)


def ungrounded(fact: str, sources: Iterable[str]) -> str | None:
    """What of a fact no source says; None where all of it is said.

    Judged are addresses, numbers, names and denials each by itself, other words by whether most of them are foreign.
    """
    texts = tuple(sources)
    told = [said(text) for text in texts]
    for address in _ADDRESS.findall(fact):
        if not any(address in text for text in texts):
            return str(address)
    numbers = frozenset[str]().union(*(each.numbers for each in told))
    words = frozenset[str]().union(*(each.words for each in told))
    every = frozenset(_plain(part) for text in texts for part in _PART.findall(text))
    claim = said(fact)
    maybe = {word for word in claim.openers - every - _OPENERS if _stem(word) not in words}
    foreign = sorted(claim.numbers - numbers) or sorted(claim.names - every) or sorted(maybe)
    if foreign:
        return foreign[0]
    if claim.denies not in {each.denies for each in told}:
        return "not" if claim.denies else "the opposite of what its sources deny"
    unknown = sorted(claim.words - words)
    return unknown[0] if len(unknown) * 2 > len(claim.words) else None


def stands_for(fact: Said, source: Said) -> bool:
    """Whether a fact says what a source said: its names and numbers, on the same side of a denial, most other words.

    What begins a sentence counts as a name: of two people who do the same, neither stands for the other.
    """
    if source.denies != fact.denies or not source.numbers <= fact.numbers:
        return False
    if not frozenset(map(_stem, source.names | source.openers - _OPENERS)) <= fact.words:
        return False
    return len(source.words & fact.words) >= LEAST_SHARED * len(source.words)


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.replace("’", "'").casefold())
    return "".join(letter for letter in flat if not unicodedata.combining(letter))


def _stem(word: str) -> str:
    """A word without its ending, roughly: enough to find likes in liked."""
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "y"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'“”‘’«»([-*•")
    return not before or _SENTENCE_END.search(before) is not None
