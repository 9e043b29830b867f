"""Fits the weights of the view's features: listwise softmax over what may fit a question, standardised. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.memory.scores import Answered
from bench.memory.shelves import Pool
from servers.memory.view.features import NAMES
from servers.memory.view.fusion import FITTED, STYLE

_L2: Final = 0.02
_STEPS: Final = 250
_RATE: Final = 0.05
PLAIN: Final = tuple(FITTED)
STYLED: Final = (*FITTED, *STYLE)
_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of features by name."""

    names: tuple[str, ...]
    weights: _Numbers

    def answers(self, pool: Pool, most: int = 50) -> list[Answered]:
        """What is found for each question."""
        columns = [NAMES.index(name) for name in self.names]
        answered = []
        for found, turn_ids, question in zip(pool.founds, pool.turn_ids, pool.conversation.questions, strict=True):
            order = np.argsort(-(found.values[:, columns] @ self.weights), kind="stable")[:most]
            answered.append(Answered(question, [turn_ids[place] for place in order.tolist()]))
        return answered


def fit(pools: Sequence[Pool], names: tuple[str, ...]) -> Model:
    """The weights under which the turns that answer come first; only those of style may be negative (Adam, L2)."""
    columns = [NAMES.index(name) for name in names]
    values, rights = _lists(pools, columns)
    all_values = np.concatenate(values)
    mean, spread = all_values.mean(axis=0), all_values.std(axis=0) + 1e-6
    standard, right = (all_values - mean) / spread, np.concatenate(rights)
    starts = np.cumsum([0, *map(len, values)])[:-1]
    lists = np.repeat(np.arange(len(values)), [len(each) for each in values])
    bounded = np.array([name not in STYLE for name in names])
    weights = first = second = np.zeros(len(names))
    for step in range(1, _STEPS + 1):
        scores = standard @ weights
        powers = np.exp(scores - np.maximum.reduceat(scores, starts)[lists])
        chances = powers / np.add.reduceat(powers, starts)[lists]
        slope = standard.T @ (chances - right) / len(values) + 2 * _L2 * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights - _RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        weights = np.where(bounded, np.maximum(weights, 0.0), weights)
    return Model(names, weights / spread)


def _lists(pools: Sequence[Pool], columns: list[int]) -> tuple[list[_Numbers], list[_Numbers]]:
    values, rights = [], []
    for pool in pools:
        for number, found in enumerate(pool.founds):
            right = pool.right(number)
            if right.any():
                values.append(found.values[:, columns].astype(np.float64))
                rights.append(right / right.sum())
    return values, rights


def crossed(pools: Sequence[Pool], names: tuple[str, ...]) -> list[Answered]:
    """Each conversation judged with the weights that the others give."""
    return [
        answer for pool in pools for answer in fit([each for each in pools if each is not pool], names).answers(pool)
    ]
