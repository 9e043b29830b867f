"""What counts as the same text, and what is not worth keeping."""

import pytest

from servers.memory.domain.noise import normalised, why_noise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Trento.", "  i live   in trento"),
        ("I live in Trento!", "(I live in Trento)"),
        ("My flat: two rooms, one bath", "my flat two rooms one bath"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
    ],
)
def test_texts_that_differ_in_form_only_are_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I write C# at work", "I write C++ at work"),
        ("It was -5 degrees", "It was 5 degrees"),
        ("The dose is .5 mg", "The dose is 5 mg"),
        ("The dose is 1.5 mg", "The dose is 1 5 mg"),
        ("My favourite is 🍕 always", "My favourite is 🍔 always"),
        ("मुझे की पसंद है", "मुझे का पसंद है"),
        ("Costs rose by 5%", "Costs rose by 5"),
    ],
)
def test_texts_that_say_something_else_are_not_the_same(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("   ", "it has no words"),
        ("?!… --", "it has no words"),
        ("\u200b\u2060", "it has no words"),
        ("Hi! 👋", "it only greets or thanks"),
        ("Thank-you, bye.", "it only greets or thanks"),
        ("As an AI language model I cannot", "it is boilerplate"),
    ],
)
def test_noise_is_named(text: str, why: str) -> None:
    assert why_noise(text, ()) == why


def test_what_was_recalled_is_not_learned_again() -> None:
    recalled = ("Ada said: I live in Trento, near the river.",)
    assert why_noise("I live in Trento", recalled) == "it was itself recalled in this turn"
    assert why_noise("I live in Bolzano", recalled) is None
