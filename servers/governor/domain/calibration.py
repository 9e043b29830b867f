"""How well AIQ was predicted for a model: errors over settled turns, in ten bins of predicted AIQ.

Nothing here corrects a prediction, and nothing does: a prediction that is off is shown to be off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Sums are whole numbers of this part of a point.
MILLIONTHS: Final = 1_000_000
BIN_WIDTH: Final = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Sums over the turns whose predicted AIQ lies in [10 · number, 10 · number + 10), in millionths of a point."""

    number: int
    turns: int
    predicted: int
    observed: int
    absolute_error: int

    @property
    def mean_predicted(self) -> float:
        """Mean predicted AIQ."""
        return self.predicted / self.turns / MILLIONTHS

    @property
    def mean_observed(self) -> float:
        """Mean observed AIQ."""
        return self.observed / self.turns / MILLIONTHS


@dataclass(frozen=True, slots=True)
class Calibration:
    """The bins of one model that have turns, by their number."""

    model: str
    bins: Sequence[CalibrationBin]

    @property
    def turns(self) -> int:
        """Settled turns."""
        return sum(each.turns for each in self.bins)

    @property
    def mean_error(self) -> float:
        """Mean of observed minus predicted."""
        return sum(each.observed - each.predicted for each in self.bins) / self.turns / MILLIONTHS

    @property
    def mean_absolute_error(self) -> float:
        """Mean of |observed − predicted|."""
        return sum(each.absolute_error for each in self.bins) / self.turns / MILLIONTHS

    @property
    def expected_calibration_error(self) -> float:
        """`Σ over bins of turns/all · |mean observed − mean predicted|`, 0-100 (Naeini, Cooper, Hauskrecht 2015)."""
        return sum(abs(each.observed - each.predicted) for each in self.bins) / self.turns / MILLIONTHS
