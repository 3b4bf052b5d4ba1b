"""Judges whether the hard bounces of one operator are more than its history, and what happens elsewhere, explain."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bouncehandler.spikes.baseline import LAGS, Model, Series, fit

SLOT = 300
"""Seconds that are tallied together."""

_SHORT = 4
"""Slots of the shorter window: it finds a sudden spike soon."""
_SURPRISED = 3.0
"""Standard deviations below which nothing is a spike."""
_MORE = 1.1
_MARGIN = 0.5
"""A spike is so many times as surprising as whatever the history holds, and so many standard deviations more."""
_NEW = 0.2
"""A diagnostic never seen before is a spike by itself where it is this share of what bounces elsewhere."""
_GOES_ON = 8
"""Bounces of a spike's kind in a window with which a spike goes on."""
_STILL = 1.5
"""So many times what was to be expected belongs to a spike that goes on."""


@dataclass(frozen=True, slots=True)
class SpikeSettings:
    """When many are too many."""

    minimum: int = 30
    """Bounces in a window below which nothing is a spike."""
    factor: float = 2.5
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
        """Slots: a short window finds a sudden spike soon, a long one a slow spike."""
        longest = max(1, int(self.window) // SLOT)
        return tuple(sorted({min(_SHORT, longest), longest}))

    @property
    def looks_back(self) -> int:
        """Slots before the one judged that `spikes` has to be told of."""
        return self.windows[-1] + LAGS[-1]


class SlotCount(NamedTuple):
    """Hard bounces in a slot."""

    slot: int
    """Seconds since the epoch, divided by `SLOT`."""
    normalize_diagnostic: str
    bounces: int
    held: int
    """Of these, those that were held as a spike and not released: no evidence of what is usual."""

    @property
    def told(self) -> int:
        """What tells of the usual."""
        return self.bounces - self.held


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an operator's history says."""

    is_known: bool
    """Whether there is enough of it."""
    model: Model
    shapes: Mapping[str, float]
    """The share of each kind of diagnostic in the operator's bounces."""
    surprises: Mapping[int, float]
    """The greatest surprise in windows of so many slots."""


class Spike(NamedTuple):
    """More than was to be expected."""

    bounces: int
    expected: float
    since_slot: int


def baseline(own: Iterable[SlotCount], everywhere: Iterable[SlotCount], settings: SpikeSettings) -> Baseline:
    """What is usual at an operator, from the tallies of its history and of all operators together."""
    mine, shapes, rest = Counter[int](), Counter[str](), Counter[int]()
    for tally in everywhere:
        rest[tally.slot] += tally.told
    total = rest.total()
    for tally in own:
        mine[tally.slot] += tally.told
        shapes[tally.normalize_diagnostic] += tally.told
        rest[tally.slot] = max(0, rest[tally.slot] - tally.told)
    if total < settings.least_history or (max(rest) - min(rest)) * SLOT < settings.least_time:
        return Baseline(is_known=False, model=Model(0.0, ()), shapes={}, surprises={})
    within = min(rest), max(rest)
    theirs, ours = Series(rest, *within), Series(mine, *within)
    model = Model(mine.total() / max(1, rest.total()), fit(ours, theirs))
    surprises = {length: _most(model, ours, theirs, length, settings.minimum // 2) for length in settings.windows}
    parts = {normalize_diagnostic: bounces / max(1, mine.total()) for normalize_diagnostic, bounces in shapes.items()}
    return Baseline(is_known=True, model=model, shapes=parts, surprises=surprises)


def _most(model: Model, own: Series, rest: Series, length: int, least: int) -> float:
    """The greatest surprise in a window that held at least so many."""
    mine, others = own.windows(length), rest.windows(length)
    most = 0.0
    for end in range(LAGS[-1] + length, len(own)):
        if mine[end] >= least:
            expected = model.expects([others[end - lag] for lag in LAGS])
            most = max(most, model.surprise(mine[end], expected))
    return most


def spikes(  # noqa: PLR0913, PLR0917  # what is usual, what there is, where to look
    baseline: Baseline,
    own: Iterable[SlotCount],
    everywhere: Iterable[SlotCount],
    slot: int,
    settings: SpikeSettings,
    going_on: Collection[str] = (),
) -> Mapping[str, Spike]:
    """The kinds of diagnostics that are a spike in the windows that end with a slot; empty where all is as usual.

    Args:
        own: the operator's, of this slot and `settings.looks_back` before it; so `everywhere`, of all together.
        going_on: the kinds that were a spike a short while ago, and are held as long as there are more than usual.
    """
    mine, rest = list(own), Counter[int]()
    for tally in everywhere:
        rest[tally.slot] += tally.told
    for tally in mine:
        rest[tally.slot] = max(0, rest[tally.slot] - tally.told)
    found: dict[str, Spike] = {}
    for length in settings.windows if baseline.is_known else ():
        rests = [sum(rest[at] for at in range(slot - lag - length + 1, slot - lag + 1)) for lag in LAGS]
        inside = [tally for tally in mine if slot - length < tally.slot <= slot]
        found |= _Window(baseline, inside, rests, length, settings).spikes(going_on)
    return found


class _Window:
    """One window of one operator."""

    def __init__(
        self, baseline: Baseline, inside: list[SlotCount], rests: list[int], length: int, settings: SpikeSettings
    ) -> None:
        self._usual, self._inside, self._rest, self._settings = baseline, inside, max(0, rests[0]), settings
        self._expected = baseline.model.expects(rests)
        bounces, bar = sum(tally.bounces for tally in inside), baseline.surprises[length] * _MORE + _MARGIN
        self._is_spike = (
            bounces >= settings.minimum
            and bounces > settings.factor * self._expected
            and baseline.model.surprise(bounces, self._expected) > max(_SURPRISED, bar)
        )

    def spikes(self, going_on: Collection[str]) -> Iterator[tuple[str, Spike]]:
        """The kinds that are a spike."""
        shapes = Counter[str]()
        for tally in self._inside:
            shapes[tally.normalize_diagnostic] += tally.bounces
        for normalize_diagnostic, bounces in shapes.items():
            due = self._usual.shapes.get(normalize_diagnostic, 0.0) * self._expected
            is_more = self._is_spike and bounces > self._settings.factor * due
            is_still = (
                normalize_diagnostic in going_on and bounces >= _GOES_ON and bounces > _STILL * due + _STILL * due**0.5
            )
            if is_more or is_still or self._is_new(normalize_diagnostic, bounces):
                yield (
                    normalize_diagnostic,
                    Spike(
                        bounces,
                        due,
                        min(tally.slot for tally in self._inside if tally.normalize_diagnostic == normalize_diagnostic),
                    ),
                )

    def _is_new(self, normalize_diagnostic: str, bounces: int) -> bool:
        """Whether many say what was hardly ever said here before: an own fault shows at several operators at once."""
        known = self._usual.shapes.get(normalize_diagnostic, 0.0) * max(
            self._expected, self._usual.model.share * self._rest
        )
        is_unheard = known * self._settings.factor < 1
        return is_unheard and bounces >= self._settings.minimum and bounces > _NEW * self._rest
