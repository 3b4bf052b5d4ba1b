"""How plain data becomes rows, and rows plain data again."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bouncehandler.record import epoch
from bouncehandler.spool import Owed
from bouncehandler.spool.connection import Row
from bouncehandler.spool.kinds import kind_of
from bouncehandler.suppression import Suppression

MAX_DIAGNOSTIC = 4096
"""Characters: several times what a server says when it says something."""
MAX_ANSWER = 512
"""Characters, as `Attempt.answer` promises."""

_TEXTS = 10
"""The fields of `Suppression` before `occurred_at`: all of them text."""


def suppression_rows(batch: Sequence[Owed], wanted: dict[tuple[str, ...], str], now: float) -> list[Row]:
    """The batch in the order of `record_suppression.sql`; `wanted` has each tuple of providers as text."""
    rows: list[Row] = [
        (
            suppression[0],
            suppression[1] or suppression.person,
            *suppression[2:7],
            suppression[7][:MAX_DIAGNOSTIC],
            *suppression[8:10],
            suppression[10] and epoch(suppression[10]),
            ":".join(suppression[11:]) if suppression[11] else "",
            wanted[providers],
            now,
            sighting and kind_of(*sighting),
        )
        for suppression, providers, _, _, sighting in batch
    ]
    if _can_be_stored("".join(["".join(row[:_TEXTS]) for row in rows])):
        return rows
    return [(*map(storable, row[:_TEXTS]), *row[_TEXTS:]) for row in rows]


def suppression_of(row: Row) -> Suppression:
    """The suppression in a row of twelve columns: its texts, its time, and the subscriber's ids as one text."""
    at: int | None = row[_TEXTS]
    occurred_at = None if at is None else datetime.fromtimestamp(at, UTC)
    if not row[_TEXTS + 1]:
        return Suppression._make((*row[:_TEXTS], occurred_at, "", "", "", ""))
    record, person, *texts = row[:_TEXTS]
    recipient = person if "@" in person else ""
    return Suppression._make((record, recipient, *texts, occurred_at, *row[_TEXTS + 1].split(":")))


def storable(text: str) -> str:
    """The text with U+FFFD for what not every database can store: NUL, and half of a surrogate pair."""
    if _can_be_stored(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _can_be_stored(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
