"""The four neuromodulators and the law by which they move. Pure: the same inputs give the same numbers, bit by bit.

    signal    v ← v + lr·(target − v)         lr = 0.1 · strength, target = the end of the range it pulls to
    decay     v ← v + d·(baseline − v)        once per turn, d of the table
    time      v ← b + (v − b)·2^(−t/1800)     between turns: the distance to the baseline halves every 30 minutes
    clamp     v ← min(max(v, lower), upper)   after every step

Nothing here knows what a turn is; `signals.py` says what pulls, `effects.py` what the values do.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

LEARNING_RATE: Final = 0.1
HALF_LIFE_SECONDS: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Values:
    """One number for each neuromodulator."""

    dopamine: float
    serotonin: float
    noradrenaline: float
    acetylcholine: float

    def get(self, name: str) -> float:
        """The value of that name. Raises AttributeError for another name."""
        return float(getattr(self, name))

    def with_value(self, name: str, value: float) -> "Values":
        """The same values but for one."""
        return replace(self, **{name: value})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Range and decay per turn of one neuromodulator."""

    minimum: float
    maximum: float
    decay: float

    def clamp(self, value: float) -> float:
        """The nearest value inside the range; what is not a number becomes the lower end."""
        if self.minimum <= value <= self.maximum:
            return value
        return self.maximum if value > self.maximum else self.minimum


NAMES: Final = tuple(field.name for field in fields(Values))
BASELINE: Final = Values(dopamine=0.4, serotonin=0.5, noradrenaline=0.0, acetylcholine=0.0)
BOUNDS: Final[Mapping[str, Bounds]] = {
    "dopamine": Bounds(0.0, 0.8, 0.05),
    "serotonin": Bounds(0.0, 1.0, 0.03),
    "noradrenaline": Bounds(0.0, 0.1, 0.02),
    "acetylcholine": Bounds(0.0, 0.5, 0.02),
}
_DOPAMINE, _SEROTONIN, _NORADRENALINE, _ACETYLCHOLINE = BOUNDS.values()


@dataclass(frozen=True, slots=True)
class Signal:
    """A pull on one neuromodulator towards an end of its range, with a strength of 0-1 and its cause in words."""

    name: str
    upward: bool
    strength: float
    cause: str


_PLACES: Final = {name: (place, BOUNDS[name]) for place, name in enumerate(NAMES)}


def clamp(values: Values) -> Values:
    """All values inside their ranges."""
    return _inside(values.dopamine, values.serotonin, values.noradrenaline, values.acetylcholine)


def pull(values: Values, signals: Iterable[Signal]) -> Values:
    """The values after each signal in turn; a strength that is not a number pulls on nothing."""
    moved = [values.dopamine, values.serotonin, values.noradrenaline, values.acetylcholine]
    for signal in signals:
        place, bounds = _PLACES[signal.name]
        strength = 0.0 if math.isnan(signal.strength) else min(max(signal.strength, 0.0), 1.0)
        target = bounds.maximum if signal.upward else bounds.minimum
        value = moved[place]
        moved[place] = bounds.clamp(value + LEARNING_RATE * strength * (target - value))
    return Values(*moved)


def decay_for_turn(values: Values, baseline: Values) -> Values:
    """One turn's decay: each value goes its share of the way to its baseline."""
    return _inside(
        values.dopamine + _DOPAMINE.decay * (baseline.dopamine - values.dopamine),
        values.serotonin + _SEROTONIN.decay * (baseline.serotonin - values.serotonin),
        values.noradrenaline + _NORADRENALINE.decay * (baseline.noradrenaline - values.noradrenaline),
        values.acetylcholine + _ACETYLCHOLINE.decay * (baseline.acetylcholine - values.acetylcholine),
    )


def decay_over_time(values: Values, baseline: Values, elapsed_seconds: float) -> Values:
    """The decay of a pause; a clock that ran backwards counts as no time."""
    share = 2.0 ** (-max(elapsed_seconds, 0.0) / HALF_LIFE_SECONDS)
    return _inside(
        baseline.dopamine + (values.dopamine - baseline.dopamine) * share,
        baseline.serotonin + (values.serotonin - baseline.serotonin) * share,
        baseline.noradrenaline + (values.noradrenaline - baseline.noradrenaline) * share,
        baseline.acetylcholine + (values.acetylcholine - baseline.acetylcholine) * share,
    )


def _inside(dopamine: float, serotonin: float, noradrenaline: float, acetylcholine: float) -> Values:
    # Written out name by name, as the laws above are: a log of a million lines is folded through here.
    return Values(
        _DOPAMINE.clamp(dopamine),
        _SEROTONIN.clamp(serotonin),
        _NORADRENALINE.clamp(noradrenaline),
        _ACETYLCHOLINE.clamp(acetylcholine),
    )


def after_turn(values: Values, baseline: Values, signals: Iterable[Signal]) -> Values:
    """The law of one turn: signals, then decay, then clamp."""
    return decay_for_turn(pull(clamp(values), signals), baseline)
