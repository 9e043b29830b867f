"""What of a message is worth keeping: sentence by sentence, with the simplest facts, and never what others wrote."""

import pytest

from bench.learning.labels import judge, labelled
from servers.chat.domain.learning import Sort, explicit, worth_keeping
from servers.chat.domain.stated import Fact, fact_in


def texts(message: str, threshold: float = 0.5) -> list[str]:
    return [each.text for each in worth_keeping(message, threshold)]


def test_the_rules_are_right_about_the_half_they_were_made_by_and_nearly_about_the_other() -> None:
    made_by, held_out = labelled()
    assert len(made_by) + len(held_out) >= 120
    first = judge(made_by, lambda text: worth_keeping(text, 0.5))
    assert (first.precision, first.recall, first.facts) == (1.0, 1.0, 1.0), first.wrong
    second = judge(held_out, lambda text: worth_keeping(text, 0.5))
    assert min(second.precision, second.recall, second.facts) >= 0.9, second.wrong


def test_every_sentence_is_judged_by_itself() -> None:
    message = "Hello! My dog is called Rufus. What should I feed him? I live in Lisbon and work as a nurse."
    assert texts(message) == ["My dog is called Rufus.", "I live in Lisbon.", "I work as a nurse."]
    home_and_dog = "I live in Tampere and my dog is called Musti."
    assert texts(home_and_dog) == ["I live in Tampere.", "My dog is called Musti."]
    assert texts("I am 30 and I think so.") == ["I am 30 and I think so."]


def test_the_same_sentence_is_learned_once() -> None:
    assert texts("I love tea. I LOVE tea. I love  tea.") == ["I love tea."]


def test_no_message_teaches_more_than_a_dozen_things() -> None:
    message = "\n".join(f"I have a friend number {number}." for number in range(40))
    assert len(texts(message)) == 12


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I live in Lisbon.", "Actually, I live in Porto now."),
        ("I work as a nurse.", "I no longer work as a nurse."),
        ("My favourite colour is teal.", "No, my favorite colour is red."),
        ("I love coffee.", "I no longer like coffee."),
        ("I'm allergic to nuts.", "I'm no longer allergic to nuts."),
        ("I'm married.", "I got divorced."),
        ("My name is Ada.", "Sorry, my name is Adah, with an h."),
        ("I am vegan.", "I'm not vegan anymore."),
    ],
)
def test_a_later_fact_has_the_name_of_the_earlier_and_another_value(before: str, after: str) -> None:
    earlier, later = fact_in(before), fact_in(after)
    assert earlier is not None
    assert later is not None
    assert earlier.predicate == later.predicate
    assert earlier.object != later.object


def test_liking_two_things_replaces_neither() -> None:
    tea, rain = fact_in("I love tea."), fact_in("I love rain.")
    assert (tea, rain) == (Fact("likes tea", "yes"), Fact("likes rain", "yes"))


@pytest.mark.parametrize(
    ("said", "sort", "least"),
    [
        ("I live in Lisbon.", Sort.SEMANTIC, 0.7),
        ("From now on, answer in German.", Sort.PROCEDURAL, 0.8),
        ("I met Tom yesterday in the park.", Sort.EPISODIC, 0.5),
        ("I'm allergic to peanuts.", Sort.SEMANTIC, 0.9),
        ("Remember that the spare key is under the pot.", Sort.SEMANTIC, 0.9),
    ],
)
def test_the_sort_and_the_weight_follow_what_is_said(said: str, sort: Sort, least: float) -> None:
    (learned,) = worth_keeping(said, 0.5)
    assert learned.sort is sort
    assert least <= learned.importance <= 1.0


def test_a_higher_threshold_keeps_less() -> None:
    assert texts("My dog is called Rufus.", 0.5)
    assert not texts("My dog is called Rufus.", 0.8)


def test_who_is_meant_is_said_where_only_one_can_be() -> None:
    before = "My sister Anna lives in Porto."
    assert explicit("She is a nurse.", before) == "My sister Anna is a nurse."
    assert explicit("He is a nurse.", before) == "He is a nurse."
    assert explicit("She is a nurse.", "My sister met my mother.") == "She is a nurse."
    assert explicit("Shell scripts are fine.", before) == "Shell scripts are fine."


@pytest.mark.parametrize(
    "message",
    [
        "I am paragraph 1 of a long story. " * 100,
        "Please translate this:\nI live in Berlin.\nI love my dog.",
        "~~~\nmy secret diary: I have a dog\n~~~",
        "> I have three children.",
        "My password is hunter2.",
        "Remember my credit card number 4111 1111 1111 1111.",
        "",
        "?!",
        "\x1f\u202e",
    ],
)
def test_what_others_wrote_and_what_is_secret_is_not_learned(message: str) -> None:
    assert texts(message) == []


def test_a_very_long_message_is_judged_in_no_time() -> None:
    assert len(texts("I like " * 9_000)) <= 1
    assert texts("(" * 60_000 + "my " * 20_000) == []
