"""A task in words, split into the steps that it names. Pure.

A line is a step, and so is each sentence of it and what follows “then”; marks of lists are left out. A period ends a
sentence only where something follows that does not begin with a small letter, and not behind a known abbreviation.
"""

import re
from typing import Final

MOST_STEPS: Final = 20

_MARK: Final = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)])\s+")
_END: Final = re.compile(r"(?<=[.!?;])[\"”’)]*\s+(?=[^a-zß-öø-ÿ\s])|(?<=[。！？；])\s*")
_THEN: Final = re.compile(r"(?:^\s*|[,;]\s*|\s+)(?:and\s+)?then,?\s+(?=\S)", re.IGNORECASE)
_ABBREVIATION: Final = re.compile(r"(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|no|vs|cf|approx|e\.g|i\.e)\.$", re.IGNORECASE)
_WORD: Final = re.compile(r"\w")


def steps_of(task: str) -> list[str]:
    """The steps in their order, each with one space between words; the whole task where it has no words."""
    found = [
        step
        for line in task.splitlines()
        for sentence in _sentences(_MARK.sub("", line))
        for part in _THEN.split(sentence)
        if _WORD.search(step := " ".join(part.split()))
    ]
    return found or [" ".join(task.split()) or task]


def _sentences(line: str) -> list[str]:
    """The sentences of a line; what was cut behind an abbreviation is put together again."""
    found: list[str] = []
    for piece in _END.split(line):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found
