"""The spool's URL: its scheme names the store, which is imported when it is opened."""

from pathlib import Path

from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spool.models import SpoolError
from bouncehandler.spool.protocol import Spool

_FORMS = {"sqlite": "sqlite:////absolute/path or sqlite:///relative/path"}
"""Form of each known scheme."""


def open_spool(
    url: str,
    *,
    notices: frozenset[str] = frozenset(),
    spikes: SpikeSettings | None = None,
    initial_delay: float = 0.0,
) -> Spool:
    """Open the spool that a URL names; a new one is created, an older one migrated.

    Args:
        notices: the kinds of `Notice` that are queued.
        spikes: how spikes of hard bounces are recognised, to be held; None: nothing is held.
        initial_delay: seconds that new hard bounces wait before they are due, so that a spike is caught from its first.

    Raises:
        SpoolError: the URL, or the store, is not fit.
    """
    path = path_of(url)
    from bouncehandler.spool.sqlite.store import SqliteSpool  # noqa: PLC0415  # a store is imported when it is opened

    return SqliteSpool.open(path, notices=notices, spikes=spikes, initial_delay=initial_delay)


def open_reading(url: str) -> Spool:
    """Open a spool that is there, for reading alone.

    Raises:
        SpoolError: the URL, or the store, is not fit, or of another version.
    """
    path = path_of(url)
    from bouncehandler.spool.sqlite.store import SqliteSpool  # noqa: PLC0415  # as above

    return SqliteSpool.open_reading(path)


def path_of(url: str) -> Path:
    """The file that a URL names.

    Raises:
        SpoolError: the scheme is unknown, or the URL names no file.
    """
    scheme, slashes, path = url.partition(":///")
    if scheme.partition(":")[0].lower() not in _FORMS:
        raise SpoolError(f"the spool's URL {url!r} has no known scheme ({', '.join(_FORMS)}): write {_FORMS['sqlite']}")
    if not slashes or path.strip() in {"", ".", "/", ":memory:"} or "\0" in path:
        raise SpoolError(f"the spool's URL {url!r} names no file: write {_FORMS['sqlite']}")
    return Path(path)


def url_of(path: Path) -> str:
    """The URL of a spool in a file."""
    return f"sqlite:///{path}"
