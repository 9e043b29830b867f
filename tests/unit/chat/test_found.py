"""How well a text fits a query, and the place of it that is shown."""

import pytest

from servers.chat.domain.found import LONGEST_SNIPPET, Rarity, matches, score, snippet
from servers.chat.domain.words import wanted_words


def marked(text: str, query: str) -> list[str]:
    found = snippet(text, wanted_words(query))
    assert len(found.text) <= LONGEST_SNIPPET
    return [found.text[start:end] for start, end in found.spans]


def test_all_words_must_occur() -> None:
    text = "The budget of the third quarter."
    assert matches(text, wanted_words("quarter BUDGET"))
    assert matches(text, wanted_words("quart* budget"))
    assert not matches(text, wanted_words("quart budget"))


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    found = snippet("One\ntwo\tthree", wanted_words("two"))
    assert (found.text, found.spans) == ("One two three", ((4, 7),))


def test_of_a_long_text_the_place_with_most_words_is_shown() -> None:
    text = "budget " + "filler " * 200 + "the budget of the third quarter was cut " + "filler " * 200
    found = snippet(text, wanted_words("budget quarter"))
    assert "budget of the third quarter" in found.text
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert marked(text, "budget quarter") == ["budget", "quarter"]


@pytest.mark.parametrize("query", ["東京都", "ﬁsh", "ÄPFEL", "quart*"])
def test_spans_count_characters_of_what_is_shown(query: str) -> None:
    text = "🙂" * 300 + " 東京都 fish Äpfel quarterly " + "🙂" * 300
    assert marked(text, query)[0].casefold() in {"東京都", "fish", "äpfel", "quarterly"}


def test_overlapping_pairs_are_one_span() -> None:
    assert snippet("東京都に", wanted_words("東京都")).spans == ((0, 3),)


def test_rare_words_repeats_and_new_messages_weigh_more() -> None:
    wanted = wanted_words("budget")
    weights = Rarity(1000, (10,)).weights()
    assert weights > Rarity(1000, (900,)).weights()
    once, twice = score("budget and more", wanted, weights, 0), score("budget, budget and more", wanted, weights, 0)
    assert twice > once > score("budget and more", wanted, weights, 365) > 0
    assert once > score("budget " + "and more " * 300, wanted, weights, 0)
