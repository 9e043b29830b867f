"""Recall of the turns that answer, by category. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.memory.locomo import CATEGORIES, Question

CUTS: Final = (1, 5, 10, 25, 50)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and the ids of the turns that were found, best first."""

    question: Question
    found: Sequence[str]

    def recall(self, cut: int) -> float:
        """The share of the turns that answer among the first."""
        return len(self.question.gold.intersection(self.found[:cut])) / len(self.question.gold)


def table(answered: Sequence[Answered]) -> Mapping[str, Mapping[int, float]]:
    """Mean recall in percent, overall and of each category, at each cut."""
    groups = {"overall": list(answered)}
    for number, name in CATEGORIES.items():
        groups[name] = [each for each in answered if each.question.category == number]
    return {
        name: {cut: 100 * sum(each.recall(cut) for each in group) / len(group) for cut in CUTS}
        for name, group in groups.items()
        if group
    }
