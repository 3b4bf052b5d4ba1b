"""Spike detection: finds more hard bounces of a mailbox provider than its history and other providers explain."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bouncehandler.spikes.baseline import LAGS, Model, Series, fit

SLOT_SECONDS = 300
"""Length of a slot."""

_SHORT_WINDOW = 4
"""Slots of the shorter window, which finds a sudden spike soon."""
_MIN_SURPRISE = 3.0
"""Standard deviations below which nothing is a spike."""
_SURPRISE_FACTOR = 1.1
_SURPRISE_MARGIN = 0.5
"""Factor by which, and standard deviations by which, a spike exceeds the greatest surprise in the history."""
_NEW_SHARE = 0.2
"""Share of the bounces elsewhere at which a new fingerprint is a spike by itself."""
_MIN_ONGOING = 8
"""Bounces per window and fingerprint with which a spike goes on."""
_ONGOING_FACTOR = 1.5
"""Factor of the expected bounces above which a spike goes on."""


@dataclass(frozen=True, slots=True)
class SpikeSettings:
    """Thresholds of spike detection."""

    minimum: int = 30
    """Bounces per window below which nothing is a spike."""
    factor: float = 2.5
    """Factor of the expected bounces above which a window is a spike."""
    window: float = 3600.0
    """Seconds of the longest window."""
    history: float = 28 * 86_400.0
    """Seconds of history for the baseline."""
    least_history: int = 500
    """Hard bounces everywhere below which there is no baseline."""
    least_time: float = 86_400.0
    """Seconds of history below which there is no baseline."""

    @property
    def windows(self) -> tuple[int, ...]:
        """Window lengths in slots: a short window finds a sudden spike soon, a long one a slow spike."""
        longest = max(1, int(self.window) // SLOT_SECONDS)
        return tuple(sorted({min(_SHORT_WINDOW, longest), longest}))

    @property
    def looks_back(self) -> int:
        """Slots before the latest one that `find_spikes` needs."""
        return self.windows[-1] + LAGS[-1]


class SlotCount(NamedTuple):
    """Hard bounces of one fingerprint in a slot."""

    slot: int
    """Seconds since the epoch, divided by `SLOT_SECONDS`."""
    fingerprint: str
    bounces: int
    held: int
    """Bounces among these that were held as a spike and not released, and so do not count for the baseline."""

    @property
    def usual(self) -> int:
        """Bounces that count for the baseline."""
        return self.bounces - self.held


@dataclass(frozen=True, slots=True)
class Baseline:
    """History of a mailbox provider, as a model of its usual bounces."""

    is_known: bool
    """Whether there is enough history."""
    model: Model
    fingerprint_shares: Mapping[str, float]
    """The share of each fingerprint in the provider's bounces."""
    surprises: Mapping[int, float]
    """The greatest surprise in the history, by window length in slots."""


class Spike(NamedTuple):
    """An abnormal burst of hard bounces."""

    bounces: int
    expected: float
    since_slot: int


def build_baseline(own: Iterable[SlotCount], everywhere: Iterable[SlotCount], settings: SpikeSettings) -> Baseline:
    """The baseline of a mailbox provider, from the counts of its history and of all providers together."""
    mine, by_fingerprint, rest = Counter[int](), Counter[str](), Counter[int]()
    for count in everywhere:
        rest[count.slot] += count.usual
    total = rest.total()
    for count in own:
        mine[count.slot] += count.usual
        by_fingerprint[count.fingerprint] += count.usual
        rest[count.slot] = max(0, rest[count.slot] - count.usual)
    if total < settings.least_history or (max(rest) - min(rest)) * SLOT_SECONDS < settings.least_time:
        return Baseline(is_known=False, model=Model(0.0, ()), fingerprint_shares={}, surprises={})
    bounds = min(rest), max(rest)
    theirs, ours = Series(rest, *bounds), Series(mine, *bounds)
    model = Model(mine.total() / max(1, rest.total()), fit(ours, theirs))
    surprises = {
        length: _max_surprise(model, ours, theirs, length, settings.minimum // 2) for length in settings.windows
    }
    shares = {fingerprint: bounces / max(1, mine.total()) for fingerprint, bounces in by_fingerprint.items()}
    return Baseline(is_known=True, model=model, fingerprint_shares=shares, surprises=surprises)


def _max_surprise(model: Model, own: Series, rest: Series, length: int, min_bounces: int) -> float:
    """The greatest surprise in a window with `min_bounces` or more."""
    mine, others = own.windows(length), rest.windows(length)
    surprise = 0.0
    for end in range(LAGS[-1] + length, len(own)):
        if mine[end] >= min_bounces:
            expected = model.expects([others[end - lag] for lag in LAGS])
            surprise = max(surprise, model.surprise(mine[end], expected))
    return surprise


def find_spikes(  # noqa: PLR0913, PLR0917  # the baseline, the counts, and the window
    baseline: Baseline,
    own: Iterable[SlotCount],
    everywhere: Iterable[SlotCount],
    slot: int,
    settings: SpikeSettings,
    going_on: Collection[str] = (),
) -> Mapping[str, Spike]:
    """The spikes in the windows that end with a slot, by fingerprint; empty where there are none.

    Args:
        own: counts of the provider, of this slot and `settings.looks_back` before it.
        everywhere: the same of all providers together.
        going_on: fingerprints of recent spikes, which go on as long as there are more bounces than usual.
    """
    mine, rest = list(own), Counter[int]()
    for count in everywhere:
        rest[count.slot] += count.usual
    for count in mine:
        rest[count.slot] = max(0, rest[count.slot] - count.usual)
    spikes: dict[str, Spike] = {}
    for length in settings.windows if baseline.is_known else ():
        rests = [sum(rest[at] for at in range(slot - lag - length + 1, slot - lag + 1)) for lag in LAGS]
        inside = [count for count in mine if slot - length < count.slot <= slot]
        spikes |= _Window(baseline, inside, rests, length, settings).spikes(going_on)
    return spikes


class _Window:
    """One window of one mailbox provider."""

    def __init__(
        self, baseline: Baseline, inside: list[SlotCount], rests: list[int], length: int, settings: SpikeSettings
    ) -> None:
        self._baseline, self._inside, self._rest, self._settings = baseline, inside, max(0, rests[0]), settings
        self._expected = baseline.model.expects(rests)
        bounces = sum(count.bounces for count in inside)
        bar = baseline.surprises[length] * _SURPRISE_FACTOR + _SURPRISE_MARGIN
        self._is_spike = (
            bounces >= settings.minimum
            and bounces > settings.factor * self._expected
            and baseline.model.surprise(bounces, self._expected) > max(_MIN_SURPRISE, bar)
        )

    def spikes(self, going_on: Collection[str]) -> Iterator[tuple[str, Spike]]:
        """The spikes by fingerprint."""
        by_fingerprint = Counter[str]()
        for count in self._inside:
            by_fingerprint[count.fingerprint] += count.bounces
        for fingerprint, bounces in by_fingerprint.items():
            expected = self._baseline.fingerprint_shares.get(fingerprint, 0.0) * self._expected
            is_spike = self._is_spike and bounces > self._settings.factor * expected
            is_ongoing = (
                fingerprint in going_on
                and bounces >= _MIN_ONGOING
                and bounces > _ONGOING_FACTOR * (expected + expected**0.5)
            )
            if is_spike or is_ongoing or self._is_new(fingerprint, bounces):
                since = min(count.slot for count in self._inside if count.fingerprint == fingerprint)
                yield fingerprint, Spike(bounces, expected, since)

    def _is_new(self, fingerprint: str, bounces: int) -> bool:
        """Whether many bounces have a fingerprint that was rare before, and not at most other providers as well."""
        usual_total = max(self._expected, self._baseline.model.share * self._rest)
        usual = self._baseline.fingerprint_shares.get(fingerprint, 0.0) * usual_total
        is_rare = usual * self._settings.factor < 1
        return is_rare and bounces >= self._settings.minimum and bounces > _NEW_SHARE * self._rest
