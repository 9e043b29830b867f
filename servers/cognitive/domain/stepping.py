"""Options for a goal without a model: its own parts where it has some, else what helps with any goal. Pure.

The same goal always has the same options. Words between parts are known in English; lists, lines and sentences in any.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from servers.cognitive.domain.options import MOST_TEXT, Draft

RULES: Final = "rules"
MOST_GOAL_SHOWN: Final = 300
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LISTED: Final = re.compile(r"^ ?(?:[-*•–]|\(?\d{1,2}[.)]) ", re.MULTILINE)
# The end of a sentence, not of a number or a short form.
_SENTENCE: Final = re.compile(r"(?<=[^\W\d_]{2}[.!?]) (?=[^\Wa-z_])|(?<=[。！？])|\n+|; ?")
_AFTER: Final = re.compile(r"(?:, ?| )(?:and )?(?:after that|afterwards|then|finally)(?:, ?| )", re.IGNORECASE)
_LEADING: Final = re.compile(
    r"^(?:(?:and|first(?:ly)?|second(?:ly)?|third(?:ly)?|then|next|finally|lastly)\b,? )+", re.IGNORECASE
)
# "Decide whether to rent or buy", "should we take the train or the bus", "choose between tea and coffee".
_ALTERNATIVES: Final = re.compile(
    r"(?:\b(?:whether|either) (?:to |we |i )?|\bshould (?:we|i) |\bbetween |: )(?P<choices>[^.;\n]+)",
    re.IGNORECASE,
)
_OR: Final = re.compile(r",? or (?:to )?| vs\.? | versus ", re.IGNORECASE)
_BETWEEN: Final = re.compile(r",? (?:and|or) ", re.IGNORECASE)
_STEP: Final = "It is step {place} of {count} of the goal."
_CHOICE: Final = "It is one of the {count} ways that the goal names."
_FOR_A_GOAL: Final = (
    ("Say by what it shows that this is reached: {goal}", "Whoever knows the end sees which steps lead there."),
    (
        "Recall what is known about it and what was tried before: {goal}",
        "What was learned need not be found again.",
    ),
    ("Name what is missing or stands in the way of it: {goal}", "The largest obstacle decides what comes first."),
    (
        "Do the smallest part of it that is of use by itself: {goal}",
        "A small result shows whether the way is right.",
    ),
    ("Ask somebody who has done the like: {goal}", "Others know what cannot be seen from here."),
)
_FOR_A_QUESTION: Final = (
    ("Recall what is known about it: {goal}", "An answer may be there already."),
    ("Say what exactly would answer it: {goal}", "A question that is clear is half an answer."),
    ("Look it up where it would stand first: {goal}", "A source is better than a guess."),
    ("Ask somebody who knows: {goal}", "Others know what stands nowhere."),
    (
        "Answer as far as it is known, and say what is not: {goal}",
        "A part is better than a guess.",
    ),
)


def by_rules(goal: str, most: int) -> list[Draft]:
    """At most so many options for a goal, best first; at least one."""
    goal = _BLANKS.sub(" ", goal)
    choices = _choices(goal)
    if len(choices) > 1:
        return [Draft(each, 1.0, _CHOICE.format(count=len(choices))) for each in choices[:most]]
    steps = _steps(goal)
    if len(steps) > 1:
        reasons = [_STEP.format(place=place, count=len(steps)) for place in range(1, len(steps) + 1)]
        return _falling(zip(steps, reasons, strict=True), min(most, len(steps)))
    shown = _shown(goal)
    usual = _FOR_A_QUESTION if shown.endswith("?") else _FOR_A_GOAL
    return _falling(((text.format(goal=shown), reason) for text, reason in usual), min(most, len(usual)))


def _falling(parts: Iterable[tuple[str, str]], count: int) -> list[Draft]:
    """The first so many, each worth a little less than the one before."""
    return [
        Draft(text, round(1.0 - place / (2 * count), 3), reason)
        for place, (text, reason) in zip(range(count), parts, strict=False)
    ]


def _steps(goal: str) -> list[str]:
    listed = [_tidy(part) for part in _LISTED.split(goal)[1:]] if _LISTED.search(goal) else []
    parts = [part for sentence in _SENTENCE.split(goal) for part in _AFTER.split(sentence)]
    return _distinct(listed if len(listed) > 1 else [_tidy(_LISTED.sub("", part)) for part in parts])


def _choices(goal: str) -> list[str]:
    """What a goal says is to be chosen from; nothing where it says that of nothing."""
    found = _ALTERNATIVES.search(goal)
    if found is None:
        return []
    text, is_between = found["choices"], found.group().lower().startswith("between")
    *before, last = (_BETWEEN if is_between else _OR).split(text)
    if not before:
        return []
    return _distinct([_tidy(part) for each in before for part in each.split(", ")] + [_tidy(last)])


def _tidy(part: str) -> str:
    """A part without what joined it to the one before; a capital begins it."""
    text = _LEADING.sub("", " ".join(part.split())).strip(" ,;:.?!。！？")[:MOST_TEXT]
    return text[:1].upper() + text[1:]


def _distinct(parts: Sequence[str]) -> list[str]:
    """Those that say something, each once."""
    first: dict[str, str] = {}
    for part in parts:
        if any(map(str.isalnum, part)):
            first.setdefault(part.casefold(), part)
    return list(first.values())


def _shown(goal: str) -> str:
    text = " ".join(goal.split())
    return text if len(text) <= MOST_GOAL_SHOWN else text[: MOST_GOAL_SHOWN - 1].rstrip() + "…"
