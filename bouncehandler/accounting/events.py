"""Items that a reader returns: records, rejected rows, and missing columns."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.layout import ColumnsMissing
from bouncehandler.record import Bounce, Complaint, Delivery, ListedAddress
from bouncehandler.record.bounce_batch import BounceBatch

TYPES = ("b", "rb", "d", "t", "tq", "r", "rs", "f")
"""PowerMTA's record types; `b`, `rb`, `f` and, where asked for, `d` become records, the others are counted."""


class Unreadable(NamedTuple):
    """A row that could not be read."""

    line: int
    """Line of the stream, from 1, at which the row begins."""
    reason: str
    """Reason, one of: `unclosed-quote`, `stray-quote`, `stray-return`, `torn`, `too-many-cells`, `too-long`,
    `unknown-type`, `not-an-address`, `no-recipient`, `too-many-recipients`, `no-header`, `header-without-type`,
    `ambiguous-recipient`."""
    raw: bytes
    """The row as it came, line end included; of a row that is too long, a piece."""
    is_first_piece: bool = True
    """False for the further pieces of a row that is too long, which are not counted again."""


Item = BounceBatch | Bounce | Delivery | Complaint | AnonymousComplaint | ListedAddress | Unreadable | ColumnsMissing
"""Consecutive bounces come as one batch where they took the fast path."""


def bounces_in(items: Iterable[Item]) -> Iterator[Bounce]:
    """The bounces among items, one by one."""
    for item in items:
        if isinstance(item, BounceBatch):
            yield from item
        elif isinstance(item, Bounce):
            yield item
