"""Converts plain data into rows, and rows into plain data."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import repeat

from bouncehandler.record import epoch
from bouncehandler.spool.models import QueuedSuppression
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.connection import Row
from bouncehandler.spool.sqlite.hashes import fingerprint_hash
from bouncehandler.suppression import Suppression

MAX_DIAGNOSTIC = 4096
"""Characters: several times a long reply of a server."""
MAX_ANSWER = 512
"""Characters, as `Attempt.answer` promises."""

_TEXTS = 10
"""The fields of `Suppression` before `occurred_at`: all of them text."""
_RECIPIENT, _DIAGNOSTIC = Suppression._fields.index("recipient"), Suppression._fields.index("diagnostic")


def suppression_rows(batch: QueueBatch[QueuedSuppression], now: float) -> Iterator[Row]:
    """Rows of a batch, which is not empty, in the order of `insert_suppression`."""
    texts = batch.columns[:_TEXTS]
    if "" in texts[_RECIPIENT]:  # ids stand in the place of an address that is not known
        texts[_RECIPIENT] = [entry.suppression.subject for entry in batch]
    if max(map(len, texts[_DIAGNOSTIC])) > MAX_DIAGNOSTIC:
        texts[_DIAGNOSTIC] = [text[:MAX_DIAGNOSTIC] for text in texts[_DIAGNOSTIC]]
    providers = batch.column("providers")
    fingerprints = batch.column("fingerprint")
    routed_to = {several: ",".join(several) for several in set(providers)}
    hashes = {fingerprint: fingerprint and fingerprint_hash(*fingerprint) for fingerprint in set(fingerprints)}
    return zip(
        *map(sanitize_column, texts),
        [at and epoch(at) for at in batch.column("occurred_at")],
        [_ids(entry.suppression) for entry in batch] if any(batch.column("list_manager")) else repeat(""),
        map(routed_to.__getitem__, providers),
        repeat(now),
        map(hashes.__getitem__, fingerprints),
        strict=False,
    )


def sanitize_column(texts: list[str]) -> list[str]:
    """See `sanitize_text`."""
    return texts if _can_be_stored("".join(texts)) else list(map(sanitize_text, texts))


def _ids(one: Suppression) -> str:
    return f"{one.list_manager}:{one.list_id}:{one.subscriber_id}:{one.campaign_id}" if one.list_manager else ""


def suppression_of(row: Row) -> Suppression:
    """The suppression in a row of twelve columns: its texts, its time, and the subscriber's ids as one text."""
    at: int | None = row[_TEXTS]
    occurred_at = None if at is None else datetime.fromtimestamp(at, UTC)
    if not row[_TEXTS + 1]:
        return Suppression._make((*row[:_TEXTS], occurred_at, "", "", "", ""))
    record, subject, *texts = row[:_TEXTS]
    recipient = subject if "@" in subject else ""
    return Suppression._make((record, recipient, *texts, occurred_at, *row[_TEXTS + 1].split(":")))


def sanitize_text(text: str) -> str:
    """The text with U+FFFD for characters that not every database can store: NUL, and half of a surrogate pair."""
    if _can_be_stored(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _can_be_stored(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
