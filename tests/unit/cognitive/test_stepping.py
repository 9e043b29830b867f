"""Options for a goal by rules: its own parts, the ways it names, or what helps with any goal."""

import pytest

from servers.cognitive.domain.stepping import by_rules

STEPS = {
    "Find the missing invoice, then ask the supplier and then book it.": [
        "Find the missing invoice",
        "Ask the supplier",
        "Book it",
    ],
    "1. wash the car\n2. dry it\n3) polish it": ["Wash the car", "Dry it", "Polish it"],
    "- read the letter\n- answer it": ["Read the letter", "Answer it"],
    "Paint the wall. Mount the shelf; clean up.": ["Paint the wall", "Mount the shelf", "Clean up"],
    "Fix it and finally tell Bob": ["Fix it", "Tell Bob"],
    "Prüfe den Vertrag. Unterschreibe ihn.": ["Prüfe den Vertrag", "Unterschreibe ihn"],
    "买菜。做饭。": ["买菜", "做饭"],
    "Wash it. Wash it. Dry it.": ["Wash it", "Dry it"],
}
WAYS = {
    "Decide whether to rent or buy": ["Rent", "Buy"],
    "Should we take the train, the bus or the car?": ["Take the train", "The bus", "The car"],
    "Choose between tea and coffee": ["Tea", "Coffee"],
    "Learn Rust: the book or a course": ["The book", "A course"],
}
WHOLE = (
    "Write the release notes",
    "Version 1.5 of the tool",
    "Should we repair it in May?",
    "Compare: speed, price",
    "???",
)


@pytest.mark.parametrize(("goal", "steps"), STEPS.items())
def test_a_goal_with_parts_is_its_parts_in_their_order(goal: str, steps: list[str]) -> None:
    drafts = by_rules(goal, 16)
    assert [draft.text for draft in drafts] == steps
    assert [draft.score for draft in drafts] == sorted({draft.score for draft in drafts}, reverse=True)
    assert drafts[0].reason == f"It is step 1 of {len(steps)} of the goal."


@pytest.mark.parametrize(("goal", "ways"), WAYS.items())
def test_a_goal_that_names_ways_has_these(goal: str, ways: list[str]) -> None:
    drafts = by_rules(goal, 16)
    assert [draft.text for draft in drafts] == ways
    assert len({draft.score for draft in drafts}) == 1


@pytest.mark.parametrize("goal", WHOLE)
def test_a_goal_in_one_piece_gets_what_helps_with_any(goal: str) -> None:
    drafts = by_rules(goal, 5)
    assert len(drafts) == 5
    assert all(draft.text.endswith(goal) and draft.reason for draft in drafts)
    assert len({draft.score for draft in drafts}) == 5


def test_no_more_than_wanted_and_never_none() -> None:
    for goal in (*STEPS, *WAYS, *WHOLE):
        assert len(by_rules(goal, 1)) == 1


def test_a_long_goal_is_shown_in_short() -> None:
    for draft in by_rules("word " * 800, 5):
        assert len(draft.text) < 400
        assert draft.text.endswith("…")
