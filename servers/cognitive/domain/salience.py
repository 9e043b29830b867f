"""How much a step matters, and the two gates that it may open. Pure.

    salience   clamp(0.6·novelty + clamp(dopamine, 0.2, 0.8)·error + acetylcholine·novelty), 0-1
    store      opens at 0.5 + noradrenaline (and what sleep adds): the step is kept as a memory
    act        opens at 0.7 + noradrenaline: the step is worth acting on

A gate that opened closes only 0.1 lower, so that a salience near its threshold does not open and close it in turn. How
the gates stand is the session's; nothing here knows where that is kept.
"""

import math
from dataclasses import dataclass
from typing import Final

from servers.cognitive.domain.neuromodulators import Values

NOVELTY_WEIGHT: Final = 0.6
LEAST_DOPAMINE: Final = 0.2
MOST_DOPAMINE: Final = 0.8
STORE: Final = 0.5
ACT: Final = 0.7
HYSTERESIS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Gates:
    """Whether each gate of a session is open."""

    store: bool = False
    act: bool = False


CLOSED: Final = Gates()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a salience does to the gates: how they stand then, and the thresholds that it was held against."""

    gates: Gates
    store_threshold: float
    act_threshold: float


def unit(value: float) -> float:
    """The nearest number in 0-1; what is not a number is 0."""
    return min(max(value, 0.0), 1.0) if not math.isnan(value) else 0.0


def salience_of(novelty: float, error: float, values: Values) -> float:
    """How much a step matters, 0-1."""
    novelty, error = unit(novelty), unit(error)
    surprise = min(max(values.dopamine, LEAST_DOPAMINE), MOST_DOPAMINE) * error
    return unit(NOVELTY_WEIGHT * novelty + surprise + values.acetylcholine * novelty)


def act_threshold(values: Values) -> float:
    """Where the gate of acting opens."""
    return ACT + values.noradrenaline


def judge(gates: Gates, salience: float, store_at: float, act_at: float) -> Judgement:
    """The gates after a salience; `store_at` and `act_at` say where a closed gate opens."""
    store_threshold = store_at - HYSTERESIS if gates.store else store_at
    acting_threshold = act_at - HYSTERESIS if gates.act else act_at
    after = Gates(salience >= store_threshold, salience >= acting_threshold)
    return Judgement(after, store_threshold, acting_threshold)
