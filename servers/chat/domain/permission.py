"""Whether a tool may run for an agent: its rules first, then its autonomy.

Nothing here knows what a tool does, beyond whether it is dangerous.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What holds for a tool."""

    AUTO = "auto"  # it runs when the model asks for it
    APPROVAL = "approval"  # a person is asked first
    DENIED = "denied"  # it is not offered


@dataclass(frozen=True, slots=True)
class ToolRule:
    """A rule about one tool, or about all whose names begin with what stands before a star."""

    tool: str
    permission: Permission

    def fits(self, name: str) -> bool:
        """Whether it speaks of this tool."""
        return name.startswith(self.tool[:-1]) if self.tool.endswith("*") else name == self.tool


# Up to and including …: every tool needs consent; dangerous ones do; above it none does.
CAREFUL_AUTONOMY: Final = 3
USUAL_AUTONOMY: Final = 6


def rule_for(name: str, rules: Iterable[ToolRule]) -> ToolRule | None:
    """The first rule that fits."""
    return next((rule for rule in rules if rule.fits(name)), None)


def permission_of(name: str, rules: Iterable[ToolRule], autonomy: int, *, dangerous: bool) -> Permission:
    """What holds for a tool."""
    rule = rule_for(name, rules)
    if rule is not None:
        return rule.permission
    asks = autonomy <= CAREFUL_AUTONOMY or (dangerous and autonomy <= USUAL_AUTONOMY)
    return Permission.APPROVAL if asks else Permission.AUTO


def why_asked(name: str, rules: Iterable[ToolRule], autonomy: int) -> str:
    """Why consent is needed, as a sentence."""
    rule = rule_for(name, rules)
    if rule is not None:
        return f"The agent's rule for {rule.tool} says that a person is asked first."
    if autonomy <= CAREFUL_AUTONOMY:
        return f"The agent's autonomy is {autonomy}, so a person is asked before any tool runs."
    return f"The agent's autonomy is {autonomy}, so a person is asked before {name}, which has effects for others."
