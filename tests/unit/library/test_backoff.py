"""Back-off: limits grow to the longest, chances stay inside, attempts end."""

import pytest

from soma_common.kernel.backoff import Backoff


def test_limits_double_up_to_the_longest() -> None:
    rule = Backoff(first_seconds=1, longest_seconds=10)
    assert [rule.limit_seconds(n) for n in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert rule.limit_seconds(10_000) == 10


def test_the_wait_lies_between_the_floor_and_the_limit() -> None:
    rule = Backoff(first_seconds=4, longest_seconds=100, floor=0.25)
    assert rule.wait_seconds(1, 0.0) == 1
    assert rule.wait_seconds(1, 0.5) == 2.5
    assert rule.wait_seconds(2, 0.999999) == pytest.approx(8, rel=1e-3)


def test_attempts_end() -> None:
    rule = Backoff(max_attempts=3)
    assert rule.wait_seconds(2, 0.5) is not None
    assert rule.wait_seconds(3, 0.5) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_seconds": 0.0},
        {"first_seconds": 5.0, "longest_seconds": 1.0},
        {"factor": 0.5},
        {"floor": 1.5},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Backoff(**wrong)  # type: ignore[arg-type]  # only floats are given


def test_there_is_no_wait_before_the_first_failure() -> None:
    with pytest.raises(ValueError, match="nothing to wait for"):
        Backoff().limit_seconds(0)
