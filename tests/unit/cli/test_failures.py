"""What a person is told beside the sentence of a failure: what to do, and when."""

import pytest

from cli.exits import CommandError, Exit
from cli.failures import by_option, explained
from soma_common.kernel.errors import FieldViolation, SomaError, invalid_field
from soma_common.kernel.reasons import Reason

SPENT = {"scope": "user", "period": "day", "used": "9", "limit": "10", "unit": "tokens", "resets_at": "tomorrow"}


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (
            SomaError(Reason.BUDGET_EXHAUSTED, SPENT, retry_after_seconds=7260),
            "There may be room again in 2 h 1 min. `somastack budget show` shows every budget that applies",
        ),
        (
            SomaError(Reason.BUDGET_EXHAUSTED, SPENT),
            "tomorrow; an administrator can raise it.\n`somastack budget show`",
        ),
        (SomaError(Reason.RATE_LIMITED, {"limit": "5"}, retry_after_seconds=11.2), "There is room again in 12 s."),
        (SomaError(Reason.LEVEL_TOO_LOW, {"level": "L3", "min_level": "L1"}), "`somastack level` says why"),
    ],
)
def test_a_refusal_says_what_to_do_and_when(failure: SomaError, advice: str) -> None:
    assert explained(failure).startswith(failure.sentence)
    assert advice in explained(failure)


def test_what_an_option_gave_is_refused_by_its_name() -> None:
    with pytest.raises(CommandError) as refused, by_option({"valid_from_time": "--since"}):
        raise invalid_field("valid_from_time", "it lies in the future")
    assert (refused.value.sentence, refused.value.code) == (
        "--since is not acceptable: it lies in the future.",
        Exit.WRONG_USE,
    )
    for other in (invalid_field("text", "it is empty"), SomaError(Reason.RATE_LIMITED, {"limit": "5"})):
        with pytest.raises(SomaError) as kept, by_option({"valid_from_time": "--since"}):
            raise other
        assert kept.value is other


def test_every_mistake_is_told() -> None:
    mistakes = (FieldViolation("weights", "they sum to 2"), FieldViolation("bounds", "they do not fit"))
    wrong = SomaError(Reason.INVALID_FIELD, {"field": "weights", "rule": "they sum to 2"}, violations=mistakes)
    assert explained(wrong) == f"{wrong.sentence}\n  bounds: they do not fit"


@pytest.mark.parametrize(
    "failure",
    [SomaError(Reason.CONFLICT), SomaError(Reason.RATE_LIMITED, {"limit": "5"}), CommandError("Give a name.")],
)
def test_a_sentence_that_says_all_stands_alone(failure: SomaError | CommandError) -> None:
    assert explained(failure) == failure.sentence
