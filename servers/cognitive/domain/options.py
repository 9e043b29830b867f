"""Options before they are a thread's: as given or thought of, and the order in which they are taken. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# What the contract lets a text and a reason be.
MOST_TEXT: Final = 2_000
MOST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Draft:
    """An option to be."""

    text: str
    score: float = 1.0
    reason: str = ""


def given(parts: Iterable[tuple[str, float | None, str]]) -> list[Draft]:
    """Drafts of texts, scores and reasons, best first.

    One without a score has that of the one before it, the first one 1: so options in words alone keep their order.
    """
    drafts: list[Draft] = []
    for text, score, reason in parts:
        before = drafts[-1].score if drafts else 1.0
        drafts.append(Draft(text.strip(), before if score is None else score, reason.strip()))
    return in_order(drafts)


def in_order(drafts: Iterable[Draft]) -> list[Draft]:
    """Best first; those of one score as they come."""
    return sorted(drafts, key=lambda draft: -draft.score)
