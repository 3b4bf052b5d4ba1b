"""Looks up suppressions in a spool without ever writing to it."""

import re
from pathlib import Path
from typing import Self

from bouncehandler.runtime.spool import open_read_only
from bouncehandler.spool import ActiveSuppression, Spool
from bouncehandler.suppression import Suppression

_COUNTED = re.compile(r"\d+ soft bounces: ")


def is_counted(one: Suppression | ActiveSuppression) -> bool:
    """Whether soft bounces that reached a threshold led to it."""
    return _COUNTED.match(one.diagnostic) is not None


class SuppressionLookup:
    """Read-only look-ups in a spool, from the moment when it exists; a context manager.

    Args:
        path: file of the spool, which need not exist yet.
        spool: the spool, where it is open already.
    """

    def __init__(self, path: Path, spool: Spool | None = None) -> None:
        self._path, self._spool = path.absolute(), spool

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the spool."""
        if self._spool:
            self._spool.close()

    @property
    def has_spool(self) -> bool:
        """Whether the spool exists."""
        return self._open() is not None

    def active_suppression(self, one: Suppression) -> ActiveSuppression | None:
        """Find a suppression, or an equivalent one: of other soft bounces, or of an earlier list fed by hand."""
        spool = self._open()
        exact = spool.active_suppression(one.subject, one.id) if spool else None
        if exact or not spool or not (one.reason == "list" or is_counted(one)):
            return exact
        return next((other for other in spool.active_suppressions(one.subject) if _is_equivalent(one, other)), None)

    def find(self, record: Suppression) -> ActiveSuppression | None:
        """Find the suppression of a record, or the one to which it was the last soft bounce."""
        spool = self._open()
        if not spool:
            return None
        exact = spool.active_suppression(record.subject, record.id)
        equivalents = () if exact else spool.active_suppressions_at(record.subject, record.id)
        return exact or next((one for one in equivalents if _is_last(record, one)), None)

    def has(self, subject: str, known: ActiveSuppression) -> bool:
        """Whether a suppression of another spool, or an equivalent one, is in this spool."""
        spool = self._open()
        if not spool:
            return False
        return bool(spool.active_suppression(subject, known.record)) or (
            is_counted(known) and any(map(is_counted, spool.active_suppressions(subject)))
        )

    def _open(self) -> Spool | None:
        if self._spool is None and self._path.exists():
            self._spool = open_read_only(self._path)
        return self._spool


def _is_equivalent(one: Suppression, other: ActiveSuppression) -> bool:
    return (one.reason, is_counted(one)) == (other.reason, is_counted(other))


def _is_last(record: Suppression, of: ActiveSuppression) -> bool:
    return record.occurred_at is not None and of.occurred_at == record.occurred_at and is_counted(of)
