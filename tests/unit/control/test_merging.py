"""One list out of those of several houses: whole, in order, and said where it goes on."""

import random

import pytest

from servers.control.domain.merging import BEGINNING, Place, merge, places_of, token_of
from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import Page, next_page_token, page_of
from soma_common.kernel.reasons import Reason

HOUSES = ("chat", "control", "memory")


class Shelf:
    """What the houses hold, given out as they would: so many behind a place."""

    def __init__(self, held: dict[str, list[Place]], *, falling: bool = False) -> None:
        self.held = {house: sorted(items, reverse=falling) for house, items in held.items()}
        self.falling = falling
        self.down: set[str] = set()

    def give(self, house: str, place: Place, most: int) -> list[Place]:
        items = self.held[house]
        if place != BEGINNING:
            items = [item for item in items if (item < place if self.falling else item > place)]
        return items[:most]

    def page(self, page: Page) -> tuple[list[Place], str]:
        places = places_of(page, HOUSES)
        found = {name: self.give(name, place, page.size + 1) for name, place in places.items() if name not in self.down}
        merged = merge(found, places, page.size, lambda item: item, falling=self.falling)
        return merged.items, token_of(merged.places, found, {"status": 1})

    def walk(self, size: int) -> list[list[Place]]:
        token, pages = "", []
        while True:
            items, token = self.page(page_of(size, token, {"status": 1}))
            pages.append(items)
            if not token:
                return pages


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
def test_pages_together_are_the_whole_list_in_order(size: int, falling: bool) -> None:
    chance = random.Random(7)
    held: dict[str, list[Place]] = {
        house: [(chance.randrange(9), f"{house}-{number}") for number in range(amount)]
        for house, amount in zip(HOUSES, (11, 0, 5), strict=True)
    }
    pages = Shelf(held, falling=falling).walk(size)
    every = sorted((item for items in held.values() for item in items), reverse=falling)
    assert [item for page in pages for item in page] == every
    assert all(len(page) == size for page in pages[:-1])


def test_the_last_full_page_says_that_it_is_the_last() -> None:
    assert Shelf({"chat": [(1, "a"), (2, "b")], "control": [], "memory": []}).walk(2) == [[(1, "a"), (2, "b")]]


def test_the_same_place_in_two_houses_is_two_things() -> None:
    shelf = Shelf({"chat": [("e", "reader")], "control": [], "memory": [("e", "reader")]})
    assert shelf.walk(1) == [[("e", "reader")], [("e", "reader")]]


def test_a_house_that_does_not_answer_is_asked_again_on_the_next_page() -> None:
    shelf = Shelf({"chat": [(1, "a"), (3, "c")], "control": [(2, "b")], "memory": []})
    shelf.down = {"control"}
    items, token = shelf.page(page_of(1, "", {"status": 1}))
    assert items == [(1, "a")]
    shelf.down = set()
    items, token = shelf.page(page_of(5, token, {"status": 1}))
    assert (items, token) == ([(2, "b"), (3, "c")], "")


def test_a_house_that_never_answers_is_no_list_without_end() -> None:
    shelf = Shelf({"chat": [(1, "a")], "control": [(2, "b")], "memory": []})
    shelf.down = {"control"}
    assert shelf.walk(1) == [[(1, "a")]]


@pytest.mark.parametrize(
    "token",
    [
        next_page_token(["chat", "e"], {"status": 1}),
        next_page_token(["edge", "e", "reader"], {"status": 1}),
        next_page_token(["chat", "e", "reader"], {"status": 2}),
        "e30",
        "?",
    ],
    ids=["torn", "another house", "another filter", "not ours", "no base64"],
)
def test_a_token_of_another_list_is_refused(token: str) -> None:
    with pytest.raises(SomaError) as refused:
        places_of(page_of(1, token, {"status": 1}), HOUSES)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert "page_token" in refused.value.sentence
