"""What feedback teaches an agent: the weights of its retrievers and the laws by which they move. Pure.

    signal    s = clamp(reward + utility, −1, 1); for a turn that was judged before, what it differs from then, −2 to 2
    credit    w ← clamp(w + lr·s·(share − mean share))          for vector, graph, recency and lexical
    mean      m ← m + 0.1·(share − m)                           after the credit; a turn counts once
    tau       tau ← max(0.05, 0.99·tau)                         every 10th feedback
    utility   u = lambda·Σ(w·share) − mu·length/1024 − nu·memories/10
    learning  (lambda, mu, nu) += lr·(s − u)·x/(1 + |x|²)       x = (Σ(w·share), −length/1024, −memories/10)
    cap       no weight of the four under 1 % of their sum: what is less is raised

The learning brings u nearer to s. The same inputs give the same numbers, bit by bit. `lessons.py` has the words for it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

LEARNING_RATE: Final = 0.05
MOST_LEARNING_RATE: Final = 0.5
MEAN_RATE: Final = 0.1
LEAST_PART: Final = 0.01
KEPT_VERSIONS: Final = 1_000
# How far the clock of whoever judges may be ahead.
MOST_AHEAD: Final = timedelta(minutes=1)
_FEEDBACKS_A_COOLING: Final = 10
_COOLING: Final = 0.99
# So little more than the least part that rounding never leaves a weight under it.
_OVER: Final = 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class Shares:
    """What part each retriever had in the memories that were used, each 0-1, together 1; all 0 where none was used."""

    vector: float = 0.0
    graph: float = 0.0
    recency: float = 0.0
    lexical: float = 0.0

    def get(self, name: str) -> float:
        """The share of that retriever."""
        return float(getattr(self, name))

    @property
    def of_nothing(self) -> bool:
        """Whether no memory was used."""
        return not any(astuple(self))


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the four retrievers, tau, and those of the utility; `benefit` is called lambda in formulas."""

    vector: float = 1.0
    graph: float = 0.2
    recency: float = 0.1
    lexical: float = 1.0
    temperature: float = 0.7
    benefit: float = 1.0
    mu: float = 0.1
    nu: float = 0.05

    def get(self, name: str) -> float:
        """The weight of that name. Raises AttributeError for another name."""
        return float(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of one weight."""

    minimum: float
    maximum: float

    def clamp(self, value: float) -> float:
        """The nearest value inside; what is not a number becomes the lower end."""
        return self.minimum if math.isnan(value) else min(max(value, self.minimum), self.maximum)


RETRIEVERS: Final = tuple(field.name for field in fields(Shares))
WEIGHT_NAMES: Final = tuple(field.name for field in fields(Weights))
BOUNDS: Final[Mapping[str, Bounds]] = {
    "vector": Bounds(0.1, 5.0),
    "graph": Bounds(0.0, 5.0),
    "recency": Bounds(0.0, 1.0),
    "lexical": Bounds(0.1, 5.0),
    "temperature": Bounds(0.05, 1.5),
    "benefit": Bounds(0.1, 5.0),
    "mu": Bounds(0.01, 5.0),
    "nu": Bounds(0.01, 5.0),
}
_DEFAULTS: Final = Weights()
_SUM: Final = sum(_DEFAULTS.get(name) for name in RETRIEVERS)


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What an agent has learned; `version` is dense from 0, `feedback_count` counts since the last reset."""

    version: int = 0
    weights: Weights = _DEFAULTS
    learning_rate: float = LEARNING_RATE
    feedback_count: int = 0
    # Before anything is known each retriever is thought to find as much as its weight says.
    mean_shares: Shares = Shares(*(_DEFAULTS.get(name) / _SUM for name in RETRIEVERS))


FIRST: Final = Adaptation()


@dataclass(frozen=True, slots=True)
class Feedback:
    """How an answer was judged and what it had used.

    `signal` is -1 to 1, or a difference of two; `rate` the learning rate after modulation and sleep; `again` tells that
    the turn was judged before.
    """

    signal: float
    rate: float
    shares: Shares
    characters: int = 0
    memories_used: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One version of the weights and what made it. `kind` is first, feedback, reset or rollback."""

    kind: str
    after: Adaptation
    cause: str
    changed_by: str
    time: datetime
    turn_id: UUID | None = None
    feedback: Feedback | None = None


def signal_of(reward: float, utility: float) -> float:
    """How good it was altogether, -1 to 1."""
    total = reward + utility
    return 0.0 if math.isnan(total) else min(max(total, -1.0), 1.0)


def judged_at(told: datetime | None, now: datetime, last: datetime | None) -> datetime:
    """When a turn was judged; whoever tells no time judges now, later than `last`, when it was judged before."""
    return max(now, last or now) if told is None else min(told, now + MOST_AHEAD)


def shares_of(numbers: Iterable[float]) -> Shares:
    """Shares of any four numbers: none under 0, together not more than 1."""
    found = [0.0 if math.isnan(number) else min(max(number, 0.0), 1.0) for number in numbers]
    total = sum(found)
    return Shares(*(number / total for number in found)) if total > 1.0 else Shares(*found)


def utility(weights: Weights, emphasis: Shares, characters: int, memories_used: int) -> float:
    """How useful an answer is expected to be that used memories with this emphasis on the retrievers."""
    found, length, crowd = _terms(weights, emphasis, characters, memories_used)
    return weights.benefit * found + weights.mu * length + weights.nu * crowd


def learn(adaptation: Adaptation, feedback: Feedback) -> Adaptation:
    """What follows from one feedback."""
    mean, shares, weights = adaptation.mean_shares, feedback.shares, adaptation.weights
    count = adaptation.feedback_count if feedback.again else adaptation.feedback_count + 1
    cools = not feedback.again and count % _FEEDBACKS_A_COOLING == 0
    step = feedback.rate * feedback.signal
    wanted = {name: weights.get(name) + step * (shares.get(name) - mean.get(name)) for name in RETRIEVERS}
    wanted["temperature"] = weights.temperature * (_COOLING if cools else 1.0)
    return Adaptation(
        adaptation.version + 1,
        within(replace(weights, **wanted, **_utility_learned(weights, feedback))),
        adaptation.learning_rate,
        count,
        mean if feedback.again else _mean_after(mean, shares),
    )


def reset(adaptation: Adaptation, learning_rate: float) -> Adaptation:
    """The defaults again, with this learning rate."""
    return replace(FIRST, version=adaptation.version + 1, learning_rate=learning_rate)


def rolled_back(adaptation: Adaptation, earlier: Adaptation) -> Adaptation:
    """All that an earlier version was, as a new version."""
    return replace(earlier, version=adaptation.version + 1)


def apply(adaptation: Adaptation, line: Line) -> Adaptation:
    """What follows from a line, computed anew from its causes. Raises ValueError for a line out of order."""
    if line.after.version != adaptation.version + 1:
        raise ValueError(f"line {line.after.version} does not follow version {adaptation.version}")
    if line.feedback is not None:
        return learn(adaptation, line.feedback)
    return reset(adaptation, line.after.learning_rate) if line.kind == "reset" else line.after


def replay(first: Adaptation, lines: Iterable[Line]) -> Adaptation:
    """What follows from all lines, in the order of their versions."""
    for line in lines:
        first = apply(first, line)
    return first


def within(weights: Weights) -> Weights:
    """The nearest weights inside their ranges of which none of the four is under 1 % of their sum."""
    inside = {name: BOUNDS[name].clamp(weights.get(name)) for name in WEIGHT_NAMES}
    low: list[str] = []
    while True:
        total = sum(inside[name] for name in RETRIEVERS)
        found = [name for name in RETRIEVERS if inside[name] < LEAST_PART * total]
        if not found:
            return Weights(**inside)
        low = [name for name in RETRIEVERS if name in low or name in found]
        rest = sum(inside[name] for name in RETRIEVERS if name not in low)
        raised = LEAST_PART * rest / (1.0 - LEAST_PART * len(low)) * _OVER
        inside.update(dict.fromkeys(low, raised))


def _mean_after(mean: Shares, shares: Shares) -> Shares:
    return Shares(*(mean.get(name) + MEAN_RATE * (shares.get(name) - mean.get(name)) for name in RETRIEVERS))


def _terms(weights: Weights, shares: Shares, characters: int, memories_used: int) -> tuple[float, float, float]:
    found = sum(weights.get(name) * shares.get(name) for name in RETRIEVERS)
    return found, -characters / 1024, -memories_used / 10


def _utility_learned(weights: Weights, feedback: Feedback) -> dict[str, float]:
    """A step of least squares, made small enough by its own length. A changed judgement moves on by the difference."""
    used = (feedback.shares, feedback.characters, feedback.memories_used)
    terms = _terms(weights, *used)
    error = feedback.signal - (0.0 if feedback.again else utility(weights, *used))
    step = feedback.rate * error / (1.0 + sum(term * term for term in terms))
    names = ("benefit", "mu", "nu")
    return {name: weights.get(name) + step * term for name, term in zip(names, terms, strict=True)}
