"""The checker of budgets finds what it is there to find."""

import pytest

from tests.chaos.budgets.checker import Sent, Watch, compare


def row(**fields: int | str) -> dict[str, int | str]:
    return {
        "scope": "user",
        "scope_id": "ada",
        "period": "day",
        "limit_tokens": 100,
        "used_tokens": 60,
        "held_tokens": 40,
        "open_tokens": 40,
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"limit_tokens": 0, "used_tokens": 900}, []),
        ({"used_tokens": 61}, ["user ada day: 101 of 100 used or held"]),
        ({"open_tokens": 39}, ["user ada day: 40 held, but 39 in open holds"]),
    ],
)
def test_a_look_finds_what_is_beyond_a_limit_or_held_by_nobody(fields: dict[str, int], found: list[str]) -> None:
    seen = Watch()
    seen.take([row(**fields)])
    assert seen.found == found


@pytest.mark.parametrize(
    ("booked", "whole", "disturbed", "sound"),
    [
        (110, True, False, True),
        (109, True, False, False),
        (111, True, False, False),
        (60, False, False, False),
        (100, False, True, True),
        (91, False, True, False),
        (60, False, True, False),
        (0, True, True, False),
        (219, False, True, False),
    ],
)
def test_a_turn_must_be_as_the_upstream_counted_it(booked: int, whole: bool, disturbed: bool, sound: bool) -> None:
    found, sums = compare({3: booked}, [Sent(3, 100, 10, whole)], {3: 1} if disturbed else {})
    assert (found == []) == sound
    assert (sums["ledger"], sums["upstream"]) == (booked, 110)


def test_what_only_one_side_knows_is_found() -> None:
    assert compare({1: 5}, [], {})[0] == ["turn 1: 5 booked, 0 counted upstream, and nothing had disturbed it"]
    assert len(compare({}, [Sent(1, 5, 5, True)], {})[0]) == 1
