"""Opens the spool as the settings describe it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spool import Spool, SpoolError, url

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings
    from bouncehandler.settings.sections import HoldSettings


class SpoolOpenError(SpoolError):
    """A spool that can't be opened; where that is not temporary, the configuration or the file needs mending."""


def open_spool(settings: "Settings") -> Spool:
    """Open the spool, created or migrated where needed.

    Raises:
        SpoolOpenError: the URL, the file, the disk or the store is not fit.
    """
    notify, hold = settings.notify, settings.hold
    with _as_open_error():
        return url.open_spool(
            settings.spool.url,
            notices=frozenset(notify.events if notify.to else ()),
            spikes=spike_settings(hold),
            initial_delay=hold.grace,
        )


def open_read_only(path: Path) -> Spool:
    """Open an existing spool without ever writing to it.

    Raises:
        SpoolOpenError: the file is not fit, or of another version.
    """
    with _as_open_error():
        return url.open_reading(url.url_of(path))


def spike_settings(hold: "HoldSettings") -> SpikeSettings | None:
    """Thresholds of the spike detector; None where `[hold]` is disabled."""
    return SpikeSettings(minimum=hold.minimum, factor=hold.factor) if hold.enabled else None


@contextmanager
def _as_open_error() -> Iterator[None]:
    try:
        yield
    except SpoolError as error:
        raise SpoolOpenError(str(error), is_temporary=error.is_temporary) from error
