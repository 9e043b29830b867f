"""Rows of the table: what was seen, what it is compared with, the target and its verdict. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum

from bench.numbers import in_words


class Verdict(StrEnum):
    """Whether a target is met."""

    MET = "met"
    MISSED = "missed"
    NO_PEER = "no peer"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A limit: of the ratio to the peer when `of_ratio`, else of the value itself."""

    limit: float
    at_most: bool = True
    of_ratio: bool = True

    def holds(self, figure: float) -> bool:
        """Whether a figure keeps the limit."""
        return figure <= self.limit if self.at_most else figure >= self.limit

    def in_words(self, unit: str) -> str:
        """`≤ 1.6 ×` or `≤ 50 ms`."""
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {in_words(self.limit)} {'×' if self.of_ratio else unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `peer` names what the value is compared with; without `peer_value` there is nothing to compare."""

    metric: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Value by the peer's value."""
        if self.peer_value is None or math.isnan(self.peer_value) or self.peer_value <= 0:
            return None
        return self.value / self.peer_value

    @property
    def verdict(self) -> Verdict:
        """What became of the target."""
        if self.target is None:
            return Verdict.NONE
        figure = self.ratio if self.target.of_ratio else self.value
        if figure is None or math.isnan(figure):
            return Verdict.NO_PEER
        return Verdict.MET if self.target.holds(figure) else Verdict.MISSED

    def cells(self) -> tuple[str, ...]:
        """Metric, seen, peer, ratio, target, verdict as words."""
        peer = self.peer
        if peer:
            told = "no peer" if self.ratio is None else f"{in_words(self.peer_value or 0.0)} {self.unit}"
            peer = f"{peer}: {told}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        target = "" if self.target is None else self.target.in_words(self.unit)
        return self.metric, f"{in_words(self.value)} {self.unit}", peer, ratio, target, self.verdict.value


HEADS = ("figure", "seen", "compared with", "ratio", "target", "verdict")
