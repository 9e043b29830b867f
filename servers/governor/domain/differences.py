"""In what two receipts differ, from what each of them says in words: a pure comparison in the order of a receipt.

Nothing here knows a message; how a receipt is put into words stands in `receipts/wording.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# The parts in the order in which they are told, each with how one of its things is named in a sentence.
PARTS: Final[Mapping[str, str]] = {
    "level": "The {name}",
    "model": "The {name}",
    "lanes": "The {name}",
    "items": "The item {name}",
    "tools": "The tool {name}",
    "legs": "The {name}",
    "modulation": "The modulation's {name}",
    "aiq": "AIQ's {name}",
    "usage": "The {name}",
    "cost": "The {name}",
    "phases": "The phase {name}",
    "features": "The feature {name}",
    "dependencies": "The dependency {name}",
    "budgets": "The budget's {name}",
    "rules": "The rule {name}",
    "outcome": "The {name}",
}

# What a receipt says: by part and by name, a phrase that follows "was".
Wording = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two receipts differ; an empty phrase where one of them has nothing."""

    part: str
    name: str
    before: str
    after: str
    sentence: str


def differences(first: Wording, second: Wording) -> Iterator[Difference]:
    """All of them, by part, then in the order of the first receipt, then what only the second one has."""
    for part, subject in PARTS.items():
        before, after = first.get(part, {}), second.get(part, {})
        for name in dict.fromkeys((*before, *after)):
            was, then = before.get(name, ""), after.get(name, "")
            if was != then:
                yield Difference(part, name, was, then, _sentence(subject.format(name=name), was, then))


def _sentence(subject: str, was: str, then: str) -> str:
    if not was:
        return f"{subject} was not there and then was {then}."
    if not then:
        return f"{subject} was {was} and then was not there."
    return f"{subject} was {was} and then {then}."
