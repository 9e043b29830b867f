"""Knobs and facts: small tables over words and numbers."""

import pytest

from servers.chat.domain.facts import is_correction, novelty, urgency
from servers.chat.domain.knobs import derive, longest_answer


@pytest.mark.parametrize(
    ("intelligence", "temperature", "output", "rounds", "recall", "tier"),
    [
        (1, 0.3, 512, 1, 5, "budget"),
        (3, 0.3, 512, 1, 5, "budget"),
        (5, 0.7, 2048, 2, 15, "standard"),
        (7, 0.8, 4096, 3, 25, "premium"),
        (10, 0.9, 8192, 5, 50, "flagship"),
    ],
)
def test_intelligence_sets_five_things(
    intelligence: int, temperature: float, output: int, rounds: int, recall: int, tier: str
) -> None:
    knobs = derive(intelligence, 100_000)
    found = (knobs.temperature, knobs.max_output_tokens, knobs.max_tool_rounds, knobs.recall_limit, knobs.model_tier)
    assert found == (temperature, output, rounds, recall, tier)


@pytest.mark.parametrize(
    ("micros", "tokens"),
    [(0, 1_000), (99_999, 1_000), (100_000, 10_000), (500_000, 50_000), (2_000_000, 100_000)],
)
def test_resource_bounds_the_tokens_of_a_turn(micros: int, tokens: int) -> None:
    assert derive(5, micros).turn_token_limit == tokens


def test_a_wish_for_length_wins_within_the_models_limit() -> None:
    knobs = derive(5, 100_000)
    assert longest_answer(knobs, None, 4096) == 2048
    assert longest_answer(knobs, 3000, 4096) == 3000
    assert longest_answer(knobs, 9000, 4096) == 4096


def test_novelty_is_what_the_best_memory_leaves() -> None:
    assert novelty([]) == 1.0
    assert novelty([0.25, 0.75]) == 0.25
    assert novelty([1.4]) == 0.0


def test_haste_is_heard() -> None:
    assert urgency("could you look at this some time") == 0.0
    assert urgency("This is urgent, I need it right now!") > 0.9
    assert 0 < urgency("please, quickly") < 1


def test_a_correction_needs_an_answer_before_it() -> None:
    assert is_correction("No, that's wrong.", True)
    assert not is_correction("No, that's wrong.", False)
    assert not is_correction("Nothing else, thank you", True)
