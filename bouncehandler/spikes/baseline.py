"""Baseline: the bounces to be expected at a mailbox provider, given the bounces everywhere else."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

LAGS = (0, 6, 12, 18, 24, 36, 48, 60)
"""Slots ago. Providers take the mail of one campaign at different speeds, within minutes or in hours: bounces elsewhere
now, and of some hours ago, both predict the bounces here."""

_FIT_WINDOW = 12
"""Slots per window of the fit."""
_FIT_STEP = 3
"""Step between the windows of the fit, which overlap."""
_MIN_SHARE_FACTOR = 0.6
"""Part of the provider's plain share below which earlier hours can't lower the expectation."""
_MIN_SHARE = 0.05
"""Share of the rest that a provider with little history may have."""
_MIN_EXPECTED = 0.1
"""Bounces that are expected anywhere."""
_TOLERANCE = 1.5
"""Factor of the expectation that is no surprise."""
_DAMPING = 3
"""Bounces elsewhere that are added to each window's weight, since silent hours carry little information."""


class Model(NamedTuple):
    """Relation of a mailbox provider's bounces to the bounces everywhere else."""

    share: float
    """Bounces here per bounce elsewhere."""
    weights: Sequence[float]
    """Bounces here per bounce elsewhere, by the lag in `LAGS`."""

    def expects(self, rests: Sequence[float]) -> float:
        """Bounces expected in a window, from bounces elsewhere in it and in the windows `LAGS` before it."""
        predicted = sum(weight * rest for weight, rest in zip(self.weights, rests, strict=True))
        return max(predicted, max(_MIN_SHARE_FACTOR * self.share, _MIN_SHARE) * rests[0], _MIN_EXPECTED)

    def surprise(self, bounces: float, expected: float) -> float:
        """Standard deviations of the bounces beyond the expected ones.

        Counts are compared by their square roots, whose deviation is 1/2 whatever their size (Anscombe, 1948).
        """
        apart = 2 * (sqrt(bounces + 0.375) - sqrt(_TOLERANCE * expected + 0.375))
        return apart / sqrt(1 + _TOLERANCE * self.share)


class Series:
    """Bounces by slot, summed over windows."""

    def __init__(self, counts: Mapping[int, int], first: int, last: int) -> None:
        self._sums = [0, *accumulate(counts.get(slot, 0) for slot in range(first, last + 1))]

    def windows(self, length: int) -> list[int]:
        """Sums, by slot, over the window of `length` slots that ends with it."""
        sums = self._sums
        return [sums[end] - sums[max(0, end - length)] for end in range(1, len(sums))]

    def __len__(self) -> int:
        return len(self._sums) - 1


def fit(own: Series, rest: Series) -> Sequence[float]:
    """The weights of the best prediction from the bounces elsewhere: weighted least squares, a little damped."""
    mine, others = own.windows(_FIT_WINDOW), rest.windows(_FIT_WINDOW)
    size = len(LAGS)
    squares = [[0.0] * size for _ in range(size)]
    products = [0.0] * size
    for end in range(LAGS[-1] + _FIT_WINDOW, len(own), _FIT_STEP):
        row = [others[end - lag] for lag in LAGS]
        trust = 1 / (row[0] + _DAMPING)
        for index, value in enumerate(row):
            scaled = value * trust
            products[index] += scaled * mine[end]
            for other in range(size):
                squares[index][other] += scaled * row[other]
    for index in range(size):
        squares[index][index] = squares[index][index] * 1.001 + 0.001
    return _solve(squares, products)


def _solve(squares: list[list[float]], products: list[float]) -> list[float]:
    """Solve a symmetric, positive definite system by elimination."""
    rows = [[*row, product] for row, product in zip(squares, products, strict=True)]
    for index, row in enumerate(rows):
        for below in rows[index + 1 :]:
            part = below[index] / row[index]
            below[index:] = [value - part * other for value, other in zip(below[index:], row[index:], strict=True)]
    solution: list[float] = []
    for index in reversed(range(len(rows))):
        row = rows[index]
        known = sum(value * other for value, other in zip(row[index + 1 : -1], solution, strict=True))
        solution.insert(0, (row[-1] - known) / row[index])
    return solution
