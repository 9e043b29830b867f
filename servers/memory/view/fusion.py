"""One score out of many features: a weighted sum, fitted, scaled by the weights of the caller. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import numpy as np

from servers.memory.domain.ranking import Shares, Weights
from servers.memory.view.entry import Floats, Rows
from servers.memory.view.features import NAMES, OF_WORDS

# What each feature counts: fitted on two conversations, only the proportions matter (decision 0045).
FITTED: Final[Mapping[str, float]] = {
    "soft": 0.035,
    "soft_window": 0.71,
    "session": 0.45,
    "vector_window": 0.87,
    "speaker": 0.14,
    "date": 0.47,
    "when": 0.45,
}
# What the way of saying counts where a caller wants it to: fitted with the others, off by default.
STYLE: Final[Mapping[str, float]] = {
    "question": -0.13,
    "first_person": 0.12,
    "information": 0.07,
    "length": 0.22,
}
_USUAL: Final = Weights()
# Importance has no weight of the caller's.
_IMPORTANCE: Final = 0.1
_TRUST: Final = 0.05
_KNOWN_WEIGHTS: Final = 64
# What the best is taken for at least, as a part of a text with all words of the query.
LEAST_MATCH: Final = 0.5
_FAMILY: Final[Mapping[str, str]] = {
    **dict.fromkeys(OF_WORDS, "lexical"),
    **dict.fromkeys(("vector", "vector_window"), "vector"),
}
# The features of each retriever but links, in the order of `Shares`.
_COLUMNS: Final = (
    *(
        [NAMES.index(name) for name, found_by in _FAMILY.items() if found_by == family]
        for family in ("vector", "lexical")
    ),
    [NAMES.index("recency")],
)


def normalised(values: Floats, whole: float) -> Floats:
    """The features, with those that have no bound of their own divided by the best of them.

    Where even the best is far from `whole`, the BM25 of a text with all the words, it is divided by a part of that: one
    word of many is no full match.
    """
    values = values.copy(order="K")
    # Those features stand first.
    unbound = values[:, : len(OF_WORDS)]
    best = np.maximum(unbound.max(axis=0, initial=0.0), np.float32(LEAST_MATCH * whole))
    unbound /= np.where(best > 0, best, np.float32(1))
    return values


def fused(values: Floats, graph: Floats, weights: Weights) -> Floats:
    """How well each row fits, 0-1."""
    each = _asked(values, weights)
    linked = np.float32(weights.graph if graph.any() else 0.0)
    positive, negative = float(each.clip(0.0).sum() + linked), float(each.clip(None, 0.0).sum())
    total = (values @ each + linked * graph - negative) / max(positive - negative, 1e-6)
    return np.asarray(total.clip(0.0, 1.0), dtype=np.float32)


def sharpened(fits: Floats, weights: Weights) -> Floats:
    """The scores of rows that fit so well; a lower temperature makes them sharper."""
    return np.asarray(fits ** (_USUAL.temperature / weights.temperature), dtype=np.float32)


def shares(values: Floats, graph: Floats, places: Rows, weights: Weights) -> list[Shares]:
    """What part each retriever has in what the rows at these places got."""
    got = values[places] * _asked(values, weights)
    by_family = [got[:, columns].sum(axis=1) for columns in _COLUMNS]
    each = np.stack([*by_family, np.float32(weights.graph) * graph[places]], axis=1)
    total = each.sum(axis=1, keepdims=True)
    parts = np.divide(each, total, out=np.zeros_like(each), where=total > 0)
    return [Shares(*row) for row in parts.tolist()]


def _asked(values: Floats, weights: Weights) -> Floats:
    """What each feature counts for a query: what it does not ask for takes nothing from what it does."""
    return np.asarray(_weights(weights) * (values.max(axis=0, initial=0.0) > 0))


@lru_cache(_KNOWN_WEIGHTS)
def _weights(weights: Weights) -> Floats:
    return np.array([_weight(name, weights) for name in NAMES], dtype=np.float32)


def _weight(name: str, weights: Weights) -> float:
    own = {"recency": weights.recency, "importance": _IMPORTANCE, "trust": _TRUST}
    if name in own:
        return own[name]
    if name in STYLE:
        return STYLE[name] * weights.style
    scale = {"lexical": weights.lexical, "vector": weights.vector}.get(_FAMILY.get(name, ""), 1.0)
    return FITTED.get(name, 0.0) * scale
