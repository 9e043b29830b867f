"""Errors of prediction, with numbers worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.governor.domain.calibration import MILLIONTHS, Calibration, CalibrationBin
from servers.governor.encoding.calibration import calibration_message

TWO_BINS = Calibration(
    "m",
    (
        # predicted 62 and 68, observed 80 and 60: errors +18 and −8
        CalibrationBin(6, 2, 130 * MILLIONTHS, 140 * MILLIONTHS, 26 * MILLIONTHS),
        # predicted 91, 92 and 93, observed 100, 50 and 60: errors +9, −42 and −33
        CalibrationBin(9, 3, 276 * MILLIONTHS, 210 * MILLIONTHS, 84 * MILLIONTHS),
    ),
)


def test_errors_are_means_over_turns_and_the_calibration_error_over_bins() -> None:
    assert TWO_BINS.turns == 5
    assert TWO_BINS.mean_error == pytest.approx((10 - 66) / 5)
    assert TWO_BINS.mean_absolute_error == pytest.approx((26 + 84) / 5)
    # 2/5 · |70 − 65| + 3/5 · |70 − 92|
    assert TWO_BINS.expected_calibration_error == pytest.approx(2 / 5 * 5 + 3 / 5 * 22)


def test_a_calibration_is_told_with_its_bins() -> None:
    message = calibration_message(TWO_BINS)
    assert (message.model, message.turns) == ("m", 5)
    assert message.expected_calibration_error == pytest.approx(15.2)
    assert [(getattr(part, "from"), part.turns) for part in message.bins] == [(60, 2), (90, 3)]
    assert [(part.mean_predicted, part.mean_observed) for part in message.bins] == [(65, 70), (92, 70)]


turns = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=30)


@given(turns)
def test_the_calibration_error_lies_between_the_other_two(
    seen: list[tuple[float, float]],
) -> None:
    bins: dict[int, list[tuple[int, int]]] = {}
    for predicted, observed in seen:
        whole = round(predicted * MILLIONTHS), round(observed * MILLIONTHS)
        bins.setdefault(min(9, int(predicted // 10)), []).append(whole)
    found = Calibration(
        "m",
        tuple(
            CalibrationBin(
                number, len(of), sum(p for p, _ in of), sum(o for _, o in of), sum(abs(o - p) for p, o in of)
            )
            for number, of in sorted(bins.items())
        ),
    )
    assert abs(found.mean_error) <= found.expected_calibration_error + 1e-9
    assert found.expected_calibration_error <= found.mean_absolute_error + 1e-9 <= 100 + 1e-9
