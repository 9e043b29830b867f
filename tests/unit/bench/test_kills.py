"""The verdict on kills, as the program of the chaos tests says it."""

import pytest

from bench.arms.arm import LegError
from bench.figures.kills import verdict_of


def test_a_clean_verdict_has_no_violation() -> None:
    said = "seed 7\nkafka: 200 random kills and 14 failpoints, 5321 events: 0 lost, 0 doubled, 0 inverted\n"
    assert verdict_of(said) == (200, 5321, 0)


def test_violations_are_counted() -> None:
    said = "seed 7\nbus: 20 random kills and 14 failpoints, 812 events: 3 violations\n  lost: 1\n  lost: 2\n  lost: 3\n"
    assert verdict_of(said) == (20, 812, 3)


def test_no_verdict_is_no_success() -> None:
    with pytest.raises(LegError, match="no verdict"):
        verdict_of("seed 7\n")
