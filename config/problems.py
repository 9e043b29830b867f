"""What can be wrong with the settings, as sentences: all of it in one error.

Nothing here reads a setting or knows where one comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the name of the setting, what is wrong with it, and how to mend it."""

    name: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.wrong}. {self.remedy}"


class SettingsError(Exception):
    """The settings do not allow a start; `problems` lists everything that is wrong, never only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """All problems for a person, one a line."""
        if len(self.problems) == 1:
            return f"The settings do not allow a start: {self.problems[0]}"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"The settings do not allow a start, {len(self.problems)} things are wrong:\n{lines}"
