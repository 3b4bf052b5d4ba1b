"""How plain data becomes rows, and rows plain data again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

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
_PERSON, _DIAGNOSTIC = itemgetter(1), itemgetter(7)


def suppression_rows(batch: Sequence[Owed], now: float) -> list[Row]:
    """The batch, of one at least, in the order of `record_suppression.sql`."""
    wanted = {providers: ",".join(providers) for providers in {owed.providers for owed in batch}}
    suppressions = [owed[0] for owed in batch]
    texts: list[tuple[Any, ...]] = [suppression[:_TEXTS] for suppression in suppressions]
    if "" in map(_PERSON, texts) or max(map(len, map(_DIAGNOSTIC, texts))) > MAX_DIAGNOSTIC:
        texts = list(map(_fitted, suppressions))
    if not _can_be_stored("".join(map("".join, texts))):
        texts = [tuple(map(storable, text)) for text in texts]
    return [
        (
            *text,
            one.occurred_at and epoch(one.occurred_at),
            _ids(one) if one.list_manager else "",
            wanted[providers],
            now,
            sighting and kind_of(*sighting),
        )
        for text, (one, providers, _, _, sighting) in zip(texts, batch, strict=True)
    ]


def _ids(one: Suppression) -> str:
    return f"{one.list_manager}:{one.list_id}:{one.subscriber_id}:{one.campaign_id}"


def _fitted(suppression: Suppression) -> Row:
    """The texts, with whoever is meant in the place of an address that is not known, and no endless diagnostic."""
    diagnostic = suppression.diagnostic[:MAX_DIAGNOSTIC]
    return suppression._replace(recipient=suppression.person, diagnostic=diagnostic)[:_TEXTS]


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
