"""The laws of adaptation by their numbers, and the words for what a feedback taught."""

from dataclasses import replace

import pytest

from servers.cognitive.domain.adaptation import (
    FIRST,
    Adaptation,
    Feedback,
    Shares,
    Weights,
    learn,
    shares_of,
    signal_of,
    utility,
    within,
)
from servers.cognitive.domain.lessons import cause_of, sentence_of

BY_LINKS = Shares(vector=0.2, graph=0.6, lexical=0.2)
GOOD = Feedback(1.0, 0.05, BY_LINKS, memories_used=3)


def told(before: Adaptation, feedback: Feedback) -> str:
    return sentence_of(before, learn(before, feedback), feedback)


def test_a_weight_moves_by_the_rate_the_signal_and_the_share_beyond_the_mean() -> None:
    after = learn(FIRST, replace(GOOD, signal=0.5, rate=0.1))
    assert after.weights.graph == pytest.approx(0.2 + 0.1 * 0.5 * (0.6 - 0.2 / 2.3))
    assert after.weights.vector == pytest.approx(1.0 + 0.1 * 0.5 * (0.2 - 1.0 / 2.3))


def test_what_is_always_found_so_becomes_the_mean_and_moves_less_and_less() -> None:
    now, steps = FIRST, []
    for _ in range(60):
        before, now = now, learn(now, GOOD)
        steps.append(now.weights.graph - before.weights.graph)
    assert steps == sorted(steps, reverse=True)
    assert steps[1] == pytest.approx(0.9 * steps[0])
    assert now.mean_shares.graph == pytest.approx(0.6, abs=0.002)


def test_tau_cools_by_one_percent_every_ten_feedbacks_and_not_below_its_least() -> None:
    now, taus = FIRST, []
    for _ in range(3_000):
        now = learn(now, GOOD)
        taus.append(now.weights.temperature)
    assert taus[8] == 0.7
    assert taus[9] == taus[18] == pytest.approx(0.7 * 0.99)
    assert taus[19] == pytest.approx(0.7 * 0.99**2)
    assert taus[-1] == 0.05


def test_a_changed_judgement_is_no_new_turn() -> None:
    once = replace(learn(FIRST, GOOD), feedback_count=10)
    after = learn(once, replace(GOOD, signal=-2.0, again=True))
    assert (after.feedback_count, after.mean_shares) == (10, once.mean_shares)
    assert after.weights.temperature == 0.7
    assert after.weights.graph < FIRST.weights.graph


@pytest.mark.parametrize(
    ("shares", "characters", "memories", "expected"),
    [
        (Shares(), 0, 0, 0.0),
        (Shares(vector=1.0), 0, 0, 1.0),
        (Shares(graph=0.5, recency=0.5), 0, 0, 0.15),
        (Shares(vector=1.0), 2048, 0, 0.8),
        (Shares(vector=1.0), 0, 10, 0.95),
        (Shares(lexical=1.0), 1024, 20, 0.8),
    ],
)
def test_a_utility_is_what_was_found_less_length_and_number(
    shares: Shares, characters: int, memories: int, expected: float
) -> None:
    assert utility(FIRST.weights, shares, characters, memories) == pytest.approx(expected)


def test_bad_feedback_on_a_long_answer_of_many_memories_makes_length_and_number_dearer() -> None:
    after = learn(FIRST, replace(GOOD, signal=-1.0, characters=4096, memories_used=20)).weights
    assert after.mu > FIRST.weights.mu
    assert after.nu > FIRST.weights.nu
    assert after.benefit < FIRST.weights.benefit


def test_no_weight_of_a_retriever_is_under_one_percent_of_all() -> None:
    low = within(Weights(vector=5.0, graph=0.0, recency=0.0, lexical=5.0))
    assert low.graph == low.recency == pytest.approx(10.0 / 98.0)
    alone = within(Weights(vector=5.0, graph=5.0, recency=0.0, lexical=0.0))
    assert (alone.vector, alone.graph) == (5.0, 5.0)
    assert alone.recency == alone.lexical == pytest.approx(10.0 / 98.0)


@pytest.mark.parametrize(
    ("reward", "own", "signal"),
    [(0.5, 0.25, 0.75), (1.0, 1.0, 1.0), (-1.0, -0.5, -1.0), (1.0, -1.0, 0.0), (float("nan"), 1.0, 0.0)],
)
def test_reward_and_an_own_measure_are_added_and_clamped(reward: float, own: float, signal: float) -> None:
    assert signal_of(reward, own) == signal


def test_shares_of_more_than_all_are_taken_in_proportion() -> None:
    assert shares_of((1.0, 1.0, 0.0, -1.0)) == Shares(vector=0.5, graph=0.5)
    assert shares_of((0.25, float("nan"), 0.5, 0.0)) == Shares(vector=0.25, recency=0.5)


def test_the_words_name_what_moved_most() -> None:
    assert told(FIRST, GOOD) == (
        "Links found 0.60 of what was used and 0.09 on the average, so their weight rose from 0.20 to 0.23."
    )
    assert told(FIRST, replace(GOOD, signal=-1.0)) == (
        "Links found 0.60 of what was used and 0.09 on the average, and the answer was judged badly, "
        "so their weight fell from 0.20 to 0.17."
    )
    assert told(FIRST, replace(GOOD, shares=Shares(vector=1.0), rate=0.001)) == (
        "Nearness in meaning found 1.00 of what was used and 0.43 on the average, "
        "so its weight rose from 1.000 to 1.001."
    )


def test_the_words_say_why_nothing_moved() -> None:
    assert told(FIRST, replace(GOOD, signal=0.0)) == "Neutral feedback counts and moves no weight of a retriever."
    assert "does not learn now" in told(FIRST, replace(GOOD, rate=0.0))
    usual = replace(FIRST, mean_shares=BY_LINKS)
    assert told(usual, GOOD) == "Every retriever found as much as on the average, so no weight moved."
    ends = Weights(vector=5.0, graph=5.0, recency=1.0, lexical=5.0)
    apart = replace(FIRST, weights=ends, mean_shares=Shares())
    assert told(apart, replace(GOOD, shares=Shares(vector=0.5, graph=0.5))).endswith(
        "ends of their ranges, so none moved."
    )


@pytest.mark.parametrize(
    ("feedback", "cause"),
    [
        (GOOD, "Positive feedback on a turn whose memories were found mostly by links."),
        (
            replace(GOOD, signal=-1.0, shares=Shares(lexical=1.0)),
            "Negative feedback on a turn whose memories were found mostly by words.",
        ),
        (
            replace(GOOD, signal=-2.0, again=True, shares=Shares(vector=1.0)),
            "Negative change of feedback on a turn whose memories were found mostly by nearness in meaning.",
        ),
        (
            replace(GOOD, signal=0.0, shares=Shares(recency=1.0)),
            "Neutral feedback on a turn whose memories were found mostly by recency.",
        ),
    ],
)
def test_the_history_says_what_made_a_version(feedback: Feedback, cause: str) -> None:
    assert cause_of(feedback) == cause
