"""When a fact stands for a source, so that the source may rest: never for somebody else's."""

import pytest

from servers.memory.domain.grounding import said, stands_for


@pytest.mark.parametrize(
    ("fact", "source"),
    [
        ("Boris plays chess with the neighbour on Sunday.", "Boris plays chess with the neighbour."),
        ("Ada and Bob drink green tea every morning.", "Every morning Bob drinks green tea."),
        ("The user likes green tea.", "Likes green tea."),
    ],
)
def test_a_fact_stands_for_what_says_the_same(fact: str, source: str) -> None:
    assert stands_for(said(fact), said(source))


@pytest.mark.parametrize(
    ("fact", "source"),
    [
        ("Boris plays chess with the neighbour on Sunday.", "Elif plays chess with the neighbour on Sunday."),
        ("Boris plays chess with the neighbour on Sunday.", "On Sunday Elif plays chess with the neighbour."),
        ("Ada drinks green tea in the office.", "It is late. Bob drinks green tea in the office."),
        ("Ada drinks 2 cups of tea.", "Ada drinks 3 cups of tea."),
        ("Ada drinks green tea.", "Ada never drinks green tea."),
    ],
)
def test_it_stands_for_nobody_else_and_for_no_other_number(fact: str, source: str) -> None:
    assert not stands_for(said(fact), said(source))
