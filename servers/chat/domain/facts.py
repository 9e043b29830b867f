"""What a turn says about itself to the cognitive service, judged by simple rules over words.

Nothing here keeps or sends text: only numbers leave.
"""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

# How a message sounds is heard at its beginning.
_LOOKED_AT_CHARACTERS: Final = 8_192
_URGENT_WORDS: Final = re.compile(
    r"\b(urgent(ly)?|asap|immediately|right now|right away|emergency|hurry|critical|deadline|quick(ly)?|help me|"
    r"dringend|sofort|urgente|urgence|vite)\b",
    re.IGNORECASE,
)
_CORRECTION: Final = re.compile(
    r"^\W*(no[,.!:; ]|nope\b|wrong\b|incorrect\b|that'?s (not|wrong|incorrect)|that is (not|wrong|incorrect)|"
    r"this is wrong|not what i|you('re| are) wrong|you misunderstood|i (said|meant|asked)\b|"
    r"actually[, ]|nein[, ]|falsch\b)",
    re.IGNORECASE,
)

# A conversation keeps as many turns waiting at most; an agent with so many open at once has its hands full.
MANY_OPEN_TURNS: Final = 8


@dataclass(frozen=True, slots=True)
class Shares:
    """What part each retriever has: of meaning, links, recency, words. Together 1, or 0 where there is nothing."""

    vector: float = 0.0
    graph: float = 0.0
    recency: float = 0.0
    lexical: float = 0.0


def retriever_shares(found: Sequence[Shares]) -> Shares:
    """The shares over the memories that were used, each given by what its score was made of.

    Every memory counts the same, however high it scored; one that no retriever speaks for counts for nobody. What
    speaks against a memory, as a negative similarity, is no part of what found it.
    """
    given = []
    for parts in found:
        held = [max(0.0, part) for part in astuple(parts)]
        total = sum(held)
        if total > 0.0:
            given.append([part / total for part in held])
    if not given:
        return Shares()
    return Shares(*(min(1.0, sum(column) / len(given)) for column in zip(*given, strict=True)))


def context_fill(calls: Sequence[tuple[int, int]]) -> float:
    """How full the fullest window of a turn's calls was, 0-1; each call is its input and its window in tokens."""
    return min(1.0, max((used / window for used, window in calls if window > 0), default=0.0))


def open_share(open_turns: int) -> float:
    """The open turns of an agent as a part of what keeps it fully busy, 0-1."""
    return min(1.0, max(0, open_turns) / MANY_OPEN_TURNS)


def novelty(recall_scores: Sequence[float]) -> float:
    """How new a message is against what is remembered, 0-1: one less the best recall score."""
    return min(1.0, max(0.0, 1.0 - max(recall_scores, default=0.0)))


def urgency(text: str) -> float:
    """How urgent a message sounds, 0-1: words of haste count most, exclamation marks and shouting add to them."""
    text = text[:_LOOKED_AT_CHARACTERS]
    words = re.findall(r"[^\W\d_]{3,}", text)
    shouted = sum(word.isupper() for word in words)
    score = 0.5 * min(2, len(_URGENT_WORDS.findall(text)))
    score += 0.1 * min(3, text.count("!"))
    score += 0.3 if len(words) >= 3 and shouted * 2 > len(words) else 0.0
    return min(1.0, score)


def is_correction(text: str, follows_answer: bool) -> bool:
    """Whether the message sets an earlier answer right."""
    return follows_answer and _CORRECTION.match(text[:_LOOKED_AT_CHARACTERS]) is not None
