"""Looks up suppressions in a spool without ever writing to it."""

import re

from bouncehandler.spool import ActiveSuppression, Spool
from bouncehandler.suppression import Suppression

_COUNTED = re.compile(r"\d+ soft bounces: ")


def is_counted(one: Suppression | ActiveSuppression) -> bool:
    """Whether soft bounces that reached a threshold led to it."""
    return _COUNTED.match(one.diagnostic) is not None


def find_equivalent(spool: Spool, one: Suppression) -> ActiveSuppression | None:
    """Find a suppression, or an equivalent one: of other soft bounces, or of an earlier list fed by hand."""
    exact = spool.active_suppression(one.subject, one.id)
    if exact or not (one.reason == "list" or is_counted(one)):
        return exact
    return next((other for other in spool.active_suppressions(one.subject) if _is_equivalent(one, other)), None)


def find_of_record(spool: Spool, record: Suppression) -> ActiveSuppression | None:
    """Find the suppression of a record, or the one to which it was the last soft bounce."""
    exact = spool.active_suppression(record.subject, record.id)
    equivalents = () if exact else spool.active_suppressions_at(record.subject, record.id)
    return exact or next((one for one in equivalents if _is_last(record, one)), None)


def has(spool: Spool, subject: str, known: ActiveSuppression) -> bool:
    """Whether a suppression of another spool, or an equivalent one, is in this spool."""
    return bool(spool.active_suppression(subject, known.record)) or (
        is_counted(known) and any(map(is_counted, spool.active_suppressions(subject)))
    )


def _is_equivalent(one: Suppression, other: ActiveSuppression) -> bool:
    return (one.reason, is_counted(one)) == (other.reason, is_counted(other))


def _is_last(record: Suppression, of: ActiveSuppression) -> bool:
    return record.occurred_at is not None and of.occurred_at == record.occurred_at and is_counted(of)
