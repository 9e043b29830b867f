"""Words as they are indexed and looked for, in the scripts that people write."""

import pytest

from servers.chat.domain.words import LONGEST_WORD, Occurrence, Wanted, occurrences, wanted_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", {"hello", "world"}),
        ("snake_case and kebab-case", {"snake", "case", "and", "kebab"}),
        ("Straße STRASSE", {"strasse"}),
        ("ＦＵＬＬ width ﬁne", {"full", "width", "fine"}),
        ("cafe\u0301 café", {"café"}),
        ("İstanbul", {"i\u0307stanbul"}),
        ("हिन्दी भाषा।", {"हिन्दी", "भाषा"}),
        ("3.14 and 007", {"3", "14", "and", "007"}),
        ("東京都", {"東京", "京都", "都"}),
        ("東京tower", {"東京", "京", "tower"}),
        ("한국어 말", {"한국", "국어", "어", "말"}),
        ("🙂 … --", set()),
    ],
)
def test_words_of_texts(text: str, words: set[str]) -> None:
    assert set(words_of(text)) == words
    assert words_of(text) == [occurrence.word for occurrence in occurrences(text)]


def test_words_know_where_they_stand() -> None:
    text = "Say: Äpfel, 東京!"
    assert [(it.word, text[it.start : it.end]) for it in occurrences(text)] == [
        ("say", "Say"),
        ("äpfel", "Äpfel"),
        ("東京", "東京"),
        ("京", "京"),
    ]


def test_a_run_that_normalising_moves_stands_for_its_words() -> None:
    assert list(occurrences("a ﬁsh")) == [Occurrence("a", 0, 1), Occurrence("fish", 2, 5)]
    assert [(it.word, it.start, it.end) for it in occurrences("x ½")] == [("x", 0, 1), ("1", 2, 3), ("2", 2, 3)]


def test_a_query_asks_for_each_word_once_and_for_beginnings() -> None:
    assert wanted_words("Budget quart* budget") == (Wanted("budget"), Wanted("quart", is_prefix=True))
    assert wanted_words("東京都") == (Wanted("東京"), Wanted("京都"))
    assert wanted_words("京") == (Wanted("京", is_prefix=True),)
    assert wanted_words("* … !") == ()


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        (Wanted("quart"), ["quart"], ["quar", "quarter", "quar\U0010fffe"]),
        (Wanted("quart", is_prefix=True), ["quart", "quarter", "quartz", "quart\U00020000"], ["quar", "quaru"]),
        (Wanted("東", is_prefix=True), ["東", "東京"], ["木", "京"]),
    ],
)
def test_the_words_that_fit_are_a_range_of_code_points(wanted: Wanted, inside: list[str], outside: list[str]) -> None:
    for word in inside:
        assert wanted.word <= word < wanted.beyond
        assert wanted.fits(word)
    for word in outside:
        assert not wanted.word <= word < wanted.beyond
        assert not wanted.fits(word)


def test_a_long_run_is_found_by_its_beginning() -> None:
    blob = "a" * 5_000
    assert words_of(blob) == ["a" * LONGEST_WORD]
    assert wanted_words(blob) == (Wanted("a" * LONGEST_WORD),)
