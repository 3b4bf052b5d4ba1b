"""Rows of known types become records, where they have one; the others are counted."""

from typing import Literal, NamedTuple, cast

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import Item
from bouncehandler.accounting.fast_path import FastPath
from bouncehandler.accounting.layout import ColumnsMissing, Layout
from bouncehandler.accounting.line_splitter import encode
from bouncehandler.accounting.resync import RowSpan


class Place(NamedTuple):
    """Where a row stands."""

    line: int
    """Of the stream, from 1."""
    span: RowSpan
    """Among the lines at hand."""


class Records:
    """Makes records of rows that are as wide as they may be, one by one.

    Args:
        plain: counts rows, and is told of those that it has not seen.
        takes_deliveries: whether `d` rows become records.
    """

    def __init__(self, plain: FastPath, *, takes_deliveries: bool) -> None:
        self._plain, self._takes_deliveries = plain, takes_deliveries
        self._header: Layout | None = None
        self._missing: tuple[str, ...] = ()
        self._lacks_type = False

    def use(self, header: Layout) -> None:
        """Rows stand under this header from now on."""
        self._header = header
        self._missing, self._lacks_type = header.missing, header.of_complaints.lacks_type

    def read(self, kind: str, row: list[str], place: Place, layout: Layout | None) -> tuple[list[Item], str]:
        """What there is to say of a row, and the reason why it can't be read; empty where it can.

        Args:
            layout: the header's, or else the order to fall back to, as far as there is one.
        """
        if layout and not self._header and layout.order.contradicts(row):
            return [], "no-header"
        items, reason = self._items(kind, row, place, layout) if layout else ([], "")
        if not reason:
            self._plain.counted[kind] += 1
            if layout and kind in {"d", "t", "tq"}:
                self._plain.show_one(kind, row, layout)
        return items, reason

    def _items(self, kind: str, row: list[str], place: Place, layout: Layout) -> tuple[list[Item], str]:
        if kind in self._plain.tallies:
            return self._bounce(cast("Literal['b', 'rb']", kind), row, place, layout)
        if kind == "f":
            return self._complaint(row, place, layout)
        if kind == "d" and self._takes_deliveries and self._header and (delivery := layout.delivery(row)):
            return [delivery], ""
        return [], ""

    def _bounce(self, kind: Literal["b", "rb"], row: list[str], place: Place, layout: Layout) -> tuple[list[Item], str]:
        items: list[Item] = [ColumnsMissing(place.line, self._missing)] if self._missing else []
        self._missing = ()
        bounce = layout.bounce(row, kind)
        return (items, bounce) if isinstance(bounce, str) else ([*items, bounce], "")

    def _complaint(self, row: list[str], place: Place, layout: Layout) -> tuple[list[Item], str]:
        items: list[Item] = [ColumnsMissing(place.line, ("feedbackType",), "f")] if self._lacks_type else []
        self._lacks_type = False
        complaints = layout.of_complaints.complaints(row)
        if isinstance(complaints, str):
            return items, complaints
        for complaint in complaints:
            if complaint.recipient or complaint.subscriber.name:
                items.append(complaint)
            else:
                items.append(
                    AnonymousComplaint(complaint, place.line, encode(place.span.text), layout.of_complaints.missing)
                )
        return items, ""
