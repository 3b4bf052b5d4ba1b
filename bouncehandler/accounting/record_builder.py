"""Builder of records from the rows that are off the fast path."""

from typing import Literal, NamedTuple, cast

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import Item
from bouncehandler.accounting.fast_path import FastPath
from bouncehandler.accounting.layout import ColumnsMissing, Layout
from bouncehandler.accounting.line_splitter import encode
from bouncehandler.accounting.resync import RowSpan


class RowPosition(NamedTuple):
    """Position of a row."""

    line: int
    """Line of the stream, from 1."""
    span: RowSpan
    """Lines of the line buffer."""


class RecordBuilder:
    """Builds records from rows of known types that are not too wide, and counts the rows.

    Args:
        fast_path: has the counters, and the observer of the rows.
        takes_deliveries: whether `d` rows become records; else they are only counted.
    """

    def __init__(self, fast_path: FastPath, *, takes_deliveries: bool) -> None:
        self._fast_path, self._takes_deliveries = fast_path, takes_deliveries
        self._header: Layout | None = None
        self._missing: tuple[str, ...] = ()
        self._lacks_type = False

    def use_header(self, header: Layout) -> None:
        """Set the header of the rows that follow."""
        self._header = header
        self._missing, self._lacks_type = header.missing, header.of_complaints.lacks_type

    def build(self, kind: str, row: list[str], position: RowPosition, layout: Layout | None) -> tuple[list[Item], str]:
        """The items of a row, and the reason why it can't be read; empty where it can.

        Args:
            layout: of the header, or else the configured order; None where neither is known.
        """
        if layout and not self._header and layout.order.contradicts(row):
            return [], "no-header"
        items, reason = self._items(kind, row, position, layout) if layout else ([], "")
        if not reason:
            self._fast_path.counted[kind] += 1
            if layout and kind in {"d", "t", "tq"}:
                self._fast_path.observe_one(kind, row, layout)
        return items, reason

    def _items(self, kind: str, row: list[str], position: RowPosition, layout: Layout) -> tuple[list[Item], str]:
        if kind in self._fast_path.tallies:
            return self._bounce(cast("Literal['b', 'rb']", kind), row, position, layout)
        if kind == "f":
            return self._complaint(row, position, layout)
        if kind == "d" and self._takes_deliveries and self._header and (delivery := layout.delivery(row)):
            return [delivery], ""
        return [], ""

    def _bounce(
        self, kind: Literal["b", "rb"], row: list[str], position: RowPosition, layout: Layout
    ) -> tuple[list[Item], str]:
        items: list[Item] = [ColumnsMissing(position.line, self._missing)] if self._missing else []
        self._missing = ()
        bounce = layout.bounce(row, kind)
        return (items, bounce) if isinstance(bounce, str) else ([*items, bounce], "")

    def _complaint(self, row: list[str], position: RowPosition, layout: Layout) -> tuple[list[Item], str]:
        items: list[Item] = [ColumnsMissing(position.line, ("feedbackType",), "f")] if self._lacks_type else []
        self._lacks_type = False
        complaints = layout.of_complaints.complaints(row)
        if isinstance(complaints, str):
            return items, complaints
        for complaint in complaints:
            if complaint.recipient or complaint.subscriber.name:
                items.append(complaint)
            else:
                items.append(
                    AnonymousComplaint(
                        complaint, position.line, encode(position.span.text), layout.of_complaints.missing
                    )
                )
        return items, ""
