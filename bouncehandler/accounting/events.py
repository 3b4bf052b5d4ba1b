"""What the reader hands on: records, and what there is to say of rows that are none."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.layout import ColumnsMissing
from bouncehandler.record import Bounce, Complaint, Delivery, ListedAddress
from bouncehandler.record.bounce_batch import BounceBatch

TYPES = ("b", "rb", "d", "t", "tq", "r", "rs", "f")
"""PowerMTA's record types; `b`, `rb`, `f` and, where asked for, `d` become records, the others are counted."""


class Unreadable(NamedTuple):
    """A row that could not be read; it cost nothing but itself."""

    line: int
    """Of the stream, from 1: where the row begins."""
    reason: str
    """A word for counting: `unclosed-quote`, `stray-quote`, `stray-return`, `torn`, `too-many-cells`, `too-long`,
    `unknown-type`, `not-an-address`, `no-recipient`, `too-many-recipients`, `no-header`, `header-without-type`,
    `ambiguous-recipient`."""
    raw: bytes
    """The row as it came, line end included; of a row that is too long, a piece."""
    is_first_piece: bool = True
    """False for the further pieces of a row that is too long, which are not to be counted again."""


Item = BounceBatch | Bounce | Delivery | Complaint | AnonymousComplaint | ListedAddress | Unreadable | ColumnsMissing
"""Bounces come together as far as nothing else stands between them."""


def bounces_in(items: Iterable[Item]) -> Iterator[Bounce]:
    """The bounces among them, one by one."""
    for item in items:
        if isinstance(item, BounceBatch):
            yield from item
        elif isinstance(item, Bounce):
            yield item
