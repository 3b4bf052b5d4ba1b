"""Results of benchmarks: figures, each with its readings, what they are compared with, and the bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import TypeVar


class Effort(Enum):
    """How much is measured."""

    QUICK = "quick"
    """Seconds: proves that the benchmarks still run; its figures mean nothing."""
    USUAL = "usual"
    FULL = "full"
    """Ten million rows included: takes long, and some 10 GB of disk."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the median is to reach."""

    limit: float
    is_floor: bool
    """Whether the median must not be below the limit; else it must not be above."""

    def is_met(self, reached: float) -> bool:
        """Whether a median keeps the bar."""
        return reached >= self.limit if self.is_floor else reached <= self.limit

    def __str__(self) -> str:
        return f"at {'least' if self.is_floor else 'most'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the result."""

    what: str
    readings: Sequence[float]
    """One a round, never empty."""
    unit: str
    """What the readings count: `of ...` and `times ...` for a ratio to a yardstick, else a unit."""
    bar: Bar | None = None
    measured: str = ""
    """The medians behind the ratio, in their own units; empty where the readings suffice."""

    @property
    def median(self) -> float:
        """Of the readings."""
        return median(self.readings)

    @property
    def keeps_bar(self) -> bool | None:
        """None where there is no bar."""
        return self.bar.is_met(self.median) if self.bar else None


Reading = TypeVar("Reading")


def alternate(rounds: int, *sides: Callable[[], Reading]) -> list[list[Reading]]:
    """Run each side once a round, every other round in the opposite order; returns the readings of each side.

    What else the machine does meanwhile so falls on all sides alike.
    """
    readings: list[list[Reading]] = [[] for _ in sides]
    order = list(range(len(sides)))
    for _ in range(rounds):
        for at in order:
            readings[at].append(sides[at]())
        order.reverse()
    return readings


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round, one reading through the other."""
    return [one / other for one, other in zip(above, below, strict=True)]


def per_second(count: int, seconds: Sequence[float]) -> str:
    """The median rate, for people."""
    return f"{count / median(seconds):,.0f}/s"
