"""How many bounces are to be expected at an operator, told from what bounces everywhere else."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

LAGS = (0, 6, 12, 18, 24, 36, 48, 60)
"""Slots ago. Operators take the mail of one campaign at different speeds, within minutes or in hours: what bounces
elsewhere now, and what bounced there some hours ago, both tell what is under way here."""

_FITTED = 12
"""Slots of the windows to which the model is fitted."""
_EVERY = 3
"""Of so many windows one is taken; they overlap."""
_TRUST = 0.6
"""What earlier hours tell may lower the expectation to this part of the operator's plain share, and no further."""
_FLOOR = 0.05
"""The share of the rest that an operator with little history may have."""
_LEAST = 0.1
"""Bounces that are to be expected anywhere."""
_ALLOWED = 1.5
"""So many times the expectation is nothing to be surprised at."""
_QUIET = 3
"""Bounces elsewhere that are added to each window's weight: silent hours tell little."""


class Model(NamedTuple):
    """What one operator's history says of it and the rest of the world."""

    share: float
    """Bounces there for each one elsewhere."""
    weights: Sequence[float]
    """What each bounce elsewhere, so many slots ago (`LAGS`), stands for here."""

    def expects(self, rests: Sequence[float]) -> float:
        """Bounces in a window, from those elsewhere in it and in the windows `LAGS` before it."""
        told = sum(weight * rest for weight, rest in zip(self.weights, rests, strict=True))
        return max(told, max(_TRUST * self.share, _FLOOR) * rests[0], _LEAST)

    def surprise(self, bounces: float, expected: float) -> float:
        """How many standard deviations bounces are beyond what may come of so many expected ones.

        Counts are compared by their square roots, whose deviation is 1/2 whatever their size (Anscombe, 1948).
        """
        apart = 2 * (sqrt(bounces + 0.375) - sqrt(_ALLOWED * expected + 0.375))
        return apart / sqrt(1 + _ALLOWED * self.share)


class Series:
    """Bounces by slot, in windows."""

    def __init__(self, counts: Mapping[int, int], first: int, last: int) -> None:
        self._sums = [0, *accumulate(counts.get(slot, 0) for slot in range(first, last + 1))]

    def windows(self, length: int) -> list[int]:
        """For each slot the sum of the window of so many slots that ends with it."""
        sums = self._sums
        return [sums[end] - sums[max(0, end - length)] for end in range(1, len(sums))]

    def __len__(self) -> int:
        return len(self._sums) - 1


def fit(own: Series, rest: Series) -> Sequence[float]:
    """The weights that explain an operator's bounces by the others' best: weighted least squares, a little damped."""
    mine, others = own.windows(_FITTED), rest.windows(_FITTED)
    size = len(LAGS)
    squares = [[0.0] * size for _ in range(size)]
    products = [0.0] * size
    for end in range(LAGS[-1] + _FITTED, len(own), _EVERY):
        row = [others[end - lag] for lag in LAGS]
        trust = 1 / (row[0] + _QUIET)
        for place, value in enumerate(row):
            scaled = value * trust
            products[place] += scaled * mine[end]
            for other in range(size):
                squares[place][other] += scaled * row[other]
    for place in range(size):
        squares[place][place] = squares[place][place] * 1.001 + 0.001
    return _solved(squares, products)


def _solved(squares: list[list[float]], products: list[float]) -> list[float]:
    """The solution of a symmetric, positive definite system, by elimination."""
    rows = [[*row, product] for row, product in zip(squares, products, strict=True)]
    for place, row in enumerate(rows):
        for below in rows[place + 1 :]:
            part = below[place] / row[place]
            below[place:] = [value - part * other for value, other in zip(below[place:], row[place:], strict=True)]
    found: list[float] = []
    for place in reversed(range(len(rows))):
        row = rows[place]
        known = sum(value * other for value, other in zip(row[place + 1 : -1], found, strict=True))
        found.insert(0, (row[-1] - known) / row[place])
    return found
