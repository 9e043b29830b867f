"""One score out of many features: a weighted sum, fitted, scaled by the weights of the caller. Pure."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from servers.memory.domain.ranking import Weights
from servers.memory.view.entry import Floats
from servers.memory.view.features import NAMES

# What each feature counts.
FITTED: Final[Mapping[str, float]] = {
    "own": 0.5,
    "window": 0.5,
    "soft": 0.2,
    "soft_window": 0.2,
    "session": 0.3,
    "vector": 0.8,
    "vector_window": 0.8,
    "speaker": 0.2,
    "date": 0.3,
    "when": 0.15,
}
_USUAL: Final = Weights()
# Importance has no weight of the caller's.
_IMPORTANCE: Final = 0.1
_TRUST: Final = 0.05
# These are brought to 0-1 by the best of them in a query.
_BY_THE_BEST: Final = ("own", "window", "soft", "soft_window", "session")
_FAMILY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("own", "window", "soft", "soft_window", "session"), "lexical"),
    **dict.fromkeys(("vector", "vector_window"), "vector"),
}


def normalised(values: Floats) -> Floats:
    """The features with those that have no bound of their own divided by the best of them."""
    values = values.copy()
    for name in _BY_THE_BEST:
        column = values[:, NAMES.index(name)]
        best = float(column.max(initial=0.0))
        if best > 0:
            column /= best
    return values


def fused(values: Floats, graph: Floats, weights: Weights) -> Floats:
    """The score of each row, 0-1; a lower temperature makes it sharper and leaves the order."""
    each = np.array([_weight(name, weights) for name in NAMES], dtype=np.float32)
    positive = float(each[each > 0].sum()) + weights.graph
    negative = float(each[each < 0].sum())
    total = (values @ each + np.float32(weights.graph) * graph - negative) / (positive - negative)
    sharpened = np.clip(total, 0.0, 1.0) ** (_USUAL.temperature / weights.temperature)
    return np.asarray(sharpened, dtype=np.float32)


def _weight(name: str, weights: Weights) -> float:
    own = {"recency": weights.recency, "importance": _IMPORTANCE, "trust": _TRUST}
    scale = {"lexical": weights.lexical, "vector": weights.vector}.get(_FAMILY.get(name, ""), 1.0)
    return own[name] if name in own else FITTED.get(name, 0.0) * scale
