"""What follows a model call that failed."""

import pytest

from servers.chat.domain.fallback import (
    PATIENCE_SECONDS,
    RULES,
    Move,
    Standing,
    most_useful,
    move_after,
    pause_seconds,
    switch_sentence,
    why_of,
)
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

MODEL_REASONS = [reason for reason in Reason if reason.value.startswith("MODEL_")]


def failed(reason: Reason, model: str = "a", wait: float | None = None) -> SomaError:
    return SomaError(reason, {"model": model, "problem": "HTTP 503"}, retry_after_seconds=wait)


def standing(*, tries: int = 1, amid: bool = False, others: bool = False, resumed: bool = False) -> Standing:
    return Standing(tries, 3, amid, others, resumed)


@pytest.mark.parametrize("reason", [*MODEL_REASONS, Reason.SECRETS_UNAVAILABLE])
@pytest.mark.parametrize("amid", [False, True])
def test_every_failure_leads_to_another_model_but_the_verdict_of_a_filter(reason: Reason, amid: bool) -> None:
    move = move_after(failed(reason), standing(tries=3, amid=amid, others=True))
    assert move is (Move.END if reason is Reason.MODEL_CONTENT_FILTERED else Move.NEXT)
    assert move_after(failed(reason), standing(tries=3, amid=amid, resumed=True)) is Move.END


@pytest.mark.parametrize(
    ("reason", "again", "resumes"),
    [
        (Reason.MODEL_UNAVAILABLE, True, True),
        (Reason.MODEL_TIMEOUT, True, True),
        (Reason.MODEL_RATE_LIMITED, True, True),
        (Reason.MODEL_PROTOCOL_ERROR, False, True),
        (Reason.MODEL_REFUSED_KEY, False, False),
        (Reason.MODEL_REQUEST_REFUSED, False, False),
        (Reason.MODEL_CONTENT_FILTERED, False, False),
        (Reason.MODEL_CONTEXT_OVERFLOW, False, False),
        (Reason.BUDGET_EXHAUSTED, False, False),
    ],
)
def test_a_model_alone_is_asked_again_where_that_may_help(reason: Reason, again: bool, resumes: bool) -> None:
    assert (move_after(failed(reason), standing()) is Move.AGAIN) is again
    assert (move_after(failed(reason), standing(amid=True)) is Move.AGAIN) is resumes


def test_tries_are_counted_and_fewer_where_others_wait() -> None:
    error = failed(Reason.MODEL_UNAVAILABLE)
    assert [move_after(error, standing(tries=tries)) for tries in (1, 2, 3)] == [Move.AGAIN, Move.AGAIN, Move.END]
    assert [move_after(error, standing(tries=tries, others=True)) for tries in (1, 2)] == [Move.AGAIN, Move.NEXT]


def test_silence_is_not_waited_for_twice_where_others_wait() -> None:
    assert move_after(failed(Reason.MODEL_TIMEOUT), standing(others=True)) is Move.NEXT


@pytest.mark.parametrize(
    ("wait", "alone", "with_others"),
    [(0.5, Move.AGAIN, Move.AGAIN), (2.0, Move.AGAIN, Move.NEXT), (PATIENCE_SECONDS + 1, Move.END, Move.NEXT)],
)
def test_a_rate_limit_is_waited_for_within_reason(wait: float, alone: Move, with_others: Move) -> None:
    error = failed(Reason.MODEL_RATE_LIMITED, wait=wait)
    assert move_after(error, standing()) is alone
    assert move_after(error, standing(others=True)) is with_others
    assert pause_seconds(error) == wait


def test_a_turn_ends_with_the_failure_that_says_most() -> None:
    failures = [
        failed(Reason.MODEL_UNAVAILABLE, "a", 2.0),
        failed(Reason.MODEL_RATE_LIMITED, "b", 40.0),
        failed(Reason.MODEL_RATE_LIMITED, "c", 7.0),
        failed(Reason.MODEL_REFUSED_KEY, "d"),
    ]
    best = most_useful(failures)
    assert (best.reason, best.metadata["model"]) == (Reason.MODEL_RATE_LIMITED, "c")
    assert (best.retry_after_seconds, best.metadata["tried"]) == (7.0, "a, b, c, d")
    assert most_useful(failures[:1]) is failures[0]


def test_a_verdict_stands_whatever_failed_before_it() -> None:
    verdict = failed(Reason.MODEL_CONTENT_FILTERED, "b")
    assert most_useful([failed(Reason.MODEL_RATE_LIMITED, "a", 3.0), verdict]) is verdict


@pytest.mark.parametrize("reason", list(RULES))
def test_every_seam_is_a_sentence(reason: Reason) -> None:
    why = why_of(failed(reason))
    for after, amid in (("a", True), ("b", True), ("b", False)):
        sentence = switch_sentence("a", after, why, amid=amid)
        assert sentence.endswith(".")
        assert sentence.startswith("The model a ")
        assert why in sentence
