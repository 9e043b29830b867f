"""Rows of the table and their verdicts."""

import math

import pytest

from bench.rows import Row, Target, Verdict


@pytest.mark.parametrize(
    ("value", "peer", "target", "verdict"),
    [
        (160.0, 100.0, Target(1.6), Verdict.MET),
        (161.0, 100.0, Target(1.6), Verdict.MISSED),
        (60.0, 100.0, Target(0.6, at_most=False), Verdict.MET),
        (59.0, 100.0, Target(0.6, at_most=False), Verdict.MISSED),
        (59.0, None, Target(0.6, at_most=False), Verdict.NO_PEER),
        (59.0, 0.0, Target(0.6), Verdict.NO_PEER),
        (59.0, 100.0, None, Verdict.NONE),
        (50.0, None, Target(50.0, of_ratio=False), Verdict.MET),
        (50.1, 10.0, Target(50.0, of_ratio=False), Verdict.MISSED),
        (math.nan, None, Target(50.0, of_ratio=False), Verdict.NO_PEER),
    ],
)
def test_a_target_judges_the_ratio_or_the_value(
    value: float, peer: float | None, target: Target | None, verdict: Verdict
) -> None:
    assert Row("x", value, "ms", "peer", peer, target).verdict is verdict


def test_a_row_tells_value_peer_ratio_target_and_verdict() -> None:
    row = Row("chunks per second", 12021.0, "/s", "bare path", 5841.0, Target(0.6, at_most=False))
    assert row.cells() == ("chunks per second", "12,021 /s", "bare path: 5,841 /s", "2.06 ×", "≥ 0.6 ×", "met")


def test_a_peer_that_is_not_there_is_said_to_be_missing() -> None:
    row = Row("CPU per chunk", 100.0, "µs", "LiteLLM proxy", None, Target(0.5))
    assert row.cells() == ("CPU per chunk", "100 µs", "LiteLLM proxy: no peer", "", "≤ 0.5 ×", "no peer")
