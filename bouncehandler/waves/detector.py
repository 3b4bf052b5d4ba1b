"""Judges whether the hard bounces of one operator are more than its history, and what happens elsewhere, explain."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

SLOT = 300
"""Seconds that are tallied together."""

_SMOOTHING = 10
"""Bounces elsewhere that are added to what there are: a ratio to nothing says nothing."""
_FLOOR = 0.05
"""The share of the rest that an operator, or a diagnostic, with little history may have."""


@dataclass(frozen=True, slots=True)
class WaveSettings:
    """When many are too many."""

    minimum: int = 50
    """Bounces in a window below which nothing is a wave."""
    factor: float = 4.0
    """So many times what was to be expected."""
    window: float = 3600.0
    """Seconds: the longest window that is judged as one."""
    history: float = 28 * 86_400.0
    """Seconds that tell what is usual."""
    least_history: int = 500
    """Hard bounces everywhere before which nothing is known to be usual."""
    least_time: float = 86_400.0
    """Seconds likewise."""

    @property
    def windows(self) -> tuple[int, ...]:
        """Slots: a short window finds a sudden wave soon, a long one a slow wave."""
        longest = max(1, int(self.window) // SLOT)
        return tuple(sorted({min(2, longest), longest}))


class Tally(NamedTuple):
    """Hard bounces in a slot."""

    slot: int
    """Seconds since the epoch, divided by `SLOT`."""
    shape: str
    bounces: int
    held: int
    """Of these, those that were held as a wave and not released: no evidence of what is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What an operator's history says."""

    is_known: bool
    """Whether there is enough of it."""
    share: float
    """Of the operator's bounces against all others'."""
    shapes: Mapping[str, float]
    """The same for each kind of diagnostic."""
    highest: Mapping[int, float]
    """The highest ratio in windows of so many slots that held some bounces."""


class Wave(NamedTuple):
    """More than was to be expected."""

    bounces: int
    expected: float
    since_slot: int


def usual(own: Iterable[Tally], everywhere: Iterable[Tally], settings: WaveSettings) -> Usual:
    """What is usual at an operator, from the tallies of its history and of all operators together."""
    mine, shapes = Counter[int](), Counter[str]()
    for tally in own:
        mine[tally.slot] += tally.bounces - tally.held
        shapes[tally.shape] += tally.bounces - tally.held
    total = Counter({tally.slot: tally.bounces - tally.held for tally in everywhere})
    rest = max(1, total.total() - mine.total())
    slots = total.keys()
    has_time = bool(slots) and (max(slots) - min(slots)) * SLOT >= settings.least_time
    return Usual(
        is_known=has_time and total.total() >= settings.least_history,
        share=mine.total() / rest,
        shapes={shape: bounces / rest for shape, bounces in shapes.items()},
        highest={window: _highest(mine, total, window, settings.minimum // 2) for window in settings.windows},
    )


def _highest(mine: Counter[int], total: Counter[int], window: int, least: int) -> float:
    """The highest ratio of a window that held at least so many."""
    own, everywhere = Counter[int](), Counter[int]()
    for sums, counts in ((own, mine), (everywhere, total)):
        for slot, bounces in counts.items():
            for end in range(slot, slot + window):
                sums[end] += bounces
    ratios = [_ratio(bounces, everywhere[end]) for end, bounces in own.items() if bounces >= least]
    return max(ratios, default=0.0)


def _ratio(bounces: int, everywhere: int) -> float:
    return bounces / (max(0, everywhere - bounces) + _SMOOTHING)


def waves(
    usual: Usual, own: Iterable[Tally], everywhere: Iterable[Tally], slot: int, settings: WaveSettings
) -> Mapping[str, Wave]:
    """The kinds of diagnostics that are a wave in the windows that end with a slot; empty where all is as usual."""
    mine, total = list(own), list(everywhere)
    found: dict[str, Wave] = {}
    for window in settings.windows if usual.is_known else ():
        after = slot - window
        inside = [tally for tally in mine if after < tally.slot <= slot]
        elsewhere = sum(tally.bounces for tally in total if after < tally.slot <= slot)
        found |= _in_window(usual, inside, elsewhere, window, settings)
    return found


def _in_window(
    usual: Usual, inside: list[Tally], everywhere: int, window: int, settings: WaveSettings
) -> dict[str, Wave]:
    bounces = sum(tally.bounces for tally in inside)
    rest = max(0, everywhere - bounces) + _SMOOTHING
    expected = max(usual.share, _FLOOR) * rest
    if bounces < settings.minimum:
        return {}
    is_wave = bounces > settings.factor * expected and bounces / rest > usual.highest.get(window, 0.0)
    shapes = Counter[str]()
    for tally in inside:
        shapes[tally.shape] += tally.bounces
    found = {}
    for shape, count in shapes.items():
        known = usual.shapes.get(shape, 0.0)
        due = max(known, _FLOOR if not is_wave else 0.0) * rest
        is_new = known * rest * settings.factor < 1
        if count > settings.factor * due and (is_wave or (is_new and count >= settings.minimum)):
            since = min(tally.slot for tally in inside if tally.shape == shape)
            found[shape] = Wave(count, due, since)
    return found
