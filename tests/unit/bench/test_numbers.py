"""Percentiles, and figures in words."""

import math

import pytest

from bench.numbers import in_words, median, percentile


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile(values, 100) == 100
    assert percentile(values, 0) == 1
    assert median([3.0, 1.0, 2.0]) == 2


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 99))


@pytest.mark.parametrize(
    ("value", "words"), [(0.01234, "0.0123"), (1.5, "1.5"), (41.04, "41.0"), (12021.4, "12,021"), (math.nan, "–")]
)
def test_figures_have_three_digits(value: float, words: str) -> None:
    assert in_words(value) == words
