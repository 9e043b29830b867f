"""One list out of the lists of several houses, page by page. Pure.

a page token names each house that has more to give, with the place behind which it goes on
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from soma_common.kernel.paging import Page, Position, next_page_token, unreadable_token

Item = TypeVar("Item")
# The sort keys of an item; BEGINNING stands before all of them.
Place = tuple[Position, Position]
BEGINNING: Final[Place] = ("", "")
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Merged(Generic[Item]):
    """A page, and where each house goes on that has more to give or did not answer."""

    items: list[Item]
    places: Mapping[str, Place]


def places_of(page: Page, houses: Sequence[str]) -> dict[str, Place]:
    """Which houses are to be asked, and behind which place. Raises INVALID_FIELD for a token that names others."""
    if page.after is None:
        return dict.fromkeys(houses, BEGINNING)
    if len(page.after) % _PARTS:
        raise unreadable_token()
    places = dict(_triples(page.after))
    if not places.keys() <= set(houses):
        raise unreadable_token()
    return places


def _triples(parts: Sequence[Position]) -> Iterator[tuple[str, Place]]:
    for first in range(0, len(parts), _PARTS):
        yield str(parts[first]), (parts[first + 1], parts[first + 2])


def token_of(places: Mapping[str, Place], answered: Mapping[str, object], filters: Mapping[str, object]) -> str:
    """The token of the next page; empty when no house that answered has more, for those that do not have no end."""
    if places.keys().isdisjoint(answered):
        return ""
    return next_page_token([part for house in sorted(places) for part in (house, *places[house])], filters)


def merge(
    found: Mapping[str, Sequence[Item]],
    asked: Mapping[str, Place],
    size: int,
    place_of: Callable[[Item], Place],
    *,
    falling: bool = False,
) -> Merged[Item]:
    """The first `size` of what the houses gave, each of which was asked for one more than that, in its order."""
    rows = [(place_of(item), house, item) for house, items in found.items() for item in items]
    rows.sort(key=lambda row: row[:2], reverse=falling)
    taken = rows[:size]
    places: dict[str, Place] = {}
    for house, place in asked.items():
        last = next((row[0] for row in reversed(taken) if row[1] == house), place)
        mine = sum(row[1] == house for row in taken)
        if house not in found or mine < len(found[house]):
            places[house] = last
    return Merged([row[2] for row in taken], places)
