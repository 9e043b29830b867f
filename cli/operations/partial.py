"""Answers of several houses of which some were silent, and the words for what a person can say of one.

Nothing here asks a house.
"""

from collections.abc import Collection
from typing import Final

from cli.exits import CommandError, Exit
from cli.render import Progress
from config.values import HOUSES

_SHORTEST_ID: Final = 4
_ID_CHARACTERS: Final = frozenset("0123456789abcdef-")


def checked_house(name: str) -> str:
    """A house, or none. Raises CommandError (wrong use) for a name that is none."""
    if name and name not in HOUSES:
        raise CommandError(f"There is no house {name[:80]}. There are: {', '.join(sorted(HOUSES))}.", Exit.WRONG_USE)
    return name


def checked_beginning(text: str, what: str) -> str:
    """The beginning of an id. Raises CommandError (wrong use) for what is none."""
    begin = text.strip().lower()
    if len(begin) < _SHORTEST_ID or not _ID_CHARACTERS.issuperset(begin):
        raise CommandError(
            f"“{text[:80]}” is no id of a {what}; give the id, or at least its first {_SHORTEST_ID} digits.",
            Exit.WRONG_USE,
        )
    return begin


def not_there(what: str, begin: str, missing: Collection[str], command: str) -> CommandError:
    """The failure for an id that no house knows."""
    unasked = f" {', '.join(sorted(missing))} did not answer; it may be there." if missing else ""
    return CommandError(f"There is no {what} {begin}.{unasked} See `{command}`.")


def say_missing(missing: Collection[str]) -> None:
    """Name the houses that were silent, on standard error."""
    if missing:
        Progress().note(f"! {', '.join(sorted(missing))} did not answer: what lies there is missing here.")


def refuse_if_unanswered(found: Collection[object], missing: Collection[str], house: str) -> None:
    """An empty list that nobody vouches for is no answer. Raises CommandError."""
    if not found and set(missing) >= ({house} if house else set(HOUSES)):
        raise CommandError(f"{', '.join(sorted(missing))} did not answer. See `somastack status`.", Exit.CANNOT_REACH)
