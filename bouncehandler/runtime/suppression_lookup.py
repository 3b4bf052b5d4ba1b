"""What a spool knows to be suppressed, looked up without ever writing to it."""

import re
from pathlib import Path
from typing import Self

from bouncehandler.cli.exits import CommandError
from bouncehandler.cli.session import exit_status
from bouncehandler.spool import ActiveSuppression, Spool, SpoolError
from bouncehandler.spool.url import open_reading, url_of
from bouncehandler.suppression import Suppression

_COUNTED = re.compile(r"\d+ soft bounces: ")


def is_counted(one: Suppression | ActiveSuppression) -> bool:
    """Whether it is what soft bounces came to."""
    return _COUNTED.match(one.diagnostic) is not None


class SuppressionLookup:
    """Looks things up in a spool, as soon as there is one; within a `with` block.

    Args:
        path: where it is, or will be.
        spool: it, where it is open already.
    """

    def __init__(self, path: Path, spool: Spool | None = None) -> None:
        self._path, self._spool = path.absolute(), spool

    def __enter__(self) -> Self:
        """Nothing to do."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give back the file."""
        if self._spool:
            self._spool.close()

    @property
    def has_spool(self) -> bool:
        """Whether there is one."""
        return self._open() is not None

    def active_suppression(self, one: Suppression) -> ActiveSuppression | None:
        """What is known of a suppression, or of one that is as good: of other soft bounces, or fed by hand earlier."""
        spool = self._open()
        exactly = spool.active_suppression(one.subject, one.id) if spool else None
        if exactly or not spool or not (one.reason == "list" or is_counted(one)):
            return exactly
        return next((other for other in spool.active_suppressions(one.subject) if _is_alike(one, other)), None)

    def find(self, record: Suppression) -> ActiveSuppression | None:
        """What a record is known as: a suppression, or the last of the soft bounces that came to one."""
        spool = self._open()
        if not spool:
            return None
        exactly = spool.active_suppression(record.subject, record.id)
        alike = () if exactly else spool.active_suppressions_at(record.subject, record.id)
        return exactly or next((one for one in alike if _is_last(record, one)), None)

    def has(self, subject: str, known: ActiveSuppression) -> bool:
        """Whether what another spool knows is known here as well, or something as good."""
        spool = self._open()
        if not spool:
            return False
        return bool(spool.active_suppression(subject, known.record)) or (
            is_counted(known) and any(map(is_counted, spool.active_suppressions(subject)))
        )

    def _open(self) -> Spool | None:
        if self._spool is None and self._path.exists():
            try:
                self._spool = open_reading(url_of(self._path))
            except SpoolError as error:
                raise CommandError(str(error), exit_status(error)) from error
        return self._spool


def _is_alike(one: Suppression, other: ActiveSuppression) -> bool:
    return (one.reason, is_counted(one)) == (other.reason, is_counted(other))


def _is_last(record: Suppression, of: ActiveSuppression) -> bool:
    return record.occurred_at is not None and of.occurred_at == record.occurred_at and is_counted(of)
